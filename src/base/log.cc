#include "base/log.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log_record.h"

namespace coffer::log {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::chrono::seconds kFlushPatience{1};
std::atomic<Level> threshold{Level::kInfo};

constexpr std::chrono::milliseconds kThrottlePause{1000};

// While lines come, they are written this often, many at once. Who logs would else wake the writer
// for every line, which costs him more than to say it.
constexpr std::chrono::milliseconds kGatherTime{5};
// As many bytes go out at once, or one line: a pipe takes no other writer's in between.
constexpr std::size_t kWriteBytes = PIPE_BUF;

// Lines that standard error did not take.
std::atomic<std::uint64_t> unwritten = 0;

// Writes `lines` to standard error, however long nobody reads it. What it refuses (a full disk, a
// closed pipe) is counted as dropped.
void write_to_standard_error(std::string_view lines) noexcept {
  while (!lines.empty()) {
    const ssize_t count = ::write(STDERR_FILENO, lines.data(), lines.size());
    if (count >= 0) {
      lines.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd wanted{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
      ::poll(&wanted, 1, -1);
    } else if (errno != EINTR) {
      unwritten += static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
      return;
    }
  }
}

// Standard error. Threads: the logger's.
class StandardError final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  // `queue` holds what the sink is still to get, and outlives it.
  explicit StandardError(spdlog::details::thread_pool& queue) : queue_(queue) {}

  std::uint64_t flushes() const { return flushes_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    line_.clear();
    append_line(line_, {message.payload.data(), message.payload.size()});
    if (lines_.size() + line_.size() > kWriteBytes) write_out();
    lines_ += line_;
    if (queue_.queue_size() > 0) return;
    write_out();
    std::this_thread::sleep_for(kGatherTime);
  }
  void flush_() override {
    write_out();
    ++flushes_;
  }

 private:
  void write_out() {
    write_to_standard_error(lines_);
    lines_.clear();
    if (const std::uint64_t dropped = dropped_lines(); dropped > told_) {
      const Field lines("lines", dropped - told_);
      told_ = dropped;
      std::string record;
      append_record(record, system_clock().now(), Level::kWarning, "log lines dropped",
                    {&lines, 1});
      append_line(lines_, record);
      write_to_standard_error(lines_);
      lines_.clear();
    }
  }

  spdlog::details::thread_pool& queue_;
  std::uint64_t told_ = 0;  // of dropped_lines()
  std::string line_;
  std::string lines_;  // not written yet
  std::atomic<std::uint64_t> flushes_ = 0;
};

// The asynchronous logger, its queue and its one thread.
struct Writer {
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  std::shared_ptr<StandardError> sink = std::make_shared<StandardError>(*pool);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "coffer", sink, pool, spdlog::async_overflow_policy::overrun_oldest);

  Writer() { logger->set_level(spdlog::level::trace); }
};

// Null where no thread can be had. Lives until the program is gone: its thread may be stuck in a
// pipe that nobody reads, and must not be waited for.
Writer* writer() noexcept {
  static Writer* const instance = []() noexcept -> Writer* {
    try {
      return new Writer;
    } catch (...) {
      return nullptr;
    }
  }();
  return instance;
}

void write_now(std::string_view record) {
  std::string line;
  append_line(line, record);
  write_to_standard_error(line);
}

}  // namespace

void set_level(Level level) { threshold = level; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) noexcept {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  try {
    thread_local std::string record;
    record.clear();
    append_record(record, system_clock().now(), level, event, fields);
    Writer* log = writer();
    if (!log) return write_now(record);
    log->logger->log(spdlog::level::info, spdlog::string_view_t(record.data(), record.size()));
  } catch (...) {
    ++unwritten;
  }
}

void flush() noexcept {
  Writer* log = writer();
  if (!log) return;
  const std::uint64_t before = log->sink->flushes();
  const auto patience = std::chrono::steady_clock::now() + kFlushPatience;
  log->logger->flush();
  while (log->sink->flushes() == before && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::uint64_t dropped_lines() noexcept {
  Writer* log = writer();
  return unwritten + (log ? log->pool->overrun_counter() : 0);
}

std::optional<std::uint64_t> Throttle::admit() noexcept {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  const std::int64_t now =
      duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
  std::int64_t next = next_.load(std::memory_order_relaxed);
  if (now < next || !next_.compare_exchange_strong(next, now + kThrottlePause.count())) {
    ++held_back_;
    return std::nullopt;
  }
  return held_back_.exchange(0);
}

}  // namespace coffer::log
