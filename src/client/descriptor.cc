#include "client/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "client/error.h"

namespace coffer::client {

Descriptor open_file(const std::filesystem::path& path) {
  // A pipe without a writer would be waited for.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct ::stat about {};
  if (fd < 0 || ::fstat(fd, &about) != 0) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    throw Error(fmt::format("{}: {}", path.string(), std::strerror(error)));
  }
  if (!S_ISREG(about.st_mode)) {
    ::close(fd);
    throw Error(
        fmt::format("{}: it is {}", path.string(),
                    S_ISDIR(about.st_mode) ? "a directory" : "no file but a pipe or device"));
  }
  return Descriptor(fd);
}

}  // namespace coffer::client
