// What a body's reader can wait for besides bytes, over real sockets.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <string>

#include "base/entropy.h"
#include "http/multipart.h"
#include "http/server.h"

namespace coffer::http {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// `/wait` waits for an event that never comes, `/woken` for one that comes, `/read` tells how a
// read with little patience ended, then how the next one did; `/parts` the same of a form's part.
class Waiter final : public Service {
 public:
  Task<Response> handle(Request& request) override {
    const std::string& path = request.uri.raw_path;
    if (path == "/read") co_return Response::text(200, "text/plain", co_await read(*request.body));
    if (path == "/parts") {
      MultipartReader reader(*request.body, "B", {});
      co_await reader.next();
      co_return Response::text(200, "text/plain", co_await read(reader));
    }
    const auto event = std::make_shared<OneShotEvent>(Executor::current());
    if (path == "/woken") event->set();
    const bool is_there = co_await request.body->wait(*event, 300ms);
    if (!is_there) left_.set_value(Clock::now());
    co_return Response::text(200, "text/plain", is_there ? "there" : "left");
  }
  Response refuse(const Request&, BadMessage) override { return Response::text(400, "", "bad"); }
  void finished(const Request&, const RequestOutcome&) noexcept override {}

  std::future<Clock::time_point> left() { return left_.get_future(); }

 private:
  static Task<std::string> read(InputStream& stream) {
    std::string told;
    std::array<std::byte, 8'192> bytes;
    for (;;) {
      co_await stream.ready();
      const auto count = co_await stream.read_within(bytes, 50ms);
      if (count && *count == 0) co_return told + "end";
      if (count) {
        told += as_text(ByteView(bytes).first(*count));
        const auto more = co_await stream.read_within(bytes, 50ms);
        if (!more && more.error() == StreamFault::kStalled) told += " stalled ";
        if (more) told += *more > 0 ? as_text(ByteView(bytes).first(*more)) : "";
        continue;
      }
      co_return told + describe(count.error());
    }
  }

  std::promise<Clock::time_point> left_;
};

class Waiting : public testing::Test {
 protected:
  Waiting() {
    server_.start();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_.ports().front());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Waiting() override {
    hang_up();
    server_.drain(5s);  // the connection unwinds before the loops stop
  }

  void send(std::string_view text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void post(std::string_view path, std::size_t length, std::string_view body) {
    send(fmt::format("POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}", path, length,
                     body));
  }
  // The next response's body, to the end of what comes at once.
  std::string answer() {
    std::array<char, 4'096> bytes;
    std::string text;
    for (;;) {
      const ssize_t count = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (count <= 0) return "nothing";
      text.append(bytes.data(), static_cast<std::size_t>(count));
      const std::size_t head = text.find("\r\n\r\n");
      if (head == text.npos) continue;
      const std::size_t length = std::stoul(text.substr(text.find("Content-Length: ") + 16));
      if (text.size() >= head + 4 + length) return text.substr(head + 4);
    }
  }
  void hang_up() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

  Waiter service_;
  Server server_{
      {.listen = {{"127.0.0.1", 0, {}}}, .cores = 1, .limits = {}}, service_, system_entropy()};
  int fd_ = -1;
};

TEST_F(Waiting, EndsWhenTheTimeIsUp) {
  const auto begin = Clock::now();
  post("/wait", 10, "half");
  EXPECT_EQ(answer(), "there");
  EXPECT_GE(Clock::now() - begin, 300ms);
}

TEST_F(Waiting, EndsWithTheEvent) {
  post("/woken", 10, "half");
  EXPECT_EQ(answer(), "there");
}

// Bytes that were not read do not hide it.
TEST_F(Waiting, EndsWhenTheClientHangsUp) {
  auto left = service_.left();
  post("/wait", 100'000, std::string(50'000, 'x'));
  hang_up();
  EXPECT_EQ(left.wait_for(20s), std::future_status::ready);
}

TEST_F(Waiting, ReadThatStallsGoesOn) {
  post("/read", 8, "half");
  std::this_thread::sleep_for(400ms);
  send("rest");
  EXPECT_EQ(answer(), "half stalled restend");
}

TEST_F(Waiting, ReadOfAChunkThatStallsGoesOn) {
  send("POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
  std::this_thread::sleep_for(400ms);
  send("4\r\nrest\r\n0\r\n\r\n");
  EXPECT_EQ(answer(), "half stalled restend");
}

TEST_F(Waiting, ReadOfAPartThatStallsGoesOn) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
  const std::string end = "\r\n--B--\r\n";
  post("/parts", head.size() + 4 + 2 + 4 + end.size(), head + "half\r\n");
  std::this_thread::sleep_for(400ms);
  send("rest" + end);
  EXPECT_EQ(answer(), "half stalled \r\nrestend") << "what looked like a boundary was none";
}

}  // namespace
}  // namespace coffer::http
