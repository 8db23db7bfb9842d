#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

namespace coffer::http {
namespace {

using namespace std::chrono_literals;

// Answers each connection with `reply(fd)` once a request's head has come, and closes it.
class Receiver {
 public:
  explicit Receiver(std::function<void(int fd)> reply)
      : reply_(std::move(reply)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(fd_, 16);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Receiver() {
    stopped_ = true;
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/hook?a=b"; }
  std::string request() const { return request_; }  // the last one; after its reply
  int connections() const { return connections_; }

 private:
  void serve() {
    while (!stopped_) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      std::string text;
      char buffer[4096];
      while (text.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) break;
        text.append(buffer, static_cast<std::size_t>(got));
      }
      request_ = text;
      reply_(fd);
      ::close(fd);
    }
  }

  std::function<void(int)> reply_;
  int fd_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::atomic<int> connections_ = 0;
  std::string request_;
  std::thread thread_;
};

// False when nobody listens any more.
bool say(int fd, std::string_view text) {
  return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}
std::function<void(int)> saying(std::string text) {
  return [text = std::move(text)](int fd) { say(fd, text); };
}

OutboundClient::Options permissive(std::chrono::milliseconds timeout = 5s) {
  return {.timeout = timeout, .allow_private = true};
}

OutboundReply post(OutboundClient& client, const std::string& url) {
  std::promise<OutboundReply> promise;
  auto future = promise.get_future();
  OutboundRequest request{.url = url, .headers = {}, .body = R"({"a":1})"};
  request.headers.add("Content-Type", "application/json");
  request.headers.add("webhook-id", "msg_1");
  client.post(std::move(request),
              [&promise](OutboundReply reply) { promise.set_value(std::move(reply)); });
  return future.get();
}

TEST(OutboundClientTest, SendsAndHandsOverTheBeginningOfTheReply) {
  const std::string body(3000, 'b');
  Receiver receiver(saying("HTTP/1.1 201 Created\r\nContent-Length: 3000\r\n\r\n" + body));
  OutboundClient client(permissive());
  const auto reply = post(client, receiver.url());
  EXPECT_EQ(reply.status, 201U);
  EXPECT_EQ(reply.body, body.substr(0, 1024));
  EXPECT_EQ(reply.error, "");
  EXPECT_FALSE(reply.is_aborted);
  EXPECT_TRUE(receiver.request().starts_with("POST /hook?a=b HTTP/1.1\r\n")) << receiver.request();
  EXPECT_NE(receiver.request().find("webhook-id: msg_1\r\n"), std::string::npos);
  EXPECT_NE(receiver.request().find("Content-Length: 7\r\n"), std::string::npos);
}

TEST(OutboundClientTest, ConnectsToNoPrivateAddressHoweverItIsWritten) {
  Receiver receiver(saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  OutboundClient client({.timeout = 5s});
  const std::string port = receiver.url().substr(receiver.url().rfind(':'));
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "0.0.0.0",
                           "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
                           "[2002:7f00:1::]", "10.0.0.1", "169.254.169.254", "[fe80::1]"}) {
    const auto reply = post(client, std::string("http://") + host + port);
    EXPECT_FALSE(reply.status) << host;
    EXPECT_NE(reply.error.find("allow_private"), std::string::npos) << host << ": " << reply.error;
  }
  EXPECT_EQ(receiver.connections(), 0);
}

TEST(OutboundClientTest, FollowsNoRedirectAndSpeaksNothingButHttp) {
  Receiver other(saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Receiver receiver(
      saying("HTTP/1.1 302 Found\r\nLocation: " + other.url() + "\r\nContent-Length: 0\r\n\r\n"));
  OutboundClient client(permissive());
  EXPECT_EQ(post(client, receiver.url()).status, 302U);
  EXPECT_EQ(other.connections(), 0);
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"}) {
    EXPECT_FALSE(post(client, url).status) << url;
  }
}

TEST(OutboundClientTest, TakesNoMoreThanItsBounds) {
  std::atomic<std::uint64_t> taken = 0;
  Receiver endless([&taken](int fd) {
    const std::string piece(1U << 16U, 'x');
    say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
    while (taken < (std::uint64_t{1} << 31U) && say(fd, piece)) taken += piece.size();
  });
  OutboundClient client(permissive());
  EXPECT_EQ(post(client, endless.url()).status, 200U);
  EXPECT_LT(taken, 64U << 20U);  // what sockets buffer
  Receiver fields([](int fd) {
    say(fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 100'000 && say(fd, "X-Field: " + std::string(1000, 'v') + "\r\n"); ++i) {
    }
  });
  Receiver field(saying("HTTP/1.1 200 OK\r\nX-Field: " + std::string(1'000'000, 'v')));
  for (const auto* receiver : {&fields, &field}) {
    const auto reply = post(client, receiver->url());
    EXPECT_FALSE(reply.status);
    EXPECT_EQ(reply.error, "the head of its reply is too long");
    EXPECT_FALSE(reply.is_aborted);
  }
}

TEST(OutboundClientTest, GivesUpInTimeUnlessThereIsAHead) {
  OutboundClient client(permissive(300ms));
  const auto drip = [](const std::string& head) {
    return [head](int fd) {
      say(fd, head);
      for (int i = 0; i < 100 && say(fd, "x"); ++i) std::this_thread::sleep_for(20ms);
    };
  };
  Receiver silent(drip(""));
  Receiver slow_head(drip("HTTP/1.1 200 OK\r\nX-Slow: "));
  Receiver slow_body(drip("HTTP/1.1 202 Accepted\r\nContent-Length: 1000\r\n\r\n"));
  for (const auto* receiver : {&silent, &slow_head}) {
    const auto began = std::chrono::steady_clock::now();
    const auto reply = post(client, receiver->url());
    EXPECT_FALSE(reply.status);
    EXPECT_NE(reply.error, "");
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1900ms);
  }
  EXPECT_EQ(post(client, slow_body.url()).status, 202U);
}

TEST(OutboundClientTest, TellsWhatTheReceiverAsksForAndWhatIsWrong) {
  OutboundClient client(permissive());
  Receiver busy(
      saying("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 120\r\n"
             "Content-Length: 0\r\n\r\n"));
  const auto reply = post(client, busy.url());
  EXPECT_EQ(reply.status, 503U);
  EXPECT_EQ(reply.retry_after, 120s);
  std::string gone;
  {
    Receiver receiver(saying("no HTTP at all\r\n\r\n"));
    const auto nonsense = post(client, receiver.url());
    EXPECT_FALSE(nonsense.status);
    EXPECT_NE(nonsense.error, "");
    gone = receiver.url();
  }
  EXPECT_EQ(post(client, gone).error, "it accepts no connection");
}

TEST(OutboundClientTest, AbortsWhatIsUnderWayWhenItEnds) {
  std::promise<OutboundReply> promise;
  Receiver silent([](int fd) {
    char byte = 0;
    (void)::recv(fd, &byte, 1, 0);
    (void)::recv(fd, &byte, 1, 0);
  });
  {
    OutboundClient client(permissive(30s));
    client.post({.url = silent.url(), .headers = {}, .body = {}},
                [&promise](OutboundReply reply) { promise.set_value(std::move(reply)); });
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_TRUE(promise.get_future().get().is_aborted);
}

}  // namespace
}  // namespace coffer::http
