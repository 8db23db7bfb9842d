#include "net/public_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace coffer::net {
namespace {

using V4 = std::uint32_t;  // in the machine's order
using V6 = std::array<std::uint8_t, 16>;

struct Range4 {
  V4 first;
  unsigned bits;
};
constexpr V4 v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return (a << 24U) | (b << 16U) | (c << 8U) | d;
}
constexpr std::array kNotPublic4{
    Range4{v4(0, 0, 0, 0), 8},      Range4{v4(10, 0, 0, 0), 8},     Range4{v4(100, 64, 0, 0), 10},
    Range4{v4(127, 0, 0, 0), 8},    Range4{v4(169, 254, 0, 0), 16}, Range4{v4(172, 16, 0, 0), 12},
    Range4{v4(192, 0, 0, 0), 24},   Range4{v4(192, 0, 2, 0), 24},   Range4{v4(192, 88, 99, 0), 24},
    Range4{v4(192, 168, 0, 0), 16}, Range4{v4(198, 18, 0, 0), 15},  Range4{v4(198, 51, 100, 0), 24},
    Range4{v4(203, 0, 113, 0), 24}, Range4{v4(224, 0, 0, 0), 4},    Range4{v4(240, 0, 0, 0), 4},
};

bool is_public(V4 address) noexcept {
  return std::ranges::none_of(kNotPublic4, [address](const Range4& range) {
    return (address ^ range.first) >> (32U - range.bits) == 0;
  });
}

V4 embedded(const V6& address, std::size_t at) noexcept {
  return v4(address[at], address[at + 1], address[at + 2], address[at + 3]);
}

struct Range6 {
  V6 first;
  unsigned bits;
};

bool is_in(const V6& address, const Range6& range) noexcept {
  for (unsigned bit = 0; bit < range.bits; ++bit) {
    const unsigned differs = address[bit / 8] ^ range.first[bit / 8];
    if ((differs & (0x80U >> (bit % 8))) != 0) return false;
  }
  return true;
}

constexpr Range6 kMapped{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96};
constexpr Range6 kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};
constexpr Range6 kSixToFour{{0x20, 0x02}, 16};
constexpr Range6 kGlobalUnicast{{0x20}, 3};
constexpr std::array kNotPublic6{
    Range6{{0x20, 0x01}, 23},              // IETF protocols: Teredo, ORCHID, benchmarks
    Range6{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Range6{{0x3f, 0xff}, 20},              // documentation
};

bool is_public(const V6& address) noexcept {
  if (is_in(address, kMapped) || is_in(address, kNat64)) return is_public(embedded(address, 12));
  if (is_in(address, kSixToFour)) return is_public(embedded(address, 2));
  return is_in(address, kGlobalUnicast) &&
         std::ranges::none_of(kNotPublic6,
                              [&](const Range6& range) { return is_in(address, range); });
}

}  // namespace

bool is_public_address(const sockaddr& address) noexcept {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return is_public(static_cast<V4>(ntohl(in.sin_addr.s_addr)));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    V6 bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return is_public(bytes);
  }
  return false;
}

}  // namespace coffer::net
