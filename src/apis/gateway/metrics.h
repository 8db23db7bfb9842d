// What is counted, for Prometheus.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace coffer::apis {

// Threads: any.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // The counters of one route, good as long as the Metrics.
  class RouteCounters;
  RouteCounters& route(std::string_view dialect, std::string_view method, std::string_view path);

  static void count(RouteCounters& route, unsigned status, double seconds,
                    std::uint64_t bytes_received, std::uint64_t bytes_sent);

  // A value that is asked for when it is shown.
  void gauge(const std::string& name, const std::string& help, std::function<double()> value);
  // The same for what only grows. `name` ends in `_total`.
  void counter(const std::string& name, const std::string& help, std::function<double()> value);

  // The text exposition format, version 0.0.4.
  std::string text();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace coffer::apis
