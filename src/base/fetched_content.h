// Content that has to be asked for elsewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/stream.h"
#include "base/task.h"

namespace coffer {

// The reader of a content.
struct ContentReader {
  std::string owner;     // whose share of the memory it takes
  InputStream& client;   // who may leave while it waits for that; outlives the call
  std::uint64_t length;  // of all that it reads, of this content and others, one after the other
};

// Counts the memory of a reader, who keeps it until all was read. Null: it needs none.
using ReaderMemory = std::shared_ptr<const void>;

// A second base of such a Content. Threads: as Content.
class FetchedContent {
 public:
  virtual ~FetchedContent() = default;

  // Before `length` bytes from `offset` on are read, piece by piece: asks for them, and throws what
  // is wrong with that before anything of them was handed on. Nothing where others have had all the
  // memory for too long, or the client has left.
  // REQUIRES: offset + length <= size(), length > 0.
  virtual Task<std::optional<ReaderMemory>> begin(std::uint64_t offset, std::uint64_t length,
                                                  ContentReader reader) const = 0;
};

}  // namespace coffer
