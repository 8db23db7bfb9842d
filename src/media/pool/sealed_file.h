// Bytes in a file of their own that nobody can change.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "media/pool/descriptor.h"

namespace coffer::media {

// A file in memory, without a name. It is the process's memory as long as a descriptor is open.
// Threads: one at a time. Every call throws std::system_error where the machine has no memory.
class SealedFile {
 public:
  SealedFile();

  void append(ByteView bytes);
  // The whole file, which from now on can be read alone.
  Descriptor seal() &&;

 private:
  Descriptor file_;
};

// `length` bytes of `file` from `offset` on, as a file of their own. Throws std::runtime_error
// where there are fewer, std::system_error where they cannot be read.
Descriptor sealed_copy(int file, std::uint64_t offset, std::uint64_t length);

}  // namespace coffer::media
