#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/text.h"

namespace coffer::log {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::chrono::seconds kFlushPatience{5};
std::atomic<Level> threshold{Level::kInfo};

// Standard error, a line at a time.
class StandardError final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::uint64_t flushes() const { return flushes_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::fwrite(message.payload.data(), 1, message.payload.size(), stderr);
  }
  void flush_() override {
    std::fflush(stderr);
    ++flushes_;
  }

 private:
  std::atomic<std::uint64_t> flushes_ = 0;
};

// The asynchronous logger, its queue and its one thread, in the order they may be destroyed.
struct Writer {
  std::shared_ptr<StandardError> sink = std::make_shared<StandardError>();
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "coffer", sink, pool, spdlog::async_overflow_policy::overrun_oldest);

  Writer() { logger->set_level(spdlog::level::trace); }
};

Writer& writer() {
  static Writer instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarning: return "warning";
    case Level::kError: break;
  }
  return "error";
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out;
  if (is_utf8(text)) {
    append_quoted(out, text);
    return out;
  }
  std::string repaired;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && i + length <= text.size() && !is_utf8(text.substr(i, length))) ++length;
    if (length <= 4 && i + length <= text.size()) {
      repaired += text.substr(i, length);
      i += length;
    } else {
      repaired += "\xef\xbf\xbd";
      ++i;
    }
  }
  append_quoted(out, repaired);
  return out;
}

void set_level(Level level) { threshold = level; }

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","event":)",
                                 to_iso8601(system_clock().now()), name_of(level));
  append_quoted(line, event);
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    if (const auto* text = std::get_if<std::string_view>(&field.value)) {
      line += json_quoted(*text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
      fmt::format_to(std::back_inserter(line), "{:.6g}", *real);
    } else {
      line += std::get<bool>(field.value) ? "true" : "false";
    }
  }
  line += "}\n";
  writer().logger->log(spdlog::level::info, line);
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
