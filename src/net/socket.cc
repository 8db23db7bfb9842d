#include "net/socket.h"

#include <sys/socket.h>

#include <array>
#include <cstddef>

namespace coffer::net {

UniqueSocket open_socket(int family, int type, int protocol) noexcept {
  return UniqueSocket(::socket(family, type | SOCK_CLOEXEC, protocol));
}

void send_last(const UniqueSocket& socket, std::string_view text) noexcept {
  std::array<std::byte, 16 * 1024> unread;
  ::recv(socket.get(), unread.data(), unread.size(), MSG_DONTWAIT);
  ::send(socket.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  ::shutdown(socket.get(), SHUT_WR);
}

}  // namespace coffer::net
