// Bytes on their way in and bytes at rest, as the rooms hand them to each other.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/task.h"

namespace coffer {

// Why bytes that were to come did not. Each is the sender's doing, never the machine's.
enum class StreamFault {
  kTruncated,  // the sender left, or ended before the announced end
  kTooLarge,   // more than the limit that was set
  kTooSlow,    // below the floor rate
  kMalformed,  // the framing (chunked, multipart) is broken
};

// What a person is told of it: `the body ended before its announced length`.
std::string describe(StreamFault fault);

// Bytes coming in. Nothing is taken from the sender before it is asked for, so a slow
// reader slows the sender. Threads: one at a time, on the executor that owns it.
class InputStream {
 public:
  virtual ~InputStream() = default;

  // Reads at least one byte into `into` and returns how many; 0 at the end. After an end
  // or a fault every further call gives the same.
  // REQUIRES: `into` is not empty and lives until the task has ended.
  virtual Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) = 0;
};

class Content;

// A section of an open file, to be sent without passing through the program.
struct FileSlice {
  int fd;  // borrowed from the Content
  std::uint64_t offset;
  std::uint64_t length;
  std::shared_ptr<const Content> keep = {};  // what the file belongs to, where it is but a part
};

// Immutable bytes at rest, readable anywhere. Threads: any number at once.
class Content {
 public:
  using Piece = std::variant<FileSlice, Bytes>;

  virtual ~Content() = default;

  virtual std::uint64_t size() const noexcept = 0;

  // What stands at `offset`, up to `most` bytes and at least one. A FileSlice is good as
  // long as both the Content and the slice live; it was brought into memory, as far as that can be
  // told, so that to read it soon does not block. Throws when the machine cannot read it.
  // REQUIRES: offset < size(), most > 0.
  virtual Task<Piece> piece(std::uint64_t offset, std::uint64_t most) const = 0;
};

}  // namespace coffer
