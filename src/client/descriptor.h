// A file descriptor that is closed at the end.
#pragma once

#include <unistd.h>

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

}  // namespace coffer::client
