// The server over real sockets, with a service that says back what it got.
#include "http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/entropy.h"
#include "http/connection.h"
#include "http/test_client.h"
#include "net/socket.h"

namespace coffer::http {
namespace {

using namespace std::chrono_literals;

// A file that is shorter than was written down of it: /dev/null. In copies it fails at once.
class LostContent final : public Content {
 public:
  explicit LostContent(bool is_file) : is_file_(is_file) {}
  std::uint64_t size() const noexcept override { return kSize; }
  Task<Piece> piece(std::uint64_t offset, std::uint64_t length) const override {
    if (!is_file_) throw std::runtime_error("the disk does not read");
    co_return FileSlice{.fd = file_.get(), .offset = offset, .length = length};
  }

  static constexpr std::uint64_t kSize = 100;

 private:
  const bool is_file_;
  const net::UniqueSocket file_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
};

// `/echo` sends the body back, `/ignore` does not read it, `/slow` waits before it answers,
// `/work` takes its core a millisecond. `/fault` tells how reading ended. `/noted/<size>` notes how
// sending that many bytes ended. The content of `/lost` and `/cut` cannot be read.
class Echo final : public Service {
 public:
  Task<Response> handle(Request& request) override {
    const std::string& path = request.uri.raw_path;
    if (path == "/ignore") co_return Response::text(200, "text/plain", "ignored");
    if (path == "/slow") std::this_thread::sleep_for(200ms);
    if (path == "/work") {
      std::this_thread::sleep_for(1ms);
      ++worked;
    }
    if (path == "/lost" || path == "/cut") {
      Response response;
      response.body.emplace_back(
          ContentSection{std::make_shared<LostContent>(path == "/cut"), 0, LostContent::kSize});
      co_return response;
    }
    if (path == "/limited") request.body->set_limit(4);
    if (path.starts_with("/noted/")) co_return note(std::stoul(path.substr(7)));
    std::string body;
    std::array<std::byte, 1000> buffer;
    for (;;) {
      const auto count = co_await request.body->read(buffer);
      if (!count) co_return Response::text(400, "text/plain", describe(count.error()));
      if (*count == 0) break;
      body += as_text(ByteView(buffer).first(*count));
    }
    co_return Response::text(200, "text/plain", request.method_name + " " + path + " " + body);
  }
  Response refuse(const Request&, BadMessage why) override {
    const unsigned status = why == BadMessage::kHeadTimeout    ? 408
                            : why == BadMessage::kHeadTooLarge ? 431
                                                               : 400;
    return Response::text(status, "text/plain", "bad");
  }
  void finished(const Request&, const RequestOutcome& outcome) noexcept override {
    ++answers;
    if (!outcome.complete) ++incomplete;
  }

  std::vector<Delivery> noted() {
    const std::lock_guard lock(mutex_);
    return noted_;
  }

  std::atomic<int> worked = 0;
  std::atomic<int> answers = 0;
  std::atomic<int> incomplete = 0;

 private:
  // Behind a slow start, in which the client may leave.
  Response note(std::size_t size) {
    std::this_thread::sleep_for(50ms);
    Response response = Response::text(200, "text/plain", std::string(size, 'n'));
    response.after_sending = [this](const Delivery& delivery) -> Task<void> {
      const std::lock_guard lock(mutex_);
      noted_.push_back(delivery);
      co_return;
    };
    return response;
  }

  std::mutex mutex_;
  std::vector<Delivery> noted_;
};

class ServerTest : public testing::Test {
 protected:
  std::uint16_t start(Limits limits = {}, std::size_t cores = 2) {
    ServerOptions options;
    options.listen.push_back({"127.0.0.1", 0, std::nullopt});
    options.cores = cores;
    options.limits = limits;
    server_ = std::make_unique<Server>(options, echo_, system_entropy());
    server_->start();
    return server_->ports().front();
  }
  void TearDown() override {
    if (server_) server_->drain(1s);
  }

  Echo echo_;
  std::unique_ptr<Server> server_;
};

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"; }
std::string post(const std::string& path, const std::string& body, const std::string& more = {}) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n{}\r\n{}", path,
                     body.size(), more, body);
}
std::string chunked(const std::string& path, const std::string& framed) {
  return "POST " + path + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + framed;
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Client client(start());
  std::string burst;
  for (int i = 0; i < 20; ++i)
    burst += i % 2 ? get(fmt::format("/{}", i)) : post(fmt::format("/{}", i), "b");
  client.send(burst);
  for (int i = 0; i < 20; ++i) {
    const std::string text = client.response();
    EXPECT_NE(text.find(fmt::format(" /{} ", i)), std::string::npos) << text;
  }
}

// RFC 9112 section 2.2.
TEST_F(ServerTest, PassesOverSomeEmptyLinesAndNotOverAFlood) {
  const auto port = start();
  Client polite(port);
  polite.send("\r\n\r\n" + get("/a"));
  EXPECT_TRUE(polite.response().ends_with("GET /a "));
  Client flood(port);
  std::string lines;
  for (int i = 0; i < 17; ++i) lines += "\r\n";
  flood.send(lines);
  EXPECT_TRUE(flood.response().starts_with("HTTP/1.1 400"));
  EXPECT_TRUE(flood.is_closed());
}

TEST_F(ServerTest, ReadsABodyHoweverItIsCut) {
  Client client(start());
  const std::string request =
      chunked("/echo", "4\r\nabcd\r\n3;ext=1\r\nefg\r\n0\r\nTrailer: x\r\n\r\n");
  for (const char c : request) client.send({&c, 1});
  EXPECT_TRUE(client.response().ends_with("POST /echo abcdefg"));
  client.send(post("/echo", std::string(300'000, 'x')));
  EXPECT_TRUE(client.response().ends_with(std::string(300'000, 'x')));
}

TEST_F(ServerTest, RefusesBrokenChunkedFraming) {
  const auto port = start();
  for (const char* framed :
       {"x\r\n", "-1\r\nab\r\n", "4\nabcd\r\n0\r\n\r\n", "4\r\nabcdX\r\n0\r\n\r\n",
        "ffffffffffffffff1\r\n", "\r\n", "0x4\r\nabcd\r\n0\r\n\r\n"}) {
    Client client(port);
    client.send(chunked("/echo", framed));
    const std::string text = client.response();
    EXPECT_TRUE(text.starts_with("HTTP/1.1 400")) << framed << text;
    EXPECT_TRUE(client.is_closed()) << framed;
  }
}

TEST_F(ServerTest, HoldsBodiesToTheirLimit) {
  const auto port = start();
  for (const std::string& request :
       {post("/limited", "abcde"), chunked("/limited", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")}) {
    Client client(port);
    client.send(request);
    EXPECT_TRUE(client.response().starts_with("HTTP/1.1 400"));
  }
  Client client(port);
  client.send(post("/limited", "abcd"));
  EXPECT_TRUE(client.response().ends_with("abcd"));
}

TEST_F(ServerTest, SaysContinueOnlyWhenTheBodyIsRead) {
  const auto port = start();
  Client reading(port);
  reading.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(reading.response(), "HTTP/1.1 100 Continue\r\n\r\n");
  reading.send("ab");
  EXPECT_TRUE(reading.response().ends_with("ab"));

  Client ignored(port);
  ignored.send(
      "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(ignored.response().starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(ignored.is_closed());
}

TEST_F(ServerTest, GoesOnAfterASmallUnreadBodyAndEndsAfterALargeOne) {
  const auto port = start();
  Client small(port);
  small.send(post("/ignore", std::string(50'000, 'x')) + get("/next"));
  EXPECT_TRUE(small.response().ends_with("ignored"));
  EXPECT_TRUE(small.response().ends_with("GET /next "));

  Client large(port);
  large.send(post("/ignore", std::string(2'000'000, 'x')));
  const std::string text = large.response();
  EXPECT_NE(text.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(text.ends_with("ignored"));
  EXPECT_TRUE(large.is_closed());
}

TEST_F(ServerTest, SendsNoBodyForHead) {
  Client client(start());
  client.send("HEAD /echo HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
  EXPECT_NE(client.response(false).find("Content-Length: 11"), std::string::npos);
  EXPECT_TRUE(client.response().ends_with("GET /next "));
}

TEST_F(ServerTest, EndsAfterAnOldClientUnlessItAsks) {
  const auto port = start();
  Client old(port);
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.response().ends_with("GET /a "));
  EXPECT_TRUE(old.is_closed());
  Client kept(port);
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.response().find("Connection: keep-alive"), std::string::npos);
  kept.send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(kept.response().ends_with("GET /b "));
}

TEST_F(ServerTest, RefusesHeadsThatAreTooLargeOrTooSlow) {
  const auto port = start({.head_bytes = 4096, .head_timeout = 300ms});
  Client large(port);
  large.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x') + "\r\n\r\n");
  EXPECT_TRUE(large.response().starts_with("HTTP/1.1 431"));
  Client slow(port);
  slow.send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(slow.response().starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(slow.is_closed());
}

TEST_F(ServerTest, CutsABodyBelowTheFloorRateAndNotOneAboveIt) {
  const auto port = start({.floor_bytes = 100, .floor_window = 400ms});
  Client slow(port);
  slow.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nx");
  EXPECT_TRUE(slow.response().starts_with("HTTP/1.1 400"));

  Client steady(port);
  steady.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 10; ++i) {
    steady.send(std::string(100, 'x'));
    std::this_thread::sleep_for(120ms);
  }
  EXPECT_TRUE(steady.response().ends_with(std::string(1000, 'x')));
}

TEST_F(ServerTest, AFloodOfPipelinedRequestsLetsOthersIn) {
  const auto port = start({}, 1);
  std::atomic<bool> flooding = true;
  Client flood(port);
  std::string burst;
  for (int i = 0; i < 2000; ++i) burst += get("/flood");
  std::thread sender([&] {
    while (flooding) flood.send(burst);
  });
  std::thread reader([&] {
    while (flooding) flood.response();
  });
  std::this_thread::sleep_for(100ms);
  const auto before = std::chrono::steady_clock::now();
  Client other(port);
  other.send(get("/other"));
  EXPECT_TRUE(other.response().ends_with("GET /other "));
  EXPECT_LT(std::chrono::steady_clock::now() - before, 2s);
  flooding = false;
  flood.end();
  sender.join();
  reader.join();
}

TEST_F(ServerTest, OneOfManyPipelinedRequestsIsAnsweredATurn) {
  constexpr int kClients = 20;
  constexpr int kEach = 30;
  const auto port = start({}, 1);
  Client slow(port);
  slow.send(get("/slow"));  // so that all others are there when the next turn begins
  std::string burst;
  for (int i = 0; i < kEach; ++i) burst += get("/work");
  std::vector<std::unique_ptr<Client>> flood;
  for (int i = 0; i < kClients; ++i) {
    flood.push_back(std::make_unique<Client>(port));
    flood.back()->send(burst);
  }
  Client other(port);
  other.send(get("/other"));
  EXPECT_TRUE(other.response().ends_with("GET /other "));
  EXPECT_LE(echo_.worked, 4 * kClients) << "of " << kEach * kClients;
}

TEST_F(ServerTest, EndsIdleConnections) {
  Client client(start({.idle_timeout = 200ms}));
  client.send(get("/a"));
  client.response();
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerTest, DrainFinishesWhatRunsAndEndsWhatIdles) {
  const auto port = start();
  Client idle(port);
  idle.send(get("/a"));
  idle.response();
  Client running(port);
  running.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  std::this_thread::sleep_for(100ms);
  std::thread rest([&] {
    std::this_thread::sleep_for(300ms);
    running.send("cd");
  });
  EXPECT_TRUE(server_->drain(5s));
  rest.join();
  EXPECT_TRUE(idle.is_closed());
  const std::string text = running.response();
  EXPECT_NE(text.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(text.ends_with("abcd"));
  EXPECT_THROW(Client late(port), std::runtime_error);
}

TEST_F(ServerTest, DrainCutsWhatDoesNotEnd) {
  Client stuck(start());
  stuck.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(server_->drain(200ms));
  EXPECT_EQ(server_->load().connections, 0U);
}

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  const auto port = start();
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        Client client(port);
        for (int j = 0; j < 5; ++j) {
          const std::string body = fmt::format("{}-{}-{}", t, i, j);
          client.send(post("/echo", body));
          if (client.response().ends_with(" " + body)) ++right;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
}

TEST_F(ServerTest, AResponseLearnsHowItEnded) {
  const auto port = start();
  const auto wait_for = [&](std::size_t count) {
    for (int i = 0; i < 500 && echo_.noted().size() < count; ++i) std::this_thread::sleep_for(10ms);
    return echo_.noted();
  };
  Client client(port);
  client.send(get("/noted/1000"));
  EXPECT_TRUE(client.response().ends_with("nnn"));
  client.send(get("/noted/0"));
  client.response();
  auto noted = wait_for(2);
  ASSERT_EQ(noted.size(), 2U);
  EXPECT_EQ(noted[0].bytes_sent, 1000U);
  EXPECT_TRUE(noted[0].complete && noted[1].complete);

  Client gone(port);
  gone.send(get("/noted/1000"));
  std::this_thread::sleep_for(10ms);
  gone.abort();
  noted = wait_for(3);
  ASSERT_EQ(noted.size(), 3U);
  EXPECT_EQ(noted[2].bytes_sent, 0U);
  EXPECT_FALSE(noted[2].complete);

  Client halfway(port);
  halfway.send(get("/noted/100000000"));
  EXPECT_TRUE(halfway.take_some());
  halfway.abort();
  noted = wait_for(4);
  ASSERT_EQ(noted.size(), 4U);
  EXPECT_GT(noted[3].bytes_sent, 0U);
  EXPECT_FALSE(noted[3].complete);
}

// This process has the server's ends of all connections too. -1: none between these ports.
int socket_between(std::uint16_t ours, std::uint16_t theirs) {
  constexpr int kMaxDescriptors = 1000;
  for (int fd = 3; fd < kMaxDescriptors; ++fd) {
    sockaddr_in here{};
    sockaddr_in there{};
    socklen_t length = sizeof here;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &length) != 0) continue;
    length = sizeof there;
    ::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &length);
    if (ntohs(here.sin_port) == ours && ntohs(there.sin_port) == theirs) return fd;
  }
  return -1;
}

// How a reply of some size goes out that has to wait for its reader.
class LongReplyTest : public ServerTest {
 protected:
  static constexpr int kLittle = 64 * 1024;  // goes into a socket's buffer

  void SetUp() override {
    port_ = start();
    const int listener = socket_between(port_, 0);
    ASSERT_EQ(::setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &kLittle, sizeof kLittle), 0);
  }

  // The server's end.
  bool is_corked(const Client& client) const {
    int value = 0;
    socklen_t length = sizeof value;
    ::getsockopt(socket_between(port_, client.port()), IPPROTO_TCP, TCP_CORK, &value, &length);
    return value != 0;
  }

  template <class Condition>
  static bool soon(Condition condition) {
    for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(10ms);
    return condition();
  }

  std::uint16_t port_ = 0;
};

TEST_F(LongReplyTest, GoesInFullSegments) {
  Client client(port_, kLittle);
  client.send(get(fmt::format("/noted/{}", kTransferBytes)));
  EXPECT_TRUE(soon([&] { return is_corked(client); }));
  EXPECT_TRUE(client.response().ends_with("nnn"));
  EXPECT_TRUE(soon([&] { return !is_corked(client); }));
}

TEST_F(LongReplyTest, IsNoneBelowItsSize) {
  Client client(port_, kLittle);
  client.send(get(fmt::format("/noted/{}", kTransferBytes - 1)));
  EXPECT_TRUE(client.sees_some());
  EXPECT_FALSE(is_corked(client));
  EXPECT_TRUE(echo_.noted().empty()) << "it was to wait for its reader";
  EXPECT_TRUE(client.response().ends_with("nnn"));
}

// What failed before its head was out is answered; what did not ends short of its length.
TEST_F(ServerTest, ContentThatCannotBeReadIsNoneThatWasSent) {
  const auto port = start();
  Client lost(port);
  lost.send(get("/lost"));
  EXPECT_TRUE(lost.response().starts_with("HTTP/1.1 500 "));
  EXPECT_TRUE(lost.is_closed());
  Client cut(port);
  cut.send(get("/cut"));
  const std::string head = cut.response(false);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
  EXPECT_TRUE(cut.is_closed());
  EXPECT_EQ(echo_.incomplete, 2);
}

TEST_F(ServerTest, CountsAnswersThatWereNotTaken) {
  const auto port = start();
  {
    Client leaving(port);
    leaving.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nab");
    std::this_thread::sleep_for(50ms);
  }
  for (int i = 0; i < 100 && echo_.answers == 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(echo_.answers, 1);
}

}  // namespace
}  // namespace coffer::http
