#include "http/without_bbr.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string_view>

namespace coffer::http {
namespace {

// Every kernel has it.
constexpr std::string_view kInstead = "reno";

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

// Who has the address at which he reaches this machine is on this machine.
bool is_on_this_machine(int fd) noexcept {
  const auto ours = address_of(fd, ::getsockname);
  const auto theirs = address_of(fd, ::getpeername);
  return ours && theirs && std::memcmp(&*ours, &*theirs, sizeof *ours) == 0;
}

}  // namespace

WithoutBbr::WithoutBbr(int fd) noexcept {
  auto length = static_cast<socklen_t>(usual_.size() - 1);
  if (::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, usual_.data(), &length) != 0) return;
  const bool is_bbr = std::string_view(usual_.data()).starts_with("bbr");
  if (is_bbr && is_on_this_machine(fd) && choose(fd, kInstead)) fd_ = fd;
}

// A socket that cannot be set back has ended, or goes on without.
WithoutBbr::~WithoutBbr() {
  if (fd_ >= 0) choose(fd_, usual_.data());
}

}  // namespace coffer::http
