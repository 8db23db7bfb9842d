// Bytes that may have to be sent again, on the machine's own disk.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace coffer::blobs::s3 {

// A file without a name, which goes with its last owner and is never synced: what it holds is in
// the page cache for as long as memory is not needed elsewhere. It is sparse: space is taken where
// something was written. Threads: any; nobody reads what is being written.
class ScratchFile {
 public:
  // In an existing folder. Throws Error, NoSpaceError, NoDescriptorsError.
  static std::shared_ptr<ScratchFile> create(const std::string& folder);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  // May wait for the disk. Both throw as create() does.
  void write(ByteView data, std::uint64_t offset);
  // REQUIRES: all of it was written.
  void read(ByteSpan into, std::uint64_t offset) const;

 private:
  explicit ScratchFile(int fd) noexcept : fd_(fd) {}

  const int fd_;
};

}  // namespace coffer::blobs::s3
