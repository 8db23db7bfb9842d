// A file descriptor that is closed at the end.
#pragma once

#include <unistd.h>

#include <filesystem>

namespace coffer::client {

class Descriptor {
 public:
  // -1 is none.
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// A file that is open for reading. Throws Error, also for what is none: a folder, a pipe, a device.
Descriptor open_file(const std::filesystem::path& path);

}  // namespace coffer::client
