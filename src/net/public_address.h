// Which addresses belong to the public internet.
#pragma once

struct sockaddr;

namespace coffer::net {

// Whether the IPv4 or IPv6 address is one of the public internet: not loopback, private (RFC 1918,
// RFC 4193), shared (RFC 6598), link-local, multicast, unspecified, reserved, or kept for
// documentation and tests (IANA's registries of special-purpose addresses). An IPv6 address that
// stands for one of IPv4 (mapped, NAT64's 64:ff9b::/96, 6to4) is judged by that one. False for
// other families. REQUIRES: `address` is as long as its family says.
bool is_public_address(const sockaddr& address) noexcept;

}  // namespace coffer::net
