#include "net/socket.h"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <stdexcept>

namespace coffer::net {

Socket watch(EventLoop& loop, UniqueSocket socket, int family) {
  using Tcp = Socket::protocol_type;
  Socket watched(loop.context());
  boost::system::error_code error;
  watched.assign(family == AF_INET6 ? Tcp::v6() : Tcp::v4(), socket.get(), error);
  if (error) throw std::runtime_error("cannot watch a socket: " + error.message());
  socket.release();
  return watched;
}

void send_last(const UniqueSocket& socket, std::string_view text) noexcept {
  std::array<std::byte, 16 * 1024> unread;
  ::recv(socket.get(), unread.data(), unread.size(), MSG_DONTWAIT);
  ::send(socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket.get(), SHUT_WR);
}

}  // namespace coffer::net
