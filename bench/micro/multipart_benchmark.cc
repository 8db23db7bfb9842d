#include <benchmark/benchmark.h>

#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "http/multipart.h"
#include "micro/memory_stream.h"

namespace coffer::bench {
namespace {

constexpr char kBoundary[] = "----coffer-bench-5b3d1f";

// A form with a title and a file of `size` random bytes.
std::string form(std::size_t size) {
  std::string text;
  const auto part = [&text](std::string_view head, std::string_view content) {
    text += std::string("--") + kBoundary + "\r\nContent-Disposition: form-data; ";
    text.append(head).append("\r\n\r\n").append(content).append("\r\n");
  };
  std::mt19937_64 random(size);
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random());
  part("name=\"title\"", "By the sea");
  part("name=\"file\"; filename=\"sea.jpg\"\r\nContent-Type: image/jpeg", content);
  return text + "--" + kBoundary + "--\r\n";
}

Task<std::uint64_t> read_form(std::string_view body, ByteSpan buffer) {
  MemoryStream stream(body);
  http::MultipartReader reader(stream, kBoundary, {});
  std::uint64_t total = 0;
  while (true) {
    const auto head = co_await reader.next();
    if (!head) throw std::runtime_error("the form is malformed");
    if (!head->has_value()) co_return total;
    while (true) {
      const auto got = co_await reader.read(buffer);
      if (!got) throw std::runtime_error("the form is malformed");
      if (*got == 0) break;
      total += *got;
    }
  }
}

void read_multipart(benchmark::State& state) {
  const std::string body = form(static_cast<std::size_t>(state.range(0)));
  std::vector<std::byte> buffer(128 * 1024);
  InlineExecutor executor;
  for (auto _ : state) {
    benchmark::DoNotOptimize(executor.run(read_form(body, buffer)));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(read_multipart)->Arg(4 << 10)->Arg(1 << 20)->Arg(64 << 20);

}  // namespace
}  // namespace coffer::bench
