// Sending to clients on this machine as fast as they read.
#pragma once

#include <array>

namespace coffer::http {

// Where the machine's congestion control is BBR, each segment waits for a timer, at a rate that is
// estimated from the answers. Between two programs of one machine, such as a proxy and this server,
// there is no network to spare, and half of the speed is lost.
//
// Has what is sent over a TCP socket not be paced for as long as this lives, if the other end is on
// this machine. Does nothing for others, or where nothing is paced.
class Unpaced {
 public:
  // `fd` stays open meanwhile.
  explicit Unpaced(int fd) noexcept;
  ~Unpaced();
  Unpaced(const Unpaced&) = delete;
  Unpaced& operator=(const Unpaced&) = delete;

 private:
  // As TCP_CONGESTION has it, ended by a null; Linux bounds it so (TCP_CA_NAME_MAX).
  using Name = std::array<char, 16>;

  int fd_ = -1;  // of a socket that is to be as before
  Name usual_{};
};

}  // namespace coffer::http
