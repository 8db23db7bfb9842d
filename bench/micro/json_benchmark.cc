#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>

#include "apis/kit/json_writer.h"
#include "apis/mediavault/wire.h"
#include "micro/small_vault.h"

namespace coffer::bench {
namespace {

vault::Entry photo() {
  vault::Entry entry;
  entry.id = vault::EntryId{123456};
  entry.key = entry.name = "IMG_20240517_142301.jpg";
  entry.type = {"image/jpeg", vault::FileKind::kImage};
  entry.size = 3'456'789;
  vault::Media media{.state = vault::MediaState::kReady};
  media.facts.width = 4032;
  media.facts.height = 3024;
  entry.media = std::make_shared<const vault::Media>(std::move(media));
  entry.title = "By the sea";
  entry.description = "The harbour at noon, with \"the boat\" on the left.";
  entry.tags = {"boat", "holiday", "sea"};
  entry.created_at = entry.updated_at = from_micros(1'700'000'000'000'000);
  return entry;
}

// What a read (1) and a list (20) write.
void write_media(benchmark::State& state) {
  SmallVault small;
  const vault::Entry entry = photo();
  const apis::Client client{
      .address = "127.0.0.1", .base_url = "http://127.0.0.1:8080", .base_path = {}};
  http::Request request;
  const http::PathParameters path;
  apis::RequestContext context{.request = request,
                               .path = path,
                               .client = client,
                               .mount = "/api/v1",
                               .caller = {},
                               .vault = small.vault()};
  std::size_t bytes = 0;
  for (auto _ : state) {
    apis::WrittenJson data = apis::mediavault::media_object(context, entry);
    if (state.range(0) > 1) {
      std::string list = '[' + data.text;
      for (std::int64_t i = 1; i < state.range(0); ++i) {
        list += ',';
        list += apis::mediavault::media_object(context, entry).text;
      }
      data.text = std::move(list) + ']';
    }
    bytes = apis::mediavault::success(context, data).length();
    benchmark::DoNotOptimize(bytes);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}
BENCHMARK(write_media)->Arg(1)->Arg(20);

}  // namespace
}  // namespace coffer::bench
