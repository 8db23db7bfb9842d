// Bytes on their way in and bytes at rest, as the rooms hand them to each other.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/bytes.h"
#include "base/one_shot_event.h"
#include "base/task.h"

namespace coffer {

// Why bytes that were to come did not. Each is the sender's doing, never the machine's.
enum class StreamFault {
  kTruncated,  // the sender left, or ended before the announced end
  kTooLarge,   // more than the limit that was set
  kTooSlow,    // below the floor rate
  kMalformed,  // the framing (chunked, multipart) is broken
  kCorrupt,    // not the bytes whose digest was announced
  kStalled,    // nothing came for as long as read_within() was told; the next read goes on
};

// What a person is told of it: `the body ended before its announced length`.
std::string describe(StreamFault fault);

// Longer than anybody waits.
inline constexpr std::chrono::milliseconds kForever = std::chrono::hours(24 * 365);

// Bytes coming in. Nothing is taken from the sender before it is asked for, so a slow
// reader slows the sender. Threads: one at a time, on the executor that owns it.
class InputStream {
 public:
  virtual ~InputStream() = default;

  // Reads at least one byte into `into` and returns how many; 0 at the end. After an end
  // or a fault every further call gives the same.
  // REQUIRES: `into` is not empty and lives until the task has ended.
  virtual Task<std::expected<std::size_t, StreamFault>> read(ByteSpan into) = 0;

  // The same, but kStalled when nothing came for `patience`, give or take a tenth of a second.
  // Streams that never wait for anybody need not look at it.
  virtual Task<std::expected<std::size_t, StreamFault>> read_within(
      ByteSpan into, std::chrono::milliseconds patience);

  // Waits until a read has something to give, as far as the stream can tell, and holds as little
  // memory as it can meanwhile. Faults are left to the read.
  virtual Task<void> ready();

  // Waits for `event`, no longer than `max_wait`. False when the sender left before: then nobody
  // waits for an answer. REQUIRES: no read is under way; `event` was made on this executor, and
  // whoever asks finds out himself whether it was set in time.
  virtual Task<bool> wait(OneShotEvent& event, std::chrono::milliseconds max_wait);

  // Where it comes from, as shares are counted: a client's address, for IPv6 its /64. Empty:
  // nowhere in particular.
  virtual std::string_view sender() const noexcept { return {}; }
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

  // What stands at `offset`, up to `max` bytes and at least one. A FileSlice is good as
  // long as both the Content and the slice live; it was brought into memory, as far as that can be
  // told, so that to read it soon does not block. Throws when the machine cannot read it.
  // REQUIRES: offset < size(), max > 0.
  virtual Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const = 0;
};

}  // namespace coffer
