#include <benchmark/benchmark.h>

#include <stdexcept>

#include "micro/memory_stream.h"
#include "micro/small_vault.h"

namespace coffer::bench {
namespace {

void check_token(benchmark::State& state) {
  SmallVault small;
  InlineExecutor executor;
  const vault::Tokens tokens =
      executor.run(small.vault().sessions().begin(small.make_account("ada").id));
  for (auto _ : state) {
    const auto caller = executor.run(small.vault().sessions().authenticate(tokens.access));
    if (!caller) throw std::runtime_error(caller.error().message);
  }
}
BENCHMARK(check_token);

void check_api_key(benchmark::State& state) {
  SmallVault small;
  InlineExecutor executor;
  const auto made = executor.run(
      small.vault().api_keys().create(small.make_account("ada").id, vault::KeyKind::kApi, "bench"));
  if (!made) throw std::runtime_error(made.error().message);
  for (auto _ : state) {
    const auto caller = executor.run(small.vault().api_keys().authenticate(made->secret));
    if (!caller) throw std::runtime_error(caller.error().message);
  }
}
BENCHMARK(check_api_key);

}  // namespace
}  // namespace coffer::bench
