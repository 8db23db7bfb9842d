// Over real sockets, where BBR may be chosen for them; elsewhere there is nothing to go without.
#include "http/without_bbr.h"

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

namespace coffer::http {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;

// A connection, seen from the server's end.
class WithoutBbrTest : public testing::Test {
 protected:
  // The server listens at `server`; the client has the address `from`, and calls `to`.
  void connect(const char* server, const char* from, const char* to) {
    tcp::acceptor acceptor(context_, {make_address(server), 0});
    const tcp::endpoint client(make_address(from), 0);
    client_.open(client.protocol());
    client_.bind(client);
    client_.connect({make_address(to), acceptor.local_endpoint().port()});
    acceptor.accept(socket_);
  }

  int fd() { return socket_.native_handle(); }

  bool choose(const std::string& name) {
    return ::setsockopt(fd(), IPPROTO_TCP, TCP_CONGESTION, name.data(),
                        static_cast<socklen_t>(name.size())) == 0;
  }

  std::string chosen() {
    std::array<char, 16> name{};
    auto length = static_cast<socklen_t>(name.size());
    EXPECT_EQ(::getsockopt(fd(), IPPROTO_TCP, TCP_CONGESTION, name.data(), &length), 0);
    return name.data();
  }

 private:
  boost::asio::io_context context_;
  tcp::socket client_{context_};
  tcp::socket socket_{context_};
};

TEST_F(WithoutBbrTest, EndsWithItself) {
  connect("127.0.0.1", "127.0.0.1", "127.0.0.1");
  if (!choose("bbr")) GTEST_SKIP() << "BBR cannot be chosen here";
  {
    const WithoutBbr without(fd());
    EXPECT_EQ(chosen(), "reno");
  }
  EXPECT_EQ(chosen(), "bbr");
}

TEST_F(WithoutBbrTest, LeavesOtherKindsAlone) {
  connect("127.0.0.1", "127.0.0.1", "127.0.0.1");
  if (!choose("cubic")) GTEST_SKIP() << "CUBIC cannot be chosen here";
  const WithoutBbr without(fd());
  EXPECT_EQ(chosen(), "cubic");
}

struct Ways {
  const char* server;
  const char* from;
  const char* to;
  const char* chosen;  // what a socket with BBR has then
};

class WithoutBbrTo : public WithoutBbrTest, public testing::WithParamInterface<Ways> {};

TEST_P(WithoutBbrTo, AClientWithTheSameAddressAlone) {
  const Ways& ways = GetParam();
  try {
    connect(ways.server, ways.from, ways.to);
  } catch (const boost::system::system_error& error) {
    GTEST_SKIP() << "no such addresses here: " << error.what();
  }
  if (!choose("bbr")) GTEST_SKIP() << "BBR cannot be chosen here";
  const WithoutBbr without(fd());
  EXPECT_EQ(chosen(), ways.chosen);
}

// A server at `::` sees clients by IPv4 in addresses of IPv6.
INSTANTIATE_TEST_SUITE_P(Addresses, WithoutBbrTo,
                         testing::Values(Ways{"127.0.0.1", "127.0.0.1", "127.0.0.1", "reno"},
                                         Ways{"127.0.0.1", "127.0.0.2", "127.0.0.1", "bbr"},
                                         Ways{"::1", "::1", "::1", "reno"},
                                         Ways{"::", "127.0.0.1", "127.0.0.1", "reno"},
                                         Ways{"::", "127.0.0.2", "127.0.0.1", "bbr"}));

}  // namespace
}  // namespace coffer::http
