#include <benchmark/benchmark.h>

#include <stdexcept>

#include "micro/memory_stream.h"
#include "micro/small_vault.h"

namespace coffer::bench {
namespace {

void check_token(benchmark::State& state) {
  SmallVault small;
  InlineExecutor executor;
  small.make_account("ada");
  const auto begun =
      executor.run(small.vault().sessions().log_in({.login = "ada", .password = "correct horse"}));
  if (!begun) throw std::runtime_error(begun.error().message);
  for (auto _ : state) {
    const auto caller = executor.run(small.vault().sessions().authenticate(begun->tokens.access));
    if (!caller) throw std::runtime_error(caller.error().message);
  }
}
BENCHMARK(check_token);

void check_api_key(benchmark::State& state) {
  SmallVault small;
  InlineExecutor executor;
  const auto made = executor.run(small.vault().api_keys().create(
      vault::Actor::system(small.make_account("ada").id), vault::KeyKind::kApi, "bench"));
  if (!made) throw std::runtime_error(made.error().message);
  for (auto _ : state) {
    const auto caller = executor.run(small.vault().api_keys().authenticate(made->secret));
    if (!caller) throw std::runtime_error(caller.error().message);
  }
}
BENCHMARK(check_api_key);

}  // namespace
}  // namespace coffer::bench
