#include "net/address.h"

#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

namespace coffer::net {
namespace {

constexpr std::size_t kPrefixBytes = 8;

}  // namespace

AddressKey address_key(const sockaddr_storage& address) noexcept {
  AddressKey key{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    key[10] = key[11] = 0xff;
    std::memcpy(key.data() + 12, &v4.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&v6);
    std::memcpy(key.data(), &v6, is_v4 ? key.size() : kPrefixBytes);
  }
  return key;
}

std::string address_text(const sockaddr_storage& address) {
  boost::asio::ip::tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), &address,
              std::min<std::size_t>(endpoint.capacity(), sizeof address));
  auto ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    ip = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, ip.to_v6());
  }
  return ip.to_string();
}

}  // namespace coffer::net
