#include "blobs/s3/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "blobs/blob_store.h"

namespace coffer::blobs::s3 {
namespace {

constexpr mode_t kOwnerOnly = 0600;

[[noreturn]] void fail(const char* what) {
  const int code = errno;
  const std::string why = std::string(what) + ": " + std::generic_category().message(code);
  if (code == ENOSPC || code == EDQUOT) throw NoSpaceError(why);
  if (code == EMFILE || code == ENFILE) throw NoDescriptorsError(why);
  throw Error(why);
}

}  // namespace

std::shared_ptr<ScratchFile> ScratchFile::create(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kOwnerOnly);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system that has none without a name.
    std::string name = folder + "/upload-XXXXXX";
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(name.c_str());
  }
  if (fd < 0) fail("cannot make a scratch file");
  return std::shared_ptr<ScratchFile>(new ScratchFile(fd));
}

ScratchFile::~ScratchFile() { ::close(fd_); }

void ScratchFile::write(ByteView data, std::uint64_t offset) {
  while (!data.empty()) {
    const auto written = ::pwrite(fd_, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write a scratch file");
    data = data.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
}

void ScratchFile::read(ByteSpan into, std::uint64_t offset) const {
  while (!into.empty()) {
    const auto got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read a scratch file");
    if (got == 0) throw Error("a scratch file is shorter than was written");
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
}

}  // namespace coffer::blobs::s3
