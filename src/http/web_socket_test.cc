// WebSockets over real sockets: their bounds of time and memory, how they end.
#include "http/web_socket.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "base/entropy.h"
#include "http/server.h"

namespace coffer::http {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kHandshake =
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kOk = "HTTP/1.1 101 ";
constexpr unsigned kText = 1;
constexpr unsigned kClose = 8;
constexpr unsigned kPing = 9;

// Answers `flood` with messages until its queue is full, `wait` with one after it has room again,
// `fail` with an exception, `end` by leaving, anything else with the same.
class Echo final : public WebSocketHandler {
 public:
  Echo(const WebSocketOptions& options, std::atomic<int>& open) : options_(options), open_(open) {
    ++open_;
  }
  ~Echo() override { --open_; }

  WebSocketOptions options() const override { return options_; }
  Task<void> serve(WebSocket& socket) override {
    for (;;) {
      const auto message = co_await socket.receive();
      if (!message || *message == "end") co_return;
      if (*message == "fail") throw std::runtime_error("as asked for");
      if (*message == "flood") {
        const auto text = std::make_shared<const std::string>(1000, 'x');
        while (!socket.is_closing()) socket.send(text);
        continue;
      }
      if (*message == "wait") {
        socket.run(fill(socket));
        continue;
      }
      socket.send(std::make_shared<const std::string>(*message));
    }
  }

 private:
  // More than fits, by and by.
  static Task<void> fill(WebSocket& socket) {
    const auto text = std::make_shared<const std::string>(1000, 'x');
    for (int i = 0; i < 2000; ++i) {
      socket.send(text);
      const bool goes_on = co_await socket.wait_until_sent();
      if (!goes_on) co_return;
    }
    socket.send(std::make_shared<const std::string>("all"));
  }

  const WebSocketOptions options_;
  std::atomic<int>& open_;
};

class Upgrader final : public Service {
 public:
  explicit Upgrader(const WebSocketOptions& options) : options_(options) {}

  Task<Response> handle(Request& request) override {
    if (const auto fault = find_upgrade_fault(request)) {
      co_return Response::text(400, "text/plain", std::to_string(static_cast<int>(*fault)));
    }
    co_return upgrade_to(std::make_shared<Echo>(options_, open));
  }
  Response refuse(const Request&, BadMessage) override { return Response::text(400, "", "bad"); }
  void finished(const Request&, const RequestOutcome& outcome) noexcept override {
    status = outcome.status;
  }

  std::atomic<int> open = 0;
  std::atomic<unsigned> status = 0;

 private:
  const WebSocketOptions options_;
};

class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{60, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) const {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void send_frame(unsigned opcode, std::string_view text) const {
    // A mask of zeros leaves the text as it is.
    std::string frame{
        static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | text.size()), 0, 0, 0, 0};
    frame += text;
    send(frame);
  }
  std::string read_head() {
    while (unread_.find("\r\n\r\n") == std::string::npos) {
      if (!fill()) return unread_;
    }
    const std::size_t end = unread_.find("\r\n\r\n") + 4;
    std::string head = unread_.substr(0, end);
    unread_.erase(0, end);
    return head;
  }

  struct Frame {
    unsigned opcode = 0;  // 0: the connection has ended
    std::string text;
    unsigned code() const {
      return static_cast<unsigned>(static_cast<unsigned char>(text.at(0)) << 8U |
                                   static_cast<unsigned char>(text.at(1)));
    }
  };
  Frame read_frame() {
    if (!has(2)) return {};
    std::size_t head = 2;
    std::size_t length = static_cast<unsigned char>(unread_[1]);
    if (length == 126) {
      head = 4;
      if (!has(head)) return {};
      length = static_cast<std::size_t>(static_cast<unsigned char>(unread_[2])) << 8U |
               static_cast<unsigned char>(unread_[3]);
    }
    if (!has(head + length)) return {};
    Frame frame{.opcode = static_cast<unsigned char>(unread_[0]) & 0x0fU,
                .text = unread_.substr(head, length)};
    unread_.erase(0, head + length);
    return frame;
  }
  // The next that is no text.
  Frame read_past_texts() {
    for (;;) {
      Frame frame = read_frame();
      if (frame.opcode != kText) return frame;
    }
  }

 private:
  bool has(std::size_t count) {
    while (unread_.size() < count) {
      if (!fill()) return false;
    }
    return true;
  }
  bool fill() {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    unread_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  std::string unread_;
};

class WebSockets : public testing::Test {
 protected:
  void start(const WebSocketOptions& options = {}) {
    service_ = std::make_unique<Upgrader>(options);
    server_ = std::make_unique<Server>(
        ServerOptions{.listen = {{"127.0.0.1", 0, std::nullopt}}, .cores = 1, .limits = {}},
        *service_, system_entropy());
    server_->start();
  }
  void TearDown() override {
    EXPECT_TRUE(server_->drain(20s));
    EXPECT_EQ(service_->open, 0);
  }
  std::uint16_t port() const { return server_->ports().front(); }
  void open(Client& client) const {
    client.send(kHandshake);
    EXPECT_TRUE(client.read_head().starts_with(kOk));
  }
  void wait_until_closed() const {
    while (service_->open > 0) std::this_thread::sleep_for(5ms);
  }

  std::unique_ptr<Upgrader> service_;
  std::unique_ptr<Server> server_;
};

TEST_F(WebSockets, EchoesAndEndsWithTheHandler) {
  start();
  Client client(port());
  client.send(kHandshake);
  // Behind the handshake at once, while it is still one of HTTP.
  client.send_frame(kText, "hello");
  const std::string head = client.read_head();
  EXPECT_TRUE(head.starts_with(kOk)) << head;
  EXPECT_NE(head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), head.npos);
  EXPECT_EQ(client.read_frame().text, "hello");
  EXPECT_EQ(service_->status, 101U);
  EXPECT_EQ(server_->load().connections, 1U);
  EXPECT_EQ(server_->load().requests, 0U);
  client.send_frame(kText, "end");
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.opcode, kClose);
  EXPECT_EQ(frame.code(), 1000U);
  client.send_frame(kClose, {"\x03\xe8", 2});
  EXPECT_EQ(client.read_frame().opcode, 0U);
  wait_until_closed();
}

TEST_F(WebSockets, WhatTheHandlerThrowsClosesItWith1011) {
  start();
  Client client(port());
  open(client);
  client.send_frame(kText, "fail");
  EXPECT_EQ(client.read_frame().code(), 1011U);
}

TEST_F(WebSockets, AFullQueueClosesItWithTheCodeOfSlowOnes) {
  start({.max_queued = 100'000, .send_buffer = 8192, .too_slow_code = 4408});
  Client client(port(), 4096);
  open(client);
  client.send_frame(kText, "flood");
  EXPECT_EQ(client.read_past_texts().code(), 4408U);
}

TEST_F(WebSockets, WhoTakesNothingIsClosedThoughTheQueueIsNotFull) {
  start({.max_queued = 100'000'000,
         .send_buffer = 8192,
         .too_slow_code = 4408,
         .send_timeout = 1s,
         .close_within = 20s});
  Client client(port(), 4096);
  open(client);
  // Much less than the queue holds, and much more than the machine does.
  client.send_frame(kText, "wait");
  std::this_thread::sleep_for(4s);
  EXPECT_EQ(client.read_past_texts().code(), 4408U);
}

TEST_F(WebSockets, WhoReadsAgainLongAfterTheEndIsToldWhy) {
  start({.max_queued = 100'000'000,
         .send_buffer = 8192,
         .too_slow_code = 4408,
         .send_timeout = 1s,
         .close_within = 1s});
  Client client(port(), 4096);
  open(client);
  // What the machine takes is full when it is closed.
  client.send_frame(kText, "wait");
  wait_until_closed();
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(client.read_past_texts().code(), 4408U);
}

TEST_F(WebSockets, WhoTakesTooLittleToAnswerAPingIsTooSlow) {
  start({.max_queued = 100'000'000,
         .send_buffer = 8192,
         .too_slow_code = 4408,
         .ping_every = 1s,
         .pong_within = 1s,
         .close_within = 1s});
  Client client(port(), 4096);
  open(client);
  client.send_frame(kText, "wait");
  wait_until_closed();
  EXPECT_EQ(client.read_past_texts().opcode, kPing);
  EXPECT_EQ(client.read_past_texts().code(), 4408U);
}

TEST_F(WebSockets, ASenderMayWaitForRoom) {
  start({.max_queued = 20'000, .send_buffer = 8192});
  Client client(port(), 4096);
  open(client);
  client.send_frame(kText, "wait");
  std::size_t count = 0;
  for (;;) {
    const auto frame = client.read_frame();
    ASSERT_EQ(frame.opcode, kText);
    if (frame.text == "all") break;
    ++count;
  }
  EXPECT_EQ(count, 2000U);
}

TEST_F(WebSockets, AQuietClientIsAskedAndThenDropped) {
  start({.ping_every = 1s, .pong_within = 2s});
  Client lives(port());
  Client dies(port());
  open(lives);
  open(dies);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(lives.read_frame().opcode, kPing);
    lives.send_frame(10, "");
  }
  EXPECT_EQ(dies.read_frame().opcode, kPing);
  EXPECT_EQ(dies.read_frame().opcode, 0U);
  lives.send_frame(kText, "still here");
  EXPECT_EQ(lives.read_past_texts().opcode, kPing);
}

TEST_F(WebSockets, WhoDoesNotAnswerTheCloseFrameIsCut) {
  start({.close_within = 1s});
  Client client(port());
  open(client);
  client.send_frame(kText, "end");
  EXPECT_EQ(client.read_frame().opcode, kClose);
  EXPECT_EQ(client.read_frame().opcode, 0U);
  wait_until_closed();
}

TEST_F(WebSockets, AClientThatLeavesWithoutAWordIsNoticed) {
  start({.close_within = 1s});
  {
    Client client(port(), 4096);
    open(client);
    client.send_frame(kText, "wait");
  }
  wait_until_closed();
}

TEST_F(WebSockets, AServerThatStopsSaysSo) {
  start();
  Client client(port());
  open(client);
  std::thread stopping([&] { EXPECT_TRUE(server_->drain(20s)); });
  const auto frame = client.read_frame();
  EXPECT_EQ(frame.opcode, kClose);
  EXPECT_EQ(frame.code(), 1001U);
  client.send_frame(kClose, frame.text);
  stopping.join();
}

TEST_F(WebSockets, AStopWaitsForNobodyWhoDoesNotAnswer) {
  start();
  Client client(port());
  open(client);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_TRUE(server_->drain(60s));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(WebSockets, HandshakesHaveToBeWhole) {
  start();
  const std::string good(kHandshake);
  const auto reply = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    Client client(port());
    client.send(text);
    return client.read_head();
  };
  EXPECT_TRUE(reply("Upgrade: websocket", "upgrade:  WebSocket, other ").starts_with(kOk));
  EXPECT_TRUE(reply("Connection: Upgrade", "connection: keep-alive,upgrade").starts_with(kOk));
  EXPECT_FALSE(reply("Upgrade: websocket", "Upgrade: websockets").starts_with(kOk));
  EXPECT_FALSE(reply("HTTP/1.1", "HTTP/1.0").starts_with(kOk));
  EXPECT_FALSE(reply("GET", "POST").starts_with(kOk));
  EXPECT_FALSE(reply("Version: 13", "Version: 13, 8").starts_with(kOk));
  EXPECT_FALSE(reply("ZQ==", "ZQ=").starts_with(kOk));
  EXPECT_FALSE(reply("ZQ==", "Z===").starts_with(kOk));
  EXPECT_FALSE(reply("\r\n\r\n", "\r\nContent-Length: 2\r\n\r\nab").starts_with(kOk));
}

}  // namespace
}  // namespace coffer::http
