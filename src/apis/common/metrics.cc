#include "apis/common/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace coffer::apis {

using prometheus::Labels;

class Metrics::RouteCounters {
 public:
  static constexpr std::size_t kClasses = 5;  // 1xx to 5xx
  std::array<prometheus::Counter*, kClasses> responses{};
  prometheus::Counter* received = nullptr;
  prometheus::Counter* sent = nullptr;
  prometheus::Histogram* seconds = nullptr;
};

class Metrics::Impl {
 public:
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& responses =
      prometheus::BuildCounter()
          .Name("coffer_http_responses_total")
          .Help("Responses by route and class of status")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& received = prometheus::BuildCounter()
                                                          .Name("coffer_http_received_bytes_total")
                                                          .Help("Bytes of request bodies")
                                                          .Register(registry);
  prometheus::Family<prometheus::Counter>& sent = prometheus::BuildCounter()
                                                      .Name("coffer_http_sent_bytes_total")
                                                      .Help("Bytes of response bodies")
                                                      .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds =
      prometheus::BuildHistogram()
          .Name("coffer_http_request_seconds")
          .Help("Time from a request's head to the last byte of its response")
          .Register(registry);

  std::deque<RouteCounters> routes;
  std::mutex gauges_mutex;
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::RouteCounters& Metrics::route(std::string_view dialect, std::string_view method,
                                       std::string_view path) {
  const Labels labels{{"dialect", std::string(dialect)},
                      {"method", std::string(method)},
                      {"route", std::string(path)}};
  RouteCounters& counters = impl_->routes.emplace_back();
  for (std::size_t i = 0; i < RouteCounters::kClasses; ++i) {
    Labels with_class = labels;
    with_class["status"] = std::to_string(i + 1) + "xx";
    counters.responses[i] = &impl_->responses.Add(with_class);
  }
  counters.received = &impl_->received.Add(labels);
  counters.sent = &impl_->sent.Add(labels);
  counters.seconds = &impl_->seconds.Add(
      labels, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60});
  return counters;
}

void Metrics::count(RouteCounters& route, unsigned status, double seconds,
                    std::uint64_t bytes_received, std::uint64_t bytes_sent) {
  if (status >= 100 && status < 600) route.responses[status / 100 - 1]->Increment();
  route.received->Increment(static_cast<double>(bytes_received));
  route.sent->Increment(static_cast<double>(bytes_sent));
  route.seconds->Observe(seconds);
}

void Metrics::gauge(const std::string& name, const std::string& help,
                    std::function<double()> value) {
  auto& gauge = prometheus::BuildGauge().Name(name).Help(help).Register(impl_->registry).Add({});
  const std::lock_guard lock(impl_->gauges_mutex);
  impl_->gauges.emplace_back(&gauge, std::move(value));
}

std::string Metrics::text() {
  {
    const std::lock_guard lock(impl_->gauges_mutex);
    for (auto& [gauge, value] : impl_->gauges) gauge->Set(value());
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace coffer::apis
