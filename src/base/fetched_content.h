// Content that has to be asked for elsewhere.
#pragma once

#include <cstdint>

#include "base/task.h"

namespace coffer {

// A second base of such a Content. Threads: as Content.
class FetchedContent {
 public:
  virtual ~FetchedContent() = default;

  // Before `length` bytes from `offset` on are read, piece by piece: asks for them, and throws what
  // is wrong with that before anything of them was handed on.
  // REQUIRES: offset + length <= size(), length > 0.
  virtual Task<void> begin(std::uint64_t offset, std::uint64_t length) const = 0;
};

}  // namespace coffer
