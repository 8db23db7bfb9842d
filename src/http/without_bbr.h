// Sending to clients on this machine as fast as they read.
#pragma once

#include <array>

namespace coffer::http {

// BBR, where the machine has it for its congestion control, sends each segment by a timer, at a
// rate that it estimates from what was acknowledged. Between two programs of one machine, such as a
// proxy and this server, there is no network to spare, and half of the speed is lost.
//
// Has a TCP socket go without BBR for as long as this lives, if the other end has the same address.
// Does nothing for others, or where it is not BBR that they have. What is still unsent at its end
// goes by BBR.
class WithoutBbr {
 public:
  // `fd` stays open meanwhile.
  explicit WithoutBbr(int fd) noexcept;
  ~WithoutBbr();
  WithoutBbr(const WithoutBbr&) = delete;
  WithoutBbr& operator=(const WithoutBbr&) = delete;

 private:
  // As TCP_CONGESTION has it, ended by a null; Linux bounds it so (TCP_CA_NAME_MAX).
  using Name = std::array<char, 16>;

  int fd_ = -1;  // of a socket that is to be as before
  Name usual_{};
};

}  // namespace coffer::http
