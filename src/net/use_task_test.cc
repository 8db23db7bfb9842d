#include "net/use_task.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "base/task.h"
#include "net/socket.h"

namespace coffer::net {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
namespace error = boost::asio::error;

SteadyTime in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
// Longer than any test takes.
SteadyTime late() { return in(1h); }

// A task's end, for another thread to wait for.
template <class T>
T result_on(EventLoop& loop, std::function<Task<T>()> task) {
  const auto result = std::make_shared<std::promise<T>>();
  loop.post([result, &task] {
    start(task(), [result](const std::exception_ptr& failure, std::optional<T> value) {
      if (failure) return result->set_exception(failure);
      result->set_value(std::move(*value));
    });
  });
  return result->get_future().get();
}

// An operation that ends when the test says so.
class Manual {
 public:
  using Done = std::move_only_function<void(boost::system::error_code, int)>;

  template <class Token>
  auto start(Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, int)>(
        [this](auto handler) {
          if (fails_to_start) throw std::runtime_error("not started");
          ++starts;
          auto slot = boost::asio::get_associated_cancellation_slot(handler);
          if (slot.is_connected()) {
            slot.assign([this](boost::asio::cancellation_type) {
              ++cancellations;
              if (when_cancelled) when_cancelled();
            });
          }
          done = std::move(handler);
          if (when_started) when_started();
        },
        token);
  }
  void end(boost::system::error_code with, int value) { std::exchange(done, {})(with, value); }

  bool fails_to_start = false;
  int starts = 0;
  int cancellations = 0;
  std::function<void()> when_started;
  std::function<void()> when_cancelled;
  Done done;
};

class UseTaskTest : public testing::Test {
 protected:
  UseTaskTest() {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()) != 0) {
      throw std::runtime_error("no sockets");
    }
    // Asio asks the family of the sockets that it makes alone.
    ours_.assign(tcp::v4(), pair[0]);
    theirs_.emplace(pair[1]);
    loop_.start("test-loop");
  }
  ~UseTaskTest() override { loop_.stop(); }

  void send(std::string_view text) {
    EXPECT_EQ(::send(theirs_->get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Bytes that are there and were not read.
  std::size_t unread() {
    std::array<char, 64> bytes{};
    const ssize_t count =
        ::recv(ours_.native_handle(), bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }
  using Count = std::expected<std::size_t, boost::system::error_code>;
  // Of a read, which moves one byte. `before` is called on the loop, at once before it starts.
  Count read(
      SteadyTime deadline, std::stop_token stop = {}, const std::function<void()>& before = [] {}) {
    return result_on<Count>(loop_, [&]() -> Task<Count> {
      before();
      co_return co_await ours_.async_read_some(boost::asio::buffer(&byte_, 1),
                                               use_task_until(loop_, deadline, stop));
    });
  }

  EventLoop loop_;
  Socket ours_{loop_.context()};
  std::optional<UniqueSocket> theirs_;
  char byte_ = 0;
};

// Completes, fails.

TEST_F(UseTaskTest, GivesTheResult) {
  send("a");
  const auto count = result_on<Count>(loop_, [&]() -> Task<Count> {
    co_return co_await ours_.async_read_some(boost::asio::buffer(&byte_, 1), use_task);
  });
  EXPECT_EQ(count, 1U);
  EXPECT_EQ(byte_, 'a');
  theirs_.reset();
  EXPECT_EQ(read(kNever).error(), error::eof);
}

TEST_F(UseTaskTest, GoesOnOnTheLoopWhenTheOperationEnds) {
  std::thread::id before;
  std::thread::id after;
  const bool waited = result_on<bool>(loop_, [&]() -> Task<bool> {
    before = std::this_thread::get_id();
    Timer timer(loop_.context(), 20ms);
    const auto begin = std::chrono::steady_clock::now();
    const auto done = co_await timer.async_wait(use_task);
    after = std::this_thread::get_id();
    co_return done.has_value() && std::chrono::steady_clock::now() - begin >= 20ms;
  });
  EXPECT_TRUE(waited);
  EXPECT_EQ(before, after);
}

TEST_F(UseTaskTest, GivesTheOperationsError) {
  tcp::acceptor closed(loop_.context(), tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  const auto nobody = closed.local_endpoint();
  closed.close();
  for (const auto deadline : {kNever, late()}) {
    Socket socket(loop_.context());
    using Done = std::expected<void, boost::system::error_code>;
    const auto connected = result_on<Done>(loop_, [&]() -> Task<Done> {
      co_return co_await socket.async_connect(nobody, use_task_until(loop_, deadline));
    });
    EXPECT_EQ(connected.error(), error::connection_refused);
  }
}

TEST_F(UseTaskTest, AwaitsOperationsOfSeveralSteps) {
  using Found = std::expected<tcp::resolver::results_type, boost::system::error_code>;
  tcp::resolver resolver(loop_.context());
  const auto found = result_on<Found>(loop_, [&]() -> Task<Found> {
    co_return co_await resolver.async_resolve("127.0.0.1", "80", use_task_until(loop_, late()));
  });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->begin()->endpoint().port(), 80);
  std::array<char, 6> bytes{};
  send("two");
  loop_.post([&] { send("ice"); });
  const auto count = result_on<Count>(loop_, [&]() -> Task<Count> {
    co_return co_await boost::asio::async_read(ours_, boost::asio::buffer(bytes),
                                               use_task_until(loop_, late()));
  });
  EXPECT_EQ(count, 6U);
  EXPECT_EQ(std::string(bytes.data(), 6), "twoice");
}

TEST_F(UseTaskTest, PassesOnWhatKeepsTheOperationFromStarting) {
  Manual operation;
  operation.fails_to_start = true;
  const auto plain = [&]() -> Task<int> { co_return *co_await operation.start(use_task); };
  const auto bounded = [&]() -> Task<int> {
    const std::stop_source source;
    co_return *co_await operation.start(use_task_until(loop_, late(), source.get_token()));
  };
  EXPECT_THROW(result_on<int>(loop_, plain), std::runtime_error);
  EXPECT_THROW(result_on<int>(loop_, bounded), std::runtime_error);
}

// Is cancelled: before, while, after.

TEST_F(UseTaskTest, DoesNotStartAfterAStop) {
  send("a");
  std::stop_source source;
  source.request_stop();
  EXPECT_EQ(read(late(), source.get_token()).error(), error::operation_aborted);
  EXPECT_EQ(unread(), 1U);
}

TEST_F(UseTaskTest, StopsOnAnyThread) {
  for (int i = 0; i < 20; ++i) {
    std::stop_source source;
    std::thread stops([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(i % 3));
      source.request_stop();
    });
    EXPECT_EQ(read(kNever, source.get_token()).error(), error::operation_aborted);
    stops.join();
  }
  std::stop_source source;
  const auto stop_soon = [&] { loop_.post([&] { source.request_stop(); }); };
  EXPECT_EQ(read(kNever, source.get_token(), stop_soon).error(), error::operation_aborted);
  send("a");
  EXPECT_EQ(read(kNever), 1U) << "the socket is as it was";
}

TEST_F(UseTaskTest, AStopAfterTheEndDoesNothing) {
  send("ab");
  std::stop_source source;
  EXPECT_EQ(read(late(), source.get_token()), 1U);
  source.request_stop();
  EXPECT_EQ(read(late()), 1U);
}

// The coroutine goes on only when the operation has ended, however long that takes after the stop.
TEST_F(UseTaskTest, WaitsForTheEndOfWhatItCancels) {
  Manual operation;
  std::stop_source source;
  std::promise<void> cancelled;
  operation.when_cancelled = [&] { cancelled.set_value(); };
  std::atomic<bool> is_back = false;
  std::promise<boost::system::error_code> told;
  const auto waits = [&]() -> Task<void> {
    const auto result = co_await operation.start(use_task_until(loop_, late(), source.get_token()));
    is_back = true;
    told.set_value(result.error());
  };
  loop_.post([&] {
    start(waits(), [](const std::exception_ptr&) {});
    source.request_stop();
  });
  cancelled.get_future().wait();
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(is_back);
  loop_.post([&] { operation.end(error::operation_aborted, 0); });
  EXPECT_EQ(told.get_future().get(), error::operation_aborted);
  EXPECT_EQ(operation.cancellations, 1);
}

// The deadline.

TEST_F(UseTaskTest, TimesOut) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(read(in(50ms)).error(), error::timed_out);
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  send("a");
  EXPECT_EQ(read(late()), 1U) << "the socket is as it was";
}

TEST_F(UseTaskTest, DoesNotStartAfterTheDeadline) {
  send("a");
  EXPECT_EQ(read(in(0ms)).error(), error::timed_out);
  EXPECT_EQ(unread(), 1U);
}

TEST_F(UseTaskTest, ReportsWhatCancelledIt) {
  std::stop_source source;
  EXPECT_EQ(read(in(20ms), source.get_token()).error(), error::timed_out);
  std::thread stops([&] { source.request_stop(); });
  EXPECT_EQ(read(late(), source.get_token()).error(), error::operation_aborted);
  stops.join();
  // Cancelled by the socket's owner, not by the deadline.
  const auto cancel_soon = [&] { loop_.post([&] { ours_.cancel(); }); };
  EXPECT_EQ(read(late(), {}, cancel_soon).error(), error::operation_aborted);
}

// Cancellation and the end meet.

TEST_F(UseTaskTest, SuccessDuringCancellationIsSuccess) {
  using Value = std::expected<int, boost::system::error_code>;
  for (const bool by_deadline : {true, false}) {
    Manual operation;
    std::stop_source source;
    operation.when_cancelled = [&] { operation.end({}, 7); };  // inside the cancellation, too
    operation.when_started = [&] {
      if (!by_deadline) loop_.post([&] { source.request_stop(); });
    };
    const auto value = result_on<Value>(loop_, [&]() -> Task<Value> {
      co_return co_await operation.start(
          use_task_until(loop_, by_deadline ? in(20ms) : late(), source.get_token()));
    });
    EXPECT_EQ(value, 7);
    EXPECT_EQ(operation.cancellations, 1);
  }
}

TEST_F(UseTaskTest, AStopThatComesWithTheEndIsTooLate) {
  using Value = std::expected<int, boost::system::error_code>;
  Manual operation;
  std::stop_source source;
  operation.when_started = [&] {
    loop_.post([&] {
      source.request_stop();  // is in the loop's queue behind this
      operation.end({}, 7);
    });
  };
  const auto value = result_on<Value>(loop_, [&]() -> Task<Value> {
    co_return co_await operation.start(use_task_until(loop_, late(), source.get_token()));
  });
  EXPECT_EQ(value, 7);
  EXPECT_EQ(operation.cancellations, 0);
}

// What the sanitizers look at: a byte, a stop and a deadline at about the same time. Whatever wins,
// the byte was either read, and that is said, or is still there.
TEST_F(UseTaskTest, LosesNoByteInARace) {
  constexpr int kRounds = 2'000;
  int completed = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::stop_source source;
    std::atomic<bool> go = false;
    // Each begins up to some microseconds after the read has started.
    const auto racer = [&](int delay, auto act) {
      return std::thread([&go, delay, act] {
        while (!go) std::this_thread::yield();
        const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(delay);
        while (std::chrono::steady_clock::now() < until) {
        }
        act();
      });
    };
    std::thread stops = racer(i % 50, [&] { source.request_stop(); });
    std::thread sends = racer(i / 50 % 40, [&] { send("a"); });
    const auto deadline = i % 2 ? late() : in(1ms);
    const auto count = read(deadline, source.get_token(), [&] { loop_.post([&] { go = true; }); });
    stops.join();
    sends.join();
    if (count) {
      ASSERT_EQ(*count, 1U);
      ASSERT_EQ(unread(), 0U);
      ++completed;
      continue;
    }
    ASSERT_TRUE(count.error() == error::operation_aborted || count.error() == error::timed_out)
        << count.error().message();
    ASSERT_EQ(unread(), 1U);
    ASSERT_EQ(read(kNever), 1U);
  }
  RecordProperty("completed", completed);
}

}  // namespace
}  // namespace coffer::net
