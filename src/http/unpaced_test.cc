// Over real sockets, on a machine whose kernel has BBR; elsewhere there is nothing to set aside.
#include "http/unpaced.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace coffer::http {
namespace {

std::string congestion_of(int fd) {
  std::array<char, 16> name{};
  auto length = static_cast<socklen_t>(name.size());
  EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &length), 0);
  return name.data();
}

bool set_congestion(int fd, const std::string& name) {
  return ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                      static_cast<socklen_t>(name.size())) == 0;
}

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) { EXPECT_GE(fd, 0); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// A server's end of a connection, and its client's.
struct Ends {
  Socket server;
  Socket client;
};

template <class Address>
Ends connect(Address server, Address client) {
  const int family = reinterpret_cast<sockaddr&>(server).sa_family;
  const Socket listener(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto& bound = reinterpret_cast<sockaddr&>(server);
  socklen_t length = sizeof server;
  EXPECT_EQ(::bind(listener.get(), &bound, length), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), &bound, &length), 0);
  Socket mine(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::bind(mine.get(), reinterpret_cast<sockaddr*>(&client), sizeof client), 0);
  EXPECT_EQ(::connect(mine.get(), &bound, length), 0);
  return {Socket(::accept(listener.get(), nullptr, nullptr)), std::move(mine)};
}

Ends connect_four(const char* server, const char* client) {
  sockaddr_in ours{};
  ours.sin_family = AF_INET;
  sockaddr_in theirs = ours;
  EXPECT_EQ(::inet_pton(AF_INET, server, &ours.sin_addr), 1);
  EXPECT_EQ(::inet_pton(AF_INET, client, &theirs.sin_addr), 1);
  return connect(ours, theirs);
}

TEST(UnpacedTest, SetsPacingAsideForAClientOnThisMachine) {
  const Ends ends = connect_four("127.0.0.1", "127.0.0.1");
  const int fd = ends.server.get();
  if (!set_congestion(fd, "bbr")) GTEST_SKIP() << "this machine has no BBR";
  {
    const Unpaced unpaced(fd);
    EXPECT_EQ(congestion_of(fd), "reno");
  }
  EXPECT_EQ(congestion_of(fd), "bbr");
}

TEST(UnpacedTest, KnowsAClientOnThisMachineByAnAddressOfSix) {
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  const Socket probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(probe.get(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) != 0) {
    GTEST_SKIP() << "this machine has no ::1";
  }
  const Ends ends = connect(loopback, loopback);
  const int fd = ends.server.get();
  if (!set_congestion(fd, "bbr")) GTEST_SKIP() << "this machine has no BBR";
  const Unpaced unpaced(fd);
  EXPECT_EQ(congestion_of(fd), "reno");
}

TEST(UnpacedTest, LeavesAClientWithAnotherAddressAlone) {
  const Ends ends = connect_four("127.0.0.1", "127.0.0.2");
  const int fd = ends.server.get();
  if (!set_congestion(fd, "bbr")) GTEST_SKIP() << "this machine has no BBR";
  const Unpaced unpaced(fd);
  EXPECT_EQ(congestion_of(fd), "bbr");
}

TEST(UnpacedTest, LeavesAloneWhatIsNotPaced) {
  const Ends ends = connect_four("127.0.0.1", "127.0.0.1");
  const int fd = ends.server.get();
  if (!set_congestion(fd, "cubic")) GTEST_SKIP() << "this machine has no CUBIC";
  const Unpaced unpaced(fd);
  EXPECT_EQ(congestion_of(fd), "cubic");
}

}  // namespace
}  // namespace coffer::http
