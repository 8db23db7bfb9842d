#include "http/unpaced.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string_view>

namespace coffer::http {
namespace {

// Every kernel has it, and every program may choose it.
constexpr std::string_view kUnpaced = "reno";

bool choose(int fd, std::string_view name) noexcept {
  return ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                      static_cast<socklen_t>(name.size())) == 0;
}

using EndOf = int (*)(int, sockaddr*, socklen_t*);

std::optional<in6_addr> address_of(int fd, EndOf end) noexcept {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (end(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return std::nullopt;
  in6_addr address{};
  if (storage.ss_family == AF_INET6) {
    address = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
  } else if (storage.ss_family == AF_INET) {
    const in_addr four = reinterpret_cast<const sockaddr_in&>(storage).sin_addr;
    std::memcpy(&address, &four, sizeof four);
  } else {
    return std::nullopt;
  }
  return address;
}

// Whoever reaches one of the machine's addresses from the machine itself has that address too.
bool is_on_this_machine(int fd) noexcept {
  const auto ours = address_of(fd, ::getsockname);
  const auto theirs = address_of(fd, ::getpeername);
  return ours && theirs && std::memcmp(&*ours, &*theirs, sizeof *ours) == 0;
}

}  // namespace

Unpaced::Unpaced(int fd) noexcept {
  auto length = static_cast<socklen_t>(usual_.size() - 1);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, usual_.data(), &length) != 0) return;
  const bool is_paced = std::string_view(usual_.data()).starts_with("bbr");
  if (is_paced && is_on_this_machine(fd) && choose(fd, kUnpaced)) fd_ = fd;
}

// A socket that cannot be set back has ended, or goes on unpaced.
Unpaced::~Unpaced() {
  if (fd_ >= 0) choose(fd_, usual_.data());
}

}  // namespace coffer::http
