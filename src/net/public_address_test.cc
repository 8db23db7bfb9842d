#include "net/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

namespace coffer::net {
namespace {

bool is_public(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    storage.ss_family = AF_INET6;
  } else {
    ADD_FAILURE() << text;
  }
  return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

TEST(PublicAddressTest, KnowsWhatIsNot) {
  for (const char* address :
       {"0.0.0.0",         "0.1.2.3",        "10.0.0.1",        "10.255.255.255",  "100.64.0.1",
        "100.127.255.255", "127.0.0.1",      "127.255.255.255", "169.254.169.254", "172.16.0.1",
        "172.31.255.255",  "192.0.0.170",    "192.0.2.1",       "192.88.99.1",     "192.168.0.1",
        "198.18.0.1",      "198.19.255.255", "198.51.100.7",    "203.0.113.9",     "224.0.0.1",
        "239.255.255.255", "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(is_public(address)) << address;
    EXPECT_FALSE(is_public(std::string("::ffff:") + address)) << address;
    EXPECT_FALSE(is_public(std::string("64:ff9b::") + address)) << address;
  }
  for (const char* address : {"::",
                              "::1",
                              "::127.0.0.1",
                              "::8.8.8.8",
                              "fe80::1",
                              "febf::1",
                              "fec0::1",
                              "fc00::1",
                              "fd12:3456::1",
                              "ff02::1",
                              "ff0e::1",
                              "100::1",
                              "64:ff9b:1::1",
                              "2001::1",
                              "2001:2::1",
                              "2001:10::1",
                              "2001:1ff::1",
                              "2001:db8::1",
                              "2002:7f00:1::",
                              "2002:a00:1::1",
                              "2002:c0a8:101::1",
                              "2002:a9fe:a9fe::1",
                              "3fff::1",
                              "3fff:fff::1",
                              "5f00::1",
                              "4000::1"}) {
    EXPECT_FALSE(is_public(address)) << address;
  }
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(local));
}

TEST(PublicAddressTest, KnowsWhatIs) {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1",
        "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.1", "172.15.255.255",
        "172.32.0.1", "192.0.1.1", "192.167.255.255", "192.169.0.1", "198.17.255.255", "198.20.0.1",
        "223.255.255.255"}) {
    EXPECT_TRUE(is_public(address)) << address;
    EXPECT_TRUE(is_public(std::string("::ffff:") + address)) << address;
    EXPECT_TRUE(is_public(std::string("64:ff9b::") + address)) << address;
  }
  for (const char* address : {"2606:4700::1111", "2001:200::1", "2001:4860:4860::8888",
                              "2002:808:808::1", "2a00:1450::1", "3ffe::1", "2000::1"}) {
    EXPECT_TRUE(is_public(address)) << address;
  }
}

}  // namespace
}  // namespace coffer::net
