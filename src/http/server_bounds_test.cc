// The server where connections, descriptors or the machine's patience run out.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "base/entropy.h"
#include "base/thread.h"
#include "http/server.h"
#include "http/test_client.h"

namespace {

// What the next calls say instead of doing anything; 0: they do what they are for.
std::atomic<int> accept_error = 0;
std::atomic<int> watch_error = 0;

}  // namespace

// In place of the C library's.
extern "C" int accept4(int fd, sockaddr* address, socklen_t* length, int flags) {
  if (const int error = accept_error) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_accept4, fd, address, length, flags));
}

extern "C" int epoll_ctl(int set, int operation, int fd, epoll_event* event) noexcept {
  if (const int error = watch_error; error != 0 && operation == EPOLL_CTL_ADD) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, set, operation, fd, event));
}

namespace coffer::http {
namespace {

using namespace std::chrono_literals;

// `/throw` throws, all else is answered.
class Answering final : public Service {
 public:
  Task<Response> handle(Request& request) override {
    if (request.uri.raw_path == "/throw") throw std::runtime_error("a fault of the application");
    co_return Response::text(200, "text/plain", "here");
  }
  Response refuse(const Request&, BadMessage) override {
    return Response::text(400, "text/plain", "bad");
  }
  void finished(const Request&, const RequestOutcome&) noexcept override {}
};

class Bounds : public testing::Test {
 protected:
  std::uint16_t start(Limits limits = {}, std::string_view proxy = {}) {
    ServerOptions options;
    options.listen.push_back({"127.0.0.1", 0, std::nullopt});
    options.cores = 1;
    options.limits = limits;
    if (!proxy.empty()) {
      options.is_proxy = [proxy](std::string_view address) { return address == proxy; };
    }
    server_ = std::make_unique<Server>(options, service_, system_entropy());
    server_->start();
    return server_->ports().front();
  }
  void TearDown() override {
    accept_error = watch_error = 0;
    if (server_) server_->drain(1s);
  }
  // Whether `count` of the load is that many before long.
  template <class Count>
  bool becomes(Count count, std::uint64_t wanted) {
    for (int i = 0; i < 500 && server_->load().*count < wanted; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    return server_->load().*count == wanted;
  }
  void serves(std::uint16_t port) {
    Client client(port);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.response().starts_with("HTTP/1.1 200"));
  }

  Answering service_;
  std::unique_ptr<Server> server_;
};

TEST_F(Bounds, OutlivesAcceptsThatFail) {
  const auto port = start();
  for (const int error : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EIO}) {
    const auto before = server_->load().failed_accepts;
    accept_error = error;
    Client waiting(port);
    for (int i = 0; i < 500 && server_->load().failed_accepts == before; ++i) {
      std::this_thread::sleep_for(10ms);
    }
    EXPECT_GT(server_->load().failed_accepts, before) << error;
    accept_error = 0;
    waiting.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(waiting.response().starts_with("HTTP/1.1 200")) << error;
  }
}

TEST_F(Bounds, OutlivesASocketThatCannotBeWatched) {
  const auto port = start();
  serves(port);
  watch_error = ENOSPC;
  Client lost(port);
  EXPECT_TRUE(lost.is_closed());
  EXPECT_TRUE(becomes(&Server::Load::failed_accepts, 1));
  watch_error = 0;
  serves(port);
}

TEST_F(Bounds, OutlivesAServiceThatThrows) {
  const auto port = start();
  const auto before = escaped_exceptions();
  Client client(port);
  client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(client.response().starts_with("HTTP/1.1 500"));
  EXPECT_EQ(escaped_exceptions(), before + 1);
  serves(port);
}

TEST_F(Bounds, TellsWhomItHasNoPlaceFor) {
  const auto port = start({.max_connections = 2});
  Client first(port);
  Client second(port);
  first.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  first.response();
  ASSERT_TRUE(becomes(&Server::Load::connections, 2));
  Client third(port);
  third.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  const std::string text = third.response();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 503")) << text;
  EXPECT_NE(text.find("Retry-After: "), std::string::npos);
  EXPECT_EQ(server_->load().refused, 1U);
  EXPECT_EQ(server_->load().closed_idle, 0U);
}

// Many clients share its address.
TEST_F(Bounds, AProxyMayHaveAllConnections) {
  constexpr int kMax = 20;
  for (const std::string_view proxy : {"127.0.0.1", "192.0.2.1"}) {
    const auto port = start({.max_connections = kMax, .idle_before_closed = 1h}, proxy);
    std::deque<Client> clients;
    int served = 0;
    for (int i = 0; i < kMax; ++i) {
      clients.emplace_back(port).send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
      if (clients.back().response().starts_with("HTTP/1.1 200")) ++served;
    }
    EXPECT_EQ(served, proxy == "127.0.0.1" ? kMax : kMax / 2);
    clients.clear();
    server_->drain(1s);
  }
}

TEST_F(Bounds, TheConnectionThatIdledLongestGivesWay) {
  const auto port = start({.max_connections = 2, .idle_before_closed = 200ms});
  Client first(port);
  first.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  first.response();
  std::this_thread::sleep_for(300ms);
  Client second(port);
  second.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  second.response();
  serves(port);
  EXPECT_TRUE(first.is_closed());
  EXPECT_EQ(server_->load().closed_idle, 1U);
  EXPECT_EQ(server_->load().refused, 0U);
  second.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(second.response().starts_with("HTTP/1.1 200"));
}

TEST_F(Bounds, ConnectionsInTheMiddleOfARequestDoNotGiveWay) {
  const auto port = start({.max_connections = 2, .idle_before_closed = 1ms});
  Client first(port);
  Client second(port);
  first.send("GET /a HT");
  second.send("GET /a HT");
  ASSERT_TRUE(becomes(&Server::Load::connections, 2));
  std::this_thread::sleep_for(100ms);
  Client third(port);
  third.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(third.response().starts_with("HTTP/1.1 503"));
  first.send("TP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(first.response().starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace coffer::http
