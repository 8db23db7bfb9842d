#include "http/upstream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstring>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "http/test_upstream_server.h"

namespace coffer::http {
namespace {

using namespace std::chrono_literals;
using test::ServedConnection;
using test::ServedRequest;

class TextBody final : public UpstreamBody {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  std::uint64_t size() const noexcept override { return text_.size(); }
  void read(ByteSpan into, std::uint64_t offset) const override {
    if (is_lost) throw std::runtime_error("the disk has lost it");
    std::memcpy(into.data(), text_.data() + offset, into.size());
  }
  bool is_lost = false;

 private:
  std::string text_;
};

struct Answer {
  unsigned status = 0;
  std::string body;
  std::string etag;
};

class UpstreamTest : public testing::Test {
 protected:
  static Task<Answer> fetch(UpstreamClient& client, UpstreamRequest request) {
    const auto reply = co_await client.send(std::move(request));
    Answer answer;
    answer.status = reply->status();
    answer.etag = reply->headers().get("ETag").value_or("");
    answer.body = co_await reply->read_text(std::size_t{1} << 30U);
    co_return answer;
  }
  Answer get(const std::string& url) {
    UpstreamRequest request{.method = "GET", .url = url};
    return executor_.run(fetch(client_, std::move(request)));
  }
  std::optional<UpstreamFault> fault_of(UpstreamRequest request) {
    return fault_of(std::move(request), client_);
  }
  std::optional<UpstreamFault> fault_of(UpstreamRequest request, UpstreamClient& client) {
    try {
      executor_.run(fetch(client, std::move(request)));
    } catch (const UpstreamError& error) {
      return error.fault();
    }
    return std::nullopt;
  }

  InlineExecutor executor_;
  UpstreamClient client_{{}};
};

TEST_F(UpstreamTest, SendsABodyAndReadsTheReply) {
  std::promise<ServedRequest> served;
  test::UpstreamServer server([&](const ServedRequest& request, const ServedConnection& to) {
    served.set_value(request);
    to.reply(200, "stored", "ETag: \"abc\"\r\n");
    return true;
  });
  std::string sent(300'000, 'x');
  sent[299'999] = 'y';
  UpstreamRequest request{.method = "PUT", .url = server.url() + "/a/../b?c=d"};
  request.headers.add("x-amz-date", "today");
  request.body = std::make_shared<TextBody>(sent);
  const Answer answer = executor_.run(fetch(client_, std::move(request)));
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "stored");
  EXPECT_EQ(answer.etag, "\"abc\"");
  ServedRequest seen = served.get_future().get();
  EXPECT_EQ(seen.method, "PUT");
  EXPECT_EQ(seen.target, "/a/../b?c=d") << "as it was signed";
  EXPECT_EQ(seen.body, sent);
  EXPECT_EQ(seen.headers["x-amz-date"], "today");
  EXPECT_FALSE(seen.headers.contains("expect"));
  EXPECT_FALSE(seen.headers.contains("transfer-encoding"));
}

TEST_F(UpstreamTest, SendsEmptyBodiesAndNone) {
  std::mutex mutex;
  std::vector<ServedRequest> seen;
  test::UpstreamServer server([&](const ServedRequest& request, const ServedConnection& to) {
    {
      const std::lock_guard lock(mutex);
      seen.push_back(request);
    }
    to.reply(204, "");
    return true;
  });
  UpstreamRequest empty{.method = "PUT", .url = server.url() + "/e"};
  empty.body = std::make_shared<TextBody>("");
  EXPECT_EQ(executor_.run(fetch(client_, std::move(empty))).status, 204U);
  for (const char* method : {"DELETE", "HEAD", "POST"}) {
    UpstreamRequest request{.method = method, .url = server.url() + "/e"};
    EXPECT_EQ(executor_.run(fetch(client_, std::move(request))).status, 204U);
  }
  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[0].headers["content-length"], "0");
  EXPECT_EQ(seen[1].method, "DELETE");
  EXPECT_EQ(seen[2].method, "HEAD");
  EXPECT_EQ(seen[3].method, "POST");
  EXPECT_EQ(server.connections(), 1) << "it is kept for the next request";
}

// Loopback holds some megabytes; the rest stays with the server until it is asked for.
TEST_F(UpstreamTest, ASlowReaderSlowsTheServer) {
  const std::string body(std::size_t{64} << 20U, 'b');
  std::atomic<bool> is_sent = false;
  test::UpstreamServer server([&](const ServedRequest&, const ServedConnection& to) {
    to.reply(200, body);
    is_sent = true;
    return false;
  });
  UpstreamClient client({.stall_timeout = 2s});
  const auto read_late = [&]() -> Task<std::size_t> {
    UpstreamRequest request{.method = "GET", .url = server.url()};
    const auto reply = co_await client.send(std::move(request));
    // Longer than the stall timeout: nothing is wrong with a server that waits.
    std::this_thread::sleep_for(3s);
    EXPECT_FALSE(is_sent);
    std::vector<std::byte> into(100'000);
    std::size_t all = 0;
    for (;;) {
      const std::size_t count = co_await reply->read(into);
      if (count == 0) co_return all;
      all += count;
    }
  };
  EXPECT_EQ(executor_.run(read_late()), body.size());
}

TEST_F(UpstreamTest, SaysWhatWentWrong) {
  {
    std::string nowhere;
    {
      test::UpstreamServer gone(
          [](const ServedRequest&, const ServedConnection&) { return false; });
      nowhere = gone.url();
    }
    EXPECT_EQ(fault_of({.method = "GET", .url = nowhere}), UpstreamFault::kUnreachable);
  }
  std::atomic<bool> is_over = false;
  test::UpstreamServer server([&](const ServedRequest& request, const ServedConnection& to) {
    if (request.target == "/short") to.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    if (request.target == "/reset") to.reset();
    while (request.target == "/hangs" && !is_over) std::this_thread::sleep_for(5ms);
    if (request.target == "/long") to.reply(200, "", "X: " + std::string(70'000, 'x') + "\r\n");
    return false;
  });
  for (const char* path : {"/short", "/reset", "/closed"}) {
    EXPECT_EQ(fault_of({.method = "GET", .url = server.url() + path}), UpstreamFault::kBroken);
  }
  UpstreamClient hurried({.stall_timeout = 100ms});
  EXPECT_EQ(fault_of({.method = "GET", .url = server.url() + "/hangs"}, hurried),
            UpstreamFault::kTimedOut);
  is_over = true;
  EXPECT_EQ(fault_of({.method = "GET", .url = server.url() + "/long"}), UpstreamFault::kOther);
  const auto lost = std::make_shared<TextBody>("abc");
  lost->is_lost = true;
  UpstreamRequest put{.method = "PUT", .url = server.url() + "/lost"};
  put.body = lost;
  EXPECT_EQ(fault_of(std::move(put)), UpstreamFault::kOther);
}

TEST_F(UpstreamTest, SleepsAsLongAsItIsTold) {
  const auto began = std::chrono::steady_clock::now();
  executor_.run(client_.sleep(30ms));
  EXPECT_GE(std::chrono::steady_clock::now() - began, 30ms);
}

TEST_F(UpstreamTest, ManyAtOnce) {
  test::UpstreamServer server([&](const ServedRequest& request, const ServedConnection& to) {
    to.reply(200, request.target);
    return true;
  });
  const auto all = [&]() -> Task<int> {
    std::vector<std::unique_ptr<UpstreamReply>> replies;
    for (int i = 0; i < 50; ++i) {
      UpstreamRequest request{.method = "GET", .url = server.url() + "/" + std::to_string(i)};
      replies.push_back(co_await client_.send(std::move(request)));
    }
    int right = 0;
    for (std::size_t i = 0; i < replies.size(); ++i) {
      const std::string text = co_await replies[i]->read_text(100);
      right += text == "/" + std::to_string(i) ? 1 : 0;
    }
    co_return right;
  };
  EXPECT_EQ(executor_.run(all()), 50);
}

// Whoever waits may be destroyed: nothing wakes what is gone, and the request is given up.
TEST_F(UpstreamTest, MayBeGivenUpWhileItWaits) {
  test::UpstreamServer server([&](const ServedRequest& request, const ServedConnection& to) {
    if (request.target == "/body") to.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    std::this_thread::sleep_for(20ms);
    return false;
  });
  const auto wait_for = [&](std::string path) -> Task<void> {
    UpstreamRequest request{.method = "GET", .url = server.url() + path};
    const auto reply = co_await client_.send(std::move(request));
    co_await reply->read_text(9);
  };
  const Executor::Scope scope(executor_);
  for (const char* path : {"/head", "/body"}) {
    for (int i = 0; i < 10; ++i) {
      Task<void> waiting = wait_for(path);
      struct Probe {
        struct promise_type {
          Probe get_return_object() noexcept {
            return {std::coroutine_handle<promise_type>::from_promise(*this)};
          }
          std::suspend_never initial_suspend() const noexcept { return {}; }
          std::suspend_always final_suspend() const noexcept { return {}; }
          void return_void() const noexcept {}
          void unhandled_exception() const noexcept {}
        };
        std::coroutine_handle<promise_type> handle;
      };
      const auto begin = [](Task<void> task) -> Probe { co_await std::move(task); };
      const Probe probe = begin(std::move(waiting));
      std::this_thread::sleep_for(std::chrono::milliseconds(i));
      probe.handle.destroy();
    }
  }
  // What woke meanwhile finds nobody.
  executor_.run(client_.sleep(1ms));
}

}  // namespace
}  // namespace coffer::http
