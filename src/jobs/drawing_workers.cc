#include "jobs/drawing_workers.h"

#include <utility>

#include "base/log.h"

namespace coffer::jobs {

vault::MediaFailure failure_of_undrawn(media::DrawingFormat format) noexcept {
  return format == media::DrawingFormat::kPdf ? vault::MediaFailure::kPdfOff
                                              : vault::MediaFailure::kSvgOff;
}

DrawingWorkers::DrawingWorkers(DrawingPools pools, std::chrono::milliseconds retry_after)
    : retry_after_(retry_after),
      workers_{Workers{.pool = pools.pdf, .name = "PDF"},
               Workers{.pool = pools.svg, .name = "SVG"}} {}

DrawingWorkers::Workers& DrawingWorkers::of(media::DrawingFormat format) {
  return workers_[format == media::DrawingFormat::kPdf ? 0 : 1];
}
const DrawingWorkers::Workers& DrawingWorkers::of(media::DrawingFormat format) const {
  return workers_[format == media::DrawingFormat::kPdf ? 0 : 1];
}

bool DrawingWorkers::is_on(media::DrawingFormat format) const noexcept {
  return of(format).pool != nullptr;
}

std::optional<media::Reply> DrawingWorkers::run(media::DrawingFormat format,
                                                const media::Request& request, int file,
                                                std::uint64_t offset, std::uint64_t length) {
  Workers& workers = of(format);
  if (workers.pool == nullptr) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (workers.is_broken && std::chrono::steady_clock::now() < workers.try_at) return std::nullopt;
  }
  try {
    auto reply = workers.pool->run(request, file, offset, length);
    note_usable(workers);
    return reply;
  } catch (const media::WorkerPool::Unavailable& error) {
    note_broken(workers, error.what());
    return std::nullopt;
  }
}

std::uint64_t DrawingWorkers::starts(media::DrawingFormat format) const {
  const Workers& workers = of(format);
  const std::lock_guard lock(mutex_);
  return workers.pool == nullptr || workers.is_broken ? 0 : workers.starts;
}

void DrawingWorkers::note_usable(Workers& workers) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(workers.is_broken, false)) ++workers.starts;
}

void DrawingWorkers::note_broken(Workers& workers, const std::string& reason) {
  {
    const std::lock_guard lock(mutex_);
    workers.try_at = std::chrono::steady_clock::now() + retry_after_;
    if (std::exchange(workers.is_broken, true)) return;
  }
  log::error("no pictures of this format are made: no worker for it can be used",
             {{"format", workers.name},
              {"reason", reason},
              {"do",
               "install coffer-media-pdf and coffer-media-svg beside coffer-media; such files are "
               "served without pictures until then"}});
}

void DrawingWorkers::stop() {
  for (const Workers& workers : workers_) {
    if (workers.pool != nullptr) workers.pool->stop();
  }
}

}  // namespace coffer::jobs
