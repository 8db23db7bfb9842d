#include <benchmark/benchmark.h>

#include <stdexcept>
#include <variant>
#include <vector>

#include "apis/mediavault/mediavault.h"
#include "base/clock.h"
#include "http/router.h"
#include "http/uri.h"

namespace coffer::bench {
namespace {

// The routes of the native API, as the gateway adds them.
http::Router router() {
  http::Router router;
  const auto dialect = apis::mediavault::make(system_clock());
  std::size_t number = 0;
  for (const std::string& prefix : dialect->prefixes()) {
    for (const apis::Route& route : dialect->routes()) {
      router.add(route.method, prefix + route.pattern, number++);
    }
  }
  return router;
}

void find_route(benchmark::State& state, const char* path) {
  const http::Router routes = router();
  const http::Target target = http::parse_target(path).value();
  if (!std::holds_alternative<http::Router::Match>(routes.find(http::Method::kGet, target))) {
    throw std::runtime_error("no such route");
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(routes.find(http::Method::kGet, target));
  }
}
BENCHMARK_CAPTURE(find_route, literal, "/api/v1/users/me");
BENCHMARK_CAPTURE(find_route, parameter, "/api/v1/media/media_123456/content");

void take_target_apart(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        http::parse_target("/api/v1/media/media_123456?per_page=20&sort=-size"));
  }
}
BENCHMARK(take_target_apart);

}  // namespace
}  // namespace coffer::bench
