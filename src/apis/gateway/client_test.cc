#include "apis/gateway/client.h"

#include <gtest/gtest.h>

#include <utility>

namespace coffer::apis {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

http::Request request_from(std::string peer, const Fields& fields) {
  http::Request request;
  request.peer_address = std::move(peer);
  request.headers.add("Host", "inner.lan:8080");
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

class ClientTest : public ::testing::Test {
 protected:
  Client resolve(std::string peer, const Fields& fields) {
    return resolver_.resolve(request_from(std::move(peer), fields));
  }
  std::string address(const std::string& forwarded) {
    return resolve("127.0.0.1", {{"X-Forwarded-For", forwarded}}).address;
  }

  const ClientResolver resolver_{{"127.0.0.1", "10.0.0.0/8", "fd00::/16"}, ""};
};

TEST_F(ClientTest, IsTheFirstFromTheRightThatIsNoTrustedProxy) {
  EXPECT_EQ(address("203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(address("198.51.100.1, 203.0.113.7"), "203.0.113.7");
  EXPECT_EQ(address("198.51.100.1, 203.0.113.7, 10.1.2.3"), "203.0.113.7");
  EXPECT_EQ(address("203.0.113.7,10.1.2.3 , ,fd00::9,"), "203.0.113.7");
  EXPECT_EQ(address("203.0.113.7:1234, [fd00::9]:80"), "203.0.113.7");
  EXPECT_EQ(address("[2001:db8::1]:80"), "2001:db8::1");
  const Client several = resolve("127.0.0.1", {{"X-Forwarded-For", "198.51.100.1"},
                                               {"X-Forwarded-For", "203.0.113.7, 10.0.0.1"}});
  EXPECT_EQ(several.address, "203.0.113.7");
}

TEST_F(ClientTest, IsTheProxyThatTellsOfNobody) {
  EXPECT_EQ(resolve("127.0.0.1", {}).address, "127.0.0.1");
  for (const char* nobody : {"", " , ", "unknown", "_hidden", "1.2.3", "203.0.113.7, rubbish"}) {
    EXPECT_EQ(address(nobody), "127.0.0.1") << nobody;
  }
  EXPECT_EQ(address("203.0.113.7, rubbish, 10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(address("10.0.0.2, 10.0.0.1"), "10.0.0.2") << "all of them are proxies";
}

TEST_F(ClientTest, SchemeAndHostAreTheLeftmost) {
  const auto base = [&](std::string proto, std::string host) {
    return resolve("10.0.0.1", {{"X-Forwarded-Proto", proto}, {"X-Forwarded-Host", host}}).base_url;
  };
  EXPECT_EQ(base("https", "ex.org"), "https://ex.org");
  EXPECT_EQ(base("https, http", "ex.org, inner.lan"), "https://ex.org");
  EXPECT_EQ(base("HTTPS,http,http", " ex.org:8443,inner.lan:80"), "https://ex.org:8443");
  EXPECT_EQ(base("http, https", "ex.org"), "http://ex.org");
  EXPECT_EQ(base(", https", ", ex.org"), "https://ex.org");
  EXPECT_EQ(base("https", "ex.org/evil"), "https://inner.lan:8080") << "no name of a host";
  EXPECT_EQ(base("", ""), "http://inner.lan:8080");
  const Client lines = resolve("10.0.0.1", {{"X-Forwarded-Proto", "https"},
                                            {"X-Forwarded-Proto", "http"},
                                            {"X-Forwarded-Host", "ex.org"},
                                            {"X-Forwarded-Host", "inner.lan"}});
  EXPECT_EQ(lines.base_url, "https://ex.org");
  EXPECT_TRUE(lines.secure);
}

TEST_F(ClientTest, NobodyElseIsBelieved) {
  const Client client = resolve("203.0.113.7", {{"X-Forwarded-For", "127.0.0.1"},
                                                {"X-Forwarded-Proto", "https"},
                                                {"X-Forwarded-Host", "ex.org"},
                                                {"Forwarded", "for=127.0.0.1;proto=https"}});
  EXPECT_EQ(client.address, "203.0.113.7");
  EXPECT_FALSE(client.secure);
  EXPECT_EQ(client.base_url, "http://inner.lan:8080");
}

// A proxy that does not know the field passes on what its client wrote.
TEST_F(ClientTest, ForwardedIsNotReadFromATrustedProxyEither) {
  const Client client =
      resolve("127.0.0.1", {{"Forwarded", "for=198.51.100.9;proto=https;host=ex.org"},
                            {"X-Forwarded-For", "203.0.113.7"}});
  EXPECT_EQ(client.address, "203.0.113.7");
  EXPECT_EQ(client.base_url, "http://inner.lan:8080");
}

TEST(Clients, ThePublicUrlIsTheBaseOfAll) {
  for (const char* url : {"https://ex.org/a/vault", "https://ex.org/a/vault/"}) {
    const ClientResolver resolver({"127.0.0.1"}, url);
    const Client client = resolver.resolve(
        request_from("127.0.0.1", {{"X-Forwarded-Host", "evil.org"}, {"Host", "evil.org"}}));
    EXPECT_EQ(client.base_url, "https://ex.org/a/vault");
    EXPECT_EQ(client.base_path, "/a/vault");
    EXPECT_EQ(resolver.base_path(), "/a/vault");
  }
  for (const char* url : {"", "https://ex.org", "https://ex.org/"}) {
    EXPECT_EQ(ClientResolver({}, url).base_path(), "") << url;
  }
}

TEST(Clients, CountByAddressOrBySite) {
  const auto key = [](std::string address) {
    Client client;
    client.address = std::move(address);
    return client.limit_key();
  };
  EXPECT_EQ(key("2001:db8:0:1::1"), key("2001:DB8:0:1:ffff::2"));
  EXPECT_NE(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
  EXPECT_NE(key("203.0.113.7"), key("203.0.113.8"));
  EXPECT_EQ(key("::ffff:203.0.113.7"), key("203.0.113.7"));
  EXPECT_EQ(key("fe80::1%eth0"), key("fe80::1"));
}

}  // namespace
}  // namespace coffer::apis
