#include "media/pool/worker_pool.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "media/pool/sealed_file.h"

namespace coffer::media {
namespace {

// The longest between two starts.
constexpr std::chrono::milliseconds kMaxStartPause{1000};
// Workers in a row that were gone before they had the job.
constexpr int kMaxGone = 10;

bool is_read_only(int file) {
  const int flags = fcntl(file, F_GETFL);
  if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY) return true;
  const int seals = fcntl(file, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE) != 0;
}

bool is_whole(int file, std::uint64_t offset, std::uint64_t length) {
  struct stat status = {};
  return fstat(file, &status) == 0 && offset == 0 &&
         length == static_cast<std::uint64_t>(status.st_size);
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

void WorkerPool::enter(std::unique_lock<std::mutex>& lock, Job job) {
  const bool render = job != Job::kProbe;
  if (render) ++waiting_renders_;
  free_.wait(lock, [&] {
    return stopped_ || (stats_.busy < options_.workers && (render || waiting_renders_ == 0));
  });
  if (render) {
    --waiting_renders_;
    // Those that gave way look again.
    free_.notify_all();
  }
  if (stopped_) throw Stopped();
  ++stats_.busy;
}

std::unique_ptr<WorkerProcess> WorkerPool::take(Job job) {
  std::uint32_t known_layers = 0;
  {
    std::unique_lock lock(mutex_);
    enter(lock, job);
    if (!idle_.empty()) {
      auto worker = std::move(idle_.back());
      idle_.pop_back();
      working_.insert(worker->process());
      return worker;
    }
    known_layers = stats_.layers;
  }
  try {
    auto worker = start();
    if (worker->layers() != known_layers) {
      log::info("media_worker_confined", {{"layers", names_of(worker->layers())},
                                          {"missing", names_of(kAllLayers & ~worker->layers())}});
    }
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Stopped();
    ++stats_.started;
    stats_.layers = worker->layers();
    working_.insert(worker->process());
    return worker;
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

std::unique_ptr<WorkerProcess> WorkerPool::start() {
  // The last one begins within the time of one, so that a job's lease outlasts all of them.
  const auto last = std::chrono::steady_clock::now() + options_.start_timeout;
  auto pause = options_.start_again_after;
  for (int count = 1;; ++count) {
    auto worker = WorkerProcess::start(launcher_, options_.start_timeout);
    if (worker) return std::move(*worker);
    const StartFailure& failure = worker.error();
    std::unique_lock lock(mutex_);
    ++stats_.failed;
    const bool is_last = count == kMaxStarts || std::chrono::steady_clock::now() >= last;
    if (!failure.may_pass || is_last) {
      const std::string times = count > 1 ? fmt::format(", after {} starts", count) : "";
      throw Unavailable(fmt::format("no media worker: {}{}", failure.reason, times));
    }
    if (stop_.wait_for(lock, pause, [this] { return stopped_; })) throw Stopped();
    pause = std::min(2 * pause, kMaxStartPause);
  }
}

void WorkerPool::give_back(std::unique_ptr<WorkerProcess> worker) {
  const bool keep = worker && worker->is_usable() && worker->jobs() < options_.jobs_a_worker;
  {
    const std::lock_guard lock(mutex_);
    --stats_.busy;
    if (worker) working_.erase(worker->process());
    if (worker && !worker->is_usable() && !stopped_) ++stats_.failed;
    if (keep && !stopped_) idle_.push_back(std::move(worker));
  }
  // Not all that wait may go on.
  free_.notify_all();
}

void WorkerPool::stop() {
  std::vector<std::unique_ptr<WorkerProcess>> idle;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    idle.swap(idle_);
    // Not reaped before give_back(), so the numbers are theirs.
    for (const pid_t process : working_) kill(process, SIGKILL);
  }
  free_.notify_all();
  stop_.notify_all();
}

// Gives the worker back whatever happens.
class WorkerPool::Borrowed {
 public:
  Borrowed(WorkerPool& pool, Job job) : pool_(pool), worker_(pool.take(job)) {}
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
  const bool whole = is_whole(file, offset, length);
  if (!whole && length > kMaxSharedFileBytes) {
    throw std::invalid_argument("a media job's file holds more than its range");
  }
  request.offset = 0;
  request.length = length;
  request.patience_millis = static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(options_.job_timeout.count(), 1, std::int64_t{kMaxPatienceMillis}));
  for (int gone = 0; gone < kMaxGone; ++gone) {
    const Borrowed worker(*this, request.job);
    // Made by whoever has a worker: no more copies than workers are in memory.
    const Descriptor copy = whole ? Descriptor() : sealed_copy(file, offset, length);
    auto reply = worker->run(request, whole ? file : copy.get(), options_.job_timeout);
    const std::lock_guard lock(mutex_);
    if (stopped_) throw Stopped();
    if (!reply) continue;
    ++stats_.jobs;
    return std::move(*reply);
  }
  throw Unavailable(fmt::format("no media worker: {} were gone before they had a job", kMaxGone));
}

void WorkerPool::check() { const Borrowed worker(*this, Job::kProbe); }

WorkerPool::Stats WorkerPool::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.idle = idle_.size();
  return stats;
}

}  // namespace coffer::media
