// Replies whose bodies are made while they are sent, over real sockets.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/entropy.h"
#include "http/server.h"

namespace coffer::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPieceBytes = 10'000;

std::string piece_number(int number) {
  return std::string(kPieceBytes, static_cast<char>('a' + number % 26));
}

// `/<pieces>` answers "start" and that many pieces; with `?fail` the source throws in place of the
// end.
class Streams final : public Service {
 public:
  class Pieces final : public BodySource {
   public:
    Pieces(Streams& owner, int count, bool fails) : owner_(owner), count_(count), fails_(fails) {
      ++owner_.alive;
    }
    ~Pieces() override { --owner_.alive; }
    Task<std::string> next() override {
      if (next_ < count_) {
        ++owner_.made;
        co_return piece_number(next_++);
      }
      if (fails_) throw std::runtime_error("the disk is gone");
      co_return std::string();
    }

   private:
    Streams& owner_;
    int count_;
    bool fails_;
    int next_ = 0;
  };

  Task<Response> handle(Request& request) override {
    Response response = Response::text(200, "text/plain", "start");
    const int count = std::stoi(request.uri.raw_path.substr(1));
    response.rest = std::make_unique<Pieces>(*this, count, request.target.ends_with("?fail"));
    co_return response;
  }
  Response refuse(const Request&, BadMessage) override {
    return Response::text(400, "text/plain", "bad");
  }
  void finished(const Request&, const RequestOutcome& outcome) noexcept override {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back(outcome);
  }

  // Once that many requests have ended.
  std::vector<RequestOutcome> outcomes(std::size_t count) {
    for (int i = 0; i < 500; ++i) {
      {
        const std::lock_guard lock(mutex_);
        if (outcomes_.size() >= count) return outcomes_;
      }
      std::this_thread::sleep_for(10ms);
    }
    throw std::runtime_error("a request did not end");
  }

  std::atomic<int> made = 0;
  std::atomic<int> alive = 0;

 private:
  std::mutex mutex_;
  std::vector<RequestOutcome> outcomes_;
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
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("not connected");
    }
    timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(const std::string& text) {
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // What has come when `mark` has come, or the connection has ended.
  std::string receive_until(std::string_view mark) {
    std::size_t at = received_.find(mark);
    for (std::size_t seen = received_.size(); at == std::string::npos && receive();) {
      at = received_.find(mark, seen - std::min(seen, mark.size()));
      seen = received_.size();
    }
    const std::size_t end = at == std::string::npos ? received_.size() : at + mark.size();
    std::string out = received_.substr(0, end);
    received_.erase(0, end);
    return out;
  }
  std::string receive_all() {
    while (receive()) {
    }
    return std::move(received_);
  }
  bool was_reset() const { return error_ == ECONNRESET; }

 private:
  bool receive() {
    std::array<char, 65536> buffer;
    const ssize_t count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0) error_ = errno;
    if (count <= 0) return false;
    received_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

  int fd_;
  int error_ = 0;
  std::string received_;
};

// The body in `chunks`, whose last chunk has to be there.
std::string decoded(std::string_view chunks) {
  std::string body;
  for (;;) {
    const std::size_t line = chunks.find("\r\n");
    if (line == std::string_view::npos) throw std::runtime_error("no end");
    const auto length = std::stoul(std::string(chunks.substr(0, line)), nullptr, 16);
    chunks.remove_prefix(line + 2);
    if (chunks.substr(length, 2) != "\r\n") throw std::runtime_error("a chunk is not closed");
    body += chunks.substr(0, length);
    chunks.remove_prefix(length + 2);
    if (length == 0) return body;
  }
}

std::string body_of(int pieces) {
  std::string body = "start";
  for (int i = 0; i < pieces; ++i) body += piece_number(i);
  return body;
}

std::string request(std::string_view method, std::string_view target, std::string_view version) {
  return fmt::format("{} {} HTTP/{}\r\nHost: h\r\n\r\n", method, target, version);
}

class StreamedBody : public testing::Test {
 protected:
  StreamedBody() {
    ServerOptions options;
    options.listen.push_back({"127.0.0.1", 0, std::nullopt});
    options.cores = 1;
    server_ = std::make_unique<Server>(options, service_, system_entropy());
    server_->start();
    port_ = server_->ports().front();
  }
  ~StreamedBody() override { server_->drain(1s); }

  Streams service_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_;
};

TEST_F(StreamedBody, GoesInChunksAndTheConnectionGoesOn) {
  Client client(port_);
  for (const int pieces : {0, 1, 200}) {
    client.send(request("GET", fmt::format("/{}", pieces), "1.1"));
    const std::string head = client.receive_until("\r\n\r\n");
    EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
    EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
    EXPECT_EQ(head.find("Connection: close"), std::string::npos) << head;
    EXPECT_EQ(decoded(client.receive_until("\r\n0\r\n\r\n")), body_of(pieces));
  }
  const auto outcomes = service_.outcomes(3);
  EXPECT_TRUE(outcomes[2].complete);
  EXPECT_EQ(outcomes[2].bytes_sent, 5 + 200 * kPieceBytes);
  EXPECT_EQ(service_.alive, 0);
}

TEST_F(StreamedBody, EndsWithTheConnectionForAnOldClient) {
  Client client(port_);
  client.send("GET /20 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string head = client.receive_until("\r\n\r\n");
  EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  EXPECT_NE(head.find("Connection: close\r\n"), std::string::npos) << head;
  EXPECT_EQ(client.receive_all(), body_of(20));
  EXPECT_FALSE(client.was_reset());
}

TEST_F(StreamedBody, IsNotMadeForHead) {
  Client client(port_);
  client.send(request("HEAD", "/3", "1.1") + request("GET", "/0", "1.1"));
  const std::string head = client.receive_until("\r\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_TRUE(client.receive_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  EXPECT_EQ(service_.made, 0);
  EXPECT_EQ(service_.outcomes(1).front().bytes_sent, 0U);
}

TEST_F(StreamedBody, ThatFailsLacksItsEnd) {
  Client client(port_);
  client.send(request("GET", "/3?fail", "1.1"));
  client.receive_until("\r\n\r\n");
  const std::string chunks = client.receive_all();
  EXPECT_GT(chunks.size(), 3 * kPieceBytes);
  EXPECT_THROW(decoded(chunks), std::exception);
  const RequestOutcome outcome = service_.outcomes(1).front();
  EXPECT_FALSE(outcome.complete);
  EXPECT_EQ(outcome.bytes_sent, 5 + 3 * kPieceBytes);
}

TEST_F(StreamedBody, ThatFailsIsResetForAnOldClient) {
  Client client(port_);
  client.send(request("GET", "/3?fail", "1.0"));
  client.receive_all();
  EXPECT_TRUE(client.was_reset());
  EXPECT_FALSE(service_.outcomes(1).front().complete);
}

TEST_F(StreamedBody, IsMadeAsFastAsItIsRead) {
  constexpr int kPieces = 2000;  // 20 MB
  Client client(port_, 8192);
  client.send(request("GET", fmt::format("/{}", kPieces), "1.1"));
  std::this_thread::sleep_for(300ms);
  // What the two socket buffers take, at most.
  EXPECT_LT(service_.made, kPieces * 3 / 4);
  client.receive_until("\r\n\r\n");
  EXPECT_EQ(decoded(client.receive_until("\r\n0\r\n\r\n")).size(), 5 + kPieces * kPieceBytes);
}

TEST_F(StreamedBody, EndsWhenTheClientLeaves) {
  {
    Client client(port_, 8192);
    client.send(request("GET", "/5000", "1.1"));
    client.receive_until("start");
  }
  EXPECT_FALSE(service_.outcomes(1).front().complete);
  for (int i = 0; i < 500 && service_.alive > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(service_.alive, 0);
}

}  // namespace
}  // namespace coffer::http
