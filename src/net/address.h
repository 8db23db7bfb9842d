// The address at the other end of a connection.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>

namespace coffer::net {

// Whose connections are counted together: an IPv4 address, or an IPv6 /64, which one client has
// whole.
using AddressKey = std::array<std::uint8_t, 16>;

// The key of an address of IPv4 or IPv6; of any other family, zeros. An IPv4 address that is mapped
// into IPv6 (RFC 4291 section 2.5.5.2) has the key of the IPv4 address.
AddressKey address_key(const sockaddr_storage& address) noexcept;

// Without the port: `192.0.2.1`, `2001:db8::1`; one that is mapped into IPv6 as the IPv4 address.
// REQUIRES: IPv4 or IPv6.
std::string address_text(const sockaddr_storage& address);

}  // namespace coffer::net
