// The job that has files looked into, with the workers that do it.
#pragma once

#include <cstddef>
#include <optional>

#include "apis/gateway/metrics.h"
#include "config/settings.h"
#include "jobs/media_jobs.h"
#include "media/pool/worker_pool.h"
#include "vault/vault.h"

namespace coffer::server {

// How many workers the settings allow: media.workers, or half of the cores, but not more than fit
// into media.memory.
std::size_t media_workers(const config::Settings& settings);

// Works while it lives. Threads: made and destroyed by one.
class MediaService {
 public:
  // REQUIRES: `vault` outlives it; settings.media.enabled.
  MediaService(const config::Settings& settings, vault::Vault& vault);

  // REQUIRES: nobody asks for values once this is gone.
  void add_values(apis::Metrics& metrics) const;

  jobs::MediaJobs& jobs() { return jobs_; }

 private:
  // Starts those that are switched on.
  jobs::DrawingPools start_drawing_pools(const config::Settings& settings);
  // Of all pools together.
  media::WorkerPool::Stats pool_stats() const;

  vault::Vault& vault_;
  media::WorkerPool pool_;
  // Where their pictures are switched on.
  std::optional<media::WorkerPool> pdf_pool_;
  std::optional<media::WorkerPool> svg_pool_;
  jobs::MediaJobs jobs_;  // behind the workers that it uses
};

}  // namespace coffer::server
