#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log_record.h"

namespace coffer::log {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::chrono::seconds kFlushPatience{5};
std::atomic<Level> threshold{Level::kInfo};

// While lines come, they are written this often, many at once. Who logs would else wake the writer
// for every line, which costs him more than to say it.
constexpr std::chrono::milliseconds kGatherTime{5};
// As many bytes go out at once, or one line: a pipe takes no other writer's in between.
constexpr std::size_t kWriteBytes = PIPE_BUF;

// Standard error. Threads: the logger's.
class StandardError final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  // `queue` holds what the sink is still to get, and outlives it.
  explicit StandardError(spdlog::details::thread_pool& queue) : queue_(queue) {}
  ~StandardError() override { write_out(); }

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
    std::fflush(stderr);
    ++flushes_;
  }

 private:
  void write_out() {
    std::fwrite(lines_.data(), 1, lines_.size(), stderr);
    lines_.clear();
  }

  spdlog::details::thread_pool& queue_;
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

Writer& writer() {
  static Writer instance;
  return instance;
}

}  // namespace

void set_level(Level level) { threshold = level; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  thread_local std::string record;
  record.clear();
  append_record(record, system_clock().now(), level, event, fields);
  writer().logger->log(spdlog::level::info, spdlog::string_view_t(record.data(), record.size()));
}

void flush() {
  Writer& log = writer();
  const std::uint64_t before = log.sink->flushes();
  const auto patience = std::chrono::steady_clock::now() + kFlushPatience;
  log.logger->flush();
  while (log.sink->flushes() == before && std::chrono::steady_clock::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace coffer::log
