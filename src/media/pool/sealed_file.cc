#include "media/pool/sealed_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace coffer::media {
namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

SealedFile::SealedFile() : file_(memfd_create("media", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (file_.get() < 0) fail("memfd_create");
}

void SealedFile::append(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) fail("write to a file in memory");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

Descriptor SealedFile::seal() && {
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (fcntl(file_.get(), F_ADD_SEALS, kSeals) != 0) fail("seal a file in memory");
  return std::move(file_);
}

Descriptor sealed_copy(int file, std::uint64_t offset, std::uint64_t length) {
  constexpr std::uint64_t kPieceBytes = 64 * 1024;
  SealedFile copy;
  Bytes piece(static_cast<std::size_t>(std::min(length, kPieceBytes)));
  while (length > 0) {
    const ssize_t count = pread(file, piece.data(), std::min<std::uint64_t>(length, piece.size()),
                                static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read a media job's file");
    if (count == 0) throw std::runtime_error("a media job's file is shorter than its range");
    copy.append(ByteView(piece).first(static_cast<std::size_t>(count)));
    offset += static_cast<std::uint64_t>(count);
    length -= static_cast<std::uint64_t>(count);
  }
  return std::move(copy).seal();
}

}  // namespace coffer::media
