// A small HTTP/1.1 server for tests, which can be as bad as the test wants.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/thread.h"

namespace coffer::http::test {

struct ServedRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// One connection, as a handler sees it.
class ServedConnection {
 public:
  explicit ServedConnection(int fd) noexcept : fd_(fd) {}

  // False when nobody listens any more.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void reply(unsigned status, std::string_view body, std::string_view fields = {}) const {
    send("HTTP/1.1 " + std::to_string(status) + " Reason\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body));
  }
  // Closes it with a reset, in the middle of whatever is under way.
  void reset() const {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  const int fd_;
};

// Serves each connection on a thread of its own.
class UpstreamServer {
 public:
  // Whether the connection may serve another request.
  using Handler = std::function<bool(const ServedRequest&, const ServedConnection&)>;

  explicit UpstreamServer(Handler handler)
      : handler_(std::move(handler)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on loopback");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = start_thread("test server", [this] { accept(); });
  }
  ~UpstreamServer() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const auto& [fd, thread] : connections_) ::shutdown(fd, SHUT_RDWR);
    }
    for (auto& [fd, thread] : connections_) {
      thread.join();
      ::close(fd);
    }
    ::close(fd_);
  }
  UpstreamServer(const UpstreamServer&) = delete;
  UpstreamServer& operator=(const UpstreamServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  // Connections that were made so far.
  int connections() const { return accepted_; }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++accepted_;
      const std::lock_guard lock(mutex_);
      connections_.emplace_back(fd, start_thread("connection", [this, fd] {
                                  serve(fd);
                                  ::shutdown(fd, SHUT_RDWR);
                                }));
    }
  }

  void serve(int fd) {
    const ServedConnection connection(fd);
    std::string buffer;
    for (;;) {
      ServedRequest request;
      if (!read_request(fd, buffer, request)) return;
      if (handler_(request, connection)) continue;
      linger how{};
      socklen_t size = sizeof how;
      ::getsockopt(fd, SOL_SOCKET, SO_LINGER, &how, &size);
      if (how.l_onoff == 0) return;
      // Only a close sends the reset; the number stays taken until the server ends.
      const int nothing = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      ::dup2(nothing, fd);
      ::close(nothing);
      return;
    }
  }

  static bool more(int fd, std::string& buffer) {
    char piece[16384];
    const auto got = ::recv(fd, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    return true;
  }

  static bool read_request(int fd, std::string& buffer, ServedRequest& request) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!more(fd, buffer)) return false;
    }
    std::string_view head(buffer.data(), end + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    request.method = line.substr(0, line.find(' '));
    request.target = line.substr(request.method.size() + 1);
    request.target.resize(request.target.find(' '));
    head.remove_prefix(line.size() + 2);
    while (!head.empty()) {
      const std::string_view field = head.substr(0, head.find("\r\n"));
      head.remove_prefix(field.size() + 2);
      const std::size_t colon = field.find(':');
      std::string name(field.substr(0, colon));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      std::string_view value = field.substr(colon + 1);
      while (value.starts_with(' ')) value.remove_prefix(1);
      request.headers[name] = value;
    }
    buffer.erase(0, end + 4);
    const auto length = std::strtoull(request.headers["content-length"].c_str(), nullptr, 10);
    while (buffer.size() < length) {
      if (!more(fd, buffer)) return false;
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
  }

  const Handler handler_;
  const int fd_;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;  // guards the next
  std::list<std::pair<int, std::thread>> connections_;
  std::thread acceptor_;
};

}  // namespace coffer::http::test
