// Sockets and who owns them.
#pragma once

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string_view>
#include <utility>

namespace coffer::net {

// A socket that an event loop watches.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// A socket that no event loop watches yet. Closes it at the end.
class UniqueSocket {
 public:
  explicit UniqueSocket(int fd) noexcept : fd_(fd) {}
  UniqueSocket(UniqueSocket&& other) noexcept : fd_(other.release()) {}
  UniqueSocket& operator=(UniqueSocket&&) = delete;
  ~UniqueSocket() {
    if (fd_ >= 0) ::close(fd_);
  }

  // Negative: none.
  int get() const noexcept { return fd_; }
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// A new one, which programs that this one starts do not inherit. Negative: none, errno says why.
UniqueSocket open_socket(int family, int type, int protocol) noexcept;

// Sends `text` as the last of the connection, as far as that needs no waiting. What came in is read
// first, up to 16 KiB: closing with bytes unread would reset the connection, and the text with it.
void send_last(const UniqueSocket& socket, std::string_view text) noexcept;

}  // namespace coffer::net
