// A client over a real socket, for tests of the server.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::http {

class Client {
 public:
  // `receive_buffer`: its size, in bytes; 0: the machine's choice.
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("not connected");
    }
    timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() {
    if (fd_ >= 0) ::close(fd_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Waits for bytes of a response that is left there.
  bool take_some() {
    std::array<char, 1000> buffer;
    return ::recv(fd_, buffer.data(), buffer.size(), 0) > 0;
  }

  // The same, and leaves them there.
  bool sees_some() {
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK) > 0;
  }

  // Ends the connection with a reset.
  void abort() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(fd_, -1));
  }

  void send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;  // the server may have heard enough
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // Head and body of the next response; empty when the connection has ended.
  std::string response(bool has_body = true) {
    const std::size_t head_end = fill_until("\r\n\r\n");
    if (head_end == std::string::npos) return std::exchange(pending_, {});
    std::size_t length = 0;
    if (const auto at = pending_.find("Content-Length: "); has_body && at < head_end) {
      length = std::stoul(pending_.substr(at + 16));
    }
    while (pending_.size() < head_end + 4 + length && more()) {
    }
    std::string out = pending_.substr(0, head_end + 4 + length);
    pending_.erase(0, out.size());
    return out;
  }

  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t length = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length);
    return ntohs(address.sin_port);
  }

  // Wakes whoever sends or waits on another thread.
  void end() { ::shutdown(fd_, SHUT_RDWR); }

  bool is_closed() { return pending_.empty() && !more() && !timed_out_; }

 private:
  std::size_t fill_until(std::string_view mark) {
    while (pending_.find(mark) == std::string::npos) {
      if (!more()) return std::string::npos;
    }
    return pending_.find(mark);
  }
  bool more() {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    timed_out_ = count < 0 && errno == EAGAIN;
    if (count <= 0) return false;
    pending_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  std::string pending_;
  bool timed_out_ = false;
};

}  // namespace coffer::http
