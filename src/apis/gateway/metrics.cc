#include "apis/gateway/metrics.h"

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <iterator>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

namespace coffer::apis {
namespace {

constexpr std::array<double, 8> kBounds{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60};  // seconds
constexpr std::size_t kClasses = 5;                                                // 1xx to 5xx

// What some of the threads counted. Its own cache line: threads that count do not meet.
struct alignas(64) Cell {
  std::array<std::atomic<std::uint64_t>, kClasses> responses{};
  std::atomic<std::uint64_t> received = 0;
  std::atomic<std::uint64_t> sent = 0;
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> durations{};
  std::atomic<std::uint64_t> nanoseconds = 0;
};

// More threads than cells share.
constexpr std::size_t kCells = 8;

std::size_t cell_of_this_thread() {
  static std::atomic<std::size_t> threads = 0;
  static thread_local const std::size_t number = threads.fetch_add(1) % kCells;
  return number;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t more) {
  counter.fetch_add(more, std::memory_order_relaxed);
}

}  // namespace

class Metrics::RouteCounters {
 public:
  explicit RouteCounters(std::vector<prometheus::ClientMetric::Label> names)
      : labels(std::move(names)) {}

  template <class Part>
  std::uint64_t sum(Part part) const {
    std::uint64_t total = 0;
    for (const Cell& cell : cells) total += part(cell).load(std::memory_order_relaxed);
    return total;
  }

  std::vector<prometheus::ClientMetric::Label> labels;
  std::array<Cell, kCells> cells;
};

class Metrics::Impl {
 public:
  std::vector<prometheus::MetricFamily> collect() const {
    using prometheus::MetricType;
    prometheus::MetricFamily responses{"coffer_http_responses_total",
                                       "Responses by route and class of status",
                                       MetricType::Counter,
                                       {}};
    prometheus::MetricFamily received{
        "coffer_http_received_bytes_total", "Bytes of request bodies", MetricType::Counter, {}};
    prometheus::MetricFamily sent{
        "coffer_http_sent_bytes_total", "Bytes of response bodies", MetricType::Counter, {}};
    prometheus::MetricFamily seconds{"coffer_http_request_seconds",
                                     "Time from a request's head to the last byte of its response",
                                     MetricType::Histogram,
                                     {}};
    for (const RouteCounters& route : routes) {
      for (std::size_t i = 0; i < kClasses; ++i) {
        auto& metric = responses.metric.emplace_back(counter(
            route, [i](const Cell& cell) -> const auto& { return cell.responses[i]; }));
        metric.label.push_back({"status", std::to_string(i + 1) + "xx"});
      }
      received.metric.push_back(counter(
          route, [](const Cell& cell) -> const auto& { return cell.received; }));
      sent.metric.push_back(counter(
          route, [](const Cell& cell) -> const auto& { return cell.sent; }));
      seconds.metric.push_back(durations(route));
    }
    return {std::move(responses), std::move(received), std::move(sent), std::move(seconds)};
  }

  void add(std::string name, std::string help, prometheus::MetricType type,
           std::function<double()> value) {
    const std::lock_guard lock(values_mutex_);
    values_.push_back({std::move(name), std::move(help), type, std::move(value)});
  }

  std::vector<prometheus::MetricFamily> ask() {
    std::vector<prometheus::MetricFamily> families;
    const std::lock_guard lock(values_mutex_);
    for (const Value& value : values_) {
      prometheus::ClientMetric metric;
      const bool is_counter = value.type == prometheus::MetricType::Counter;
      (is_counter ? metric.counter.value : metric.gauge.value) = value.ask();
      families.push_back({value.name, value.help, value.type, {std::move(metric)}});
    }
    return families;
  }

  std::deque<RouteCounters> routes;

 private:
  struct Value {
    std::string name;
    std::string help;
    prometheus::MetricType type;
    std::function<double()> ask;
  };

  template <class Part>
  static prometheus::ClientMetric counter(const RouteCounters& route, Part part) {
    prometheus::ClientMetric metric;
    metric.label = route.labels;
    metric.counter.value = static_cast<double>(route.sum(part));
    return metric;
  }

  static prometheus::ClientMetric durations(const RouteCounters& route) {
    prometheus::ClientMetric metric;
    metric.label = route.labels;
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= kBounds.size(); ++i) {
      count += route.sum([i](const Cell& cell) -> const auto& { return cell.durations[i]; });
      const double bound =
          i < kBounds.size() ? kBounds[i] : std::numeric_limits<double>::infinity();
      metric.histogram.bucket.push_back({count, bound});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum =
        static_cast<double>(
            route.sum([](const Cell& cell) -> const auto& { return cell.nanoseconds; })) /
        1e9;
    return metric;
  }

  std::mutex values_mutex_;
  std::vector<Value> values_;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::RouteCounters& Metrics::route(std::string_view dialect, std::string_view method,
                                       std::string_view path) {
  return impl_->routes.emplace_back(
      std::vector<prometheus::ClientMetric::Label>{{"dialect", std::string(dialect)},
                                                   {"method", std::string(method)},
                                                   {"route", std::string(path)}});
}

void Metrics::count(RouteCounters& route, unsigned status, double seconds,
                    std::uint64_t bytes_received, std::uint64_t bytes_sent) {
  Cell& cell = route.cells[cell_of_this_thread()];
  if (status >= 100 && status < 600) add(cell.responses[status / 100 - 1], 1);
  if (bytes_received > 0) add(cell.received, bytes_received);
  if (bytes_sent > 0) add(cell.sent, bytes_sent);
  const auto bound = std::ranges::lower_bound(kBounds, seconds);
  add(cell.durations[static_cast<std::size_t>(bound - kBounds.begin())], 1);
  add(cell.nanoseconds, static_cast<std::uint64_t>(seconds * 1e9));
}

void Metrics::gauge(const std::string& name, const std::string& help,
                    std::function<double()> value) {
  impl_->add(name, help, prometheus::MetricType::Gauge, std::move(value));
}

void Metrics::counter(const std::string& name, const std::string& help,
                      std::function<double()> value) {
  impl_->add(name, help, prometheus::MetricType::Counter, std::move(value));
}

std::string Metrics::text() {
  auto families = impl_->collect();
  auto values = impl_->ask();
  families.insert(families.end(), std::make_move_iterator(values.begin()),
                  std::make_move_iterator(values.end()));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace coffer::apis
