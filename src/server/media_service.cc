#include "server/media_service.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "media/pool/program.h"

namespace coffer::server {
namespace {

// What a worker may take, with the process of its job: its own limits see to that.
constexpr std::uint64_t kWorkerMemory = std::uint64_t{1} << 30U;

// The one of the settings, or the one that belongs to this program.
std::string program_of(const config::Settings& settings) {
  if (!settings.media.program.empty()) return settings.media.program;
  return media::find_worker_program().value_or("coffer-media");
}

}  // namespace

std::size_t media_workers(const config::Settings& settings) {
  std::uint64_t workers = settings.media.workers;
  if (workers == 0) {
    const std::uint64_t cores =
        settings.cores > 0 ? settings.cores : std::thread::hardware_concurrency();
    workers = cores / 2;
  }
  const std::uint64_t fitting = settings.media.memory / kWorkerMemory;
  return static_cast<std::size_t>(std::max<std::uint64_t>(1, std::min(workers, fitting)));
}

MediaService::MediaService(const config::Settings& settings, vault::Vault& vault)
    : vault_(vault),
      pool_(media::program_launcher(program_of(settings)), {.workers = media_workers(settings)}),
      jobs_(vault, pool_, start_drawing_pools(settings),
            {.threads = media_workers(settings),
             .folder = settings.data,
             .max_copied = settings.media.spool_bytes}) {}

jobs::DrawingPools MediaService::start_drawing_pools(const config::Settings& settings) {
  const auto start = [&](std::optional<media::WorkerPool>& pool, std::string_view format) {
    // As many as there are jobs at a time: one pool or another has each.
    return &pool.emplace(
        media::program_launcher(fmt::format("{}-{}", program_of(settings), format)),
        media::WorkerPoolOptions{.workers = media_workers(settings)});
  };
  jobs::DrawingPools pools;
  if (settings.media.pdf) pools.pdf = start(pdf_pool_, "pdf");
  if (settings.media.svg) pools.svg = start(svg_pool_, "svg");
  return pools;
}

media::WorkerPool::Stats MediaService::pool_stats() const {
  media::WorkerPool::Stats all = pool_.stats();
  for (const auto* const pool : {&pdf_pool_, &svg_pool_}) {
    if (!*pool) continue;
    const media::WorkerPool::Stats stats = (*pool)->stats();
    all.jobs += stats.jobs;
    all.started += stats.started;
    all.failed += stats.failed;
    all.busy += stats.busy;
    all.idle += stats.idle;
  }
  return all;
}

void MediaService::add_values(apis::Metrics& metrics) const {
  using Stats = jobs::MediaJobs::Stats;
  const auto of_stats = [this](auto member) {
    return [this, member] { return static_cast<double>(jobs_.stats().*member); };
  };
  metrics.gauge("coffer_media_usable", "Whether media workers can be used",
                of_stats(&Stats::is_usable));
  metrics.gauge("coffer_media_waiting", "Files still to be looked into, at the last look",
                of_stats(&Stats::waiting));
  metrics.counter("coffer_media_looked_into_total",
                  "Files that were looked into, with those that failed",
                  of_stats(&Stats::looked_into));
  metrics.counter("coffer_media_thumbnails_total", "Thumbnails that were made",
                  of_stats(&Stats::thumbnails));
  metrics.counter("coffer_media_retried_total", "Failures that were tried once more",
                  of_stats(&Stats::retried));
  for (int number = 1; number < vault::kMediaFailures; ++number) {
    const auto failure = static_cast<vault::MediaFailure>(number);
    // No failures of a file.
    if (failure == vault::MediaFailure::kPdfOff || failure == vault::MediaFailure::kSvgOff)
      continue;
    metrics.counter(
        fmt::format("coffer_media_failed_{}_total", name_of(failure)),
        fmt::format("Files without facts: {}", describe(failure)), [this, number] {
          return static_cast<double>(jobs_.stats().failed[static_cast<std::size_t>(number)]);
        });
  }
  const auto of_pool = [this](auto member) {
    return [this, member] { return static_cast<double>(pool_stats().*member); };
  };
  using Pool = media::WorkerPool::Stats;
  metrics.gauge("coffer_media_workers_busy", "Media workers with a job", of_pool(&Pool::busy));
  metrics.counter("coffer_media_workers_started_total", "Media workers that were started",
                  of_pool(&Pool::started));
  metrics.counter("coffer_media_workers_failed_total",
                  "Media workers that were replaced after a failure", of_pool(&Pool::failed));
  metrics.gauge("coffer_media_pictures_waiting", "Pictures that are asked for and wait",
                of_stats(&Stats::pictures_waiting));
  const auto of_pictures = [this](auto member) {
    return [this, member] { return static_cast<double>(vault_.pictures().stats().*member); };
  };
  using Pictures = vault::Pictures::Stats;
  metrics.counter("coffer_media_pictures_hits_total", "Pictures that had been made before",
                  of_pictures(&Pictures::hits));
  metrics.counter("coffer_media_pictures_made_total", "Pictures that were made on request",
                  of_pictures(&Pictures::made));
  metrics.counter("coffer_media_pictures_failed_total", "Pictures that could not be made",
                  of_pictures(&Pictures::failed));
  metrics.counter("coffer_media_pictures_refused_total",
                  "Pictures refused because too many were waited for",
                  of_pictures(&Pictures::refused));
  metrics.counter("coffer_media_pictures_dropped_total",
                  "Pictures that all who had asked for them stopped to wait for",
                  of_pictures(&Pictures::dropped));
  metrics.gauge("coffer_media_cache_files", "Pictures that are kept, at the last look",
                of_pictures(&Pictures::cached));
  metrics.gauge("coffer_media_cache_bytes", "Their bytes", of_pictures(&Pictures::cached_bytes));
}

}  // namespace coffer::server
