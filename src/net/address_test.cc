#include "net/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace coffer::net {
namespace {

sockaddr_storage v4(const char* text) {
  sockaddr_storage address{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  v4.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &v4.sin_addr);
  return address;
}

sockaddr_storage v6(const char* text) {
  sockaddr_storage address{};
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  v6.sin6_family = AF_INET6;
  ::inet_pton(AF_INET6, text, &v6.sin6_addr);
  return address;
}

TEST(AddressKey, IsOneForEachClient) {
  EXPECT_EQ(address_key(v4("10.0.0.1")), address_key(v6("::ffff:10.0.0.1")));
  EXPECT_NE(address_key(v4("10.0.0.1")), address_key(v4("10.0.0.2")));
  EXPECT_EQ(address_key(v6("2001:db8:1:2::1")), address_key(v6("2001:db8:1:2:ffff::9")));
  EXPECT_NE(address_key(v6("2001:db8:1:2::1")), address_key(v6("2001:db8:1:3::1")));
}

TEST(AddressText, IsTheAddressAlone) {
  EXPECT_EQ(address_text(v4("192.0.2.1")), "192.0.2.1");
  EXPECT_EQ(address_text(v6("2001:db8::1")), "2001:db8::1");
  EXPECT_EQ(address_text(v6("::ffff:192.0.2.1")), "192.0.2.1");
}

}  // namespace
}  // namespace coffer::net
