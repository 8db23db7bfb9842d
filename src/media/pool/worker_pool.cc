#include "media/pool/worker_pool.h"

#include <fcntl.h>

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"

namespace coffer::media {
namespace {

bool is_read_only(int file) {
  const int flags = fcntl(file, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) return true;
  const int seals = fcntl(file, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

std::string names_of(std::uint32_t layers) {
  std::string names;
  for (std::uint32_t bit = 1; bit <= kAllLayers; bit <<= 1) {
    if ((layers & bit) == 0) continue;
    if (!names.empty()) names += ' ';
    names += name_of(static_cast<Layer>(bit));
  }
  return names;
}

}  // namespace

WorkerPool::WorkerPool(Launcher launcher, WorkerPoolOptions options)
    : launcher_(std::move(launcher)), options_(options) {}

WorkerPool::~WorkerPool() = default;

std::unique_ptr<WorkerProcess> WorkerPool::take() {
  std::uint32_t known_layers = 0;
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [&] { return stats_.busy < options_.workers; });
    ++stats_.busy;
    if (!idle_.empty()) {
      auto worker = std::move(idle_.back());
      idle_.pop_back();
      return worker;
    }
    known_layers = stats_.layers;
  }
  try {
    auto worker = WorkerProcess::start(launcher_, options_.start_timeout);
    if (!worker) throw std::runtime_error(fmt::format("no media worker: {}", worker.error()));
    if ((*worker)->layers() != known_layers) {
      log::info("media_worker_confined",
                {{"layers", names_of((*worker)->layers())},
                 {"missing", names_of(kAllLayers & ~(*worker)->layers())}});
    }
    const std::lock_guard lock(mutex_);
    ++stats_.started;
    stats_.layers = (*worker)->layers();
    return std::move(*worker);
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void WorkerPool::give_back(std::unique_ptr<WorkerProcess> worker) {
  const bool keep = worker && worker->is_usable() && worker->jobs() < options_.jobs_a_worker;
  {
    const std::lock_guard lock(mutex_);
    --stats_.busy;
    if (worker && !worker->is_usable()) ++stats_.failed;
    if (keep) idle_.push_back(std::move(worker));
  }
  free_.notify_one();
}

// Gives the worker back whatever happens.
class WorkerPool::Borrowed {
 public:
  explicit Borrowed(WorkerPool& pool) : pool_(pool), worker_(pool.take()) {}
  ~Borrowed() { pool_.give_back(std::move(worker_)); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  WorkerProcess* operator->() const noexcept { return worker_.get(); }

 private:
  WorkerPool& pool_;
  std::unique_ptr<WorkerProcess> worker_;
};

Reply WorkerPool::run(Request request, int file, std::uint64_t offset, std::uint64_t length) {
  if (!is_read_only(file)) throw std::invalid_argument("a media job's file can be written to");
  request.offset = offset;
  request.length = length;
  const Borrowed worker(*this);
  {
    const std::lock_guard lock(mutex_);
    ++stats_.jobs;
  }
  return worker->run(request, file, options_.job_timeout);
}

WorkerPool::Stats WorkerPool::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.idle = idle_.size();
  return stats;
}

}  // namespace coffer::media
