#include "jobs/collector.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <ranges>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::jobs {
namespace {

// Whoever serves goes first.
constexpr int kNice = 10;

}  // namespace

// One thing to do again and again.
class Collector::PeriodicTask {
 public:
  using Step = bool (Collector::*)();
  struct Interval {
    std::chrono::milliseconds every;
    std::chrono::milliseconds pause;  // between two steps
  };

  PeriodicTask(std::string_view name, Step step, Interval interval, Moment first)
      : name_(name), step_(step), interval_(interval), due_(first) {}

  Moment due() const { return due_; }
  void call() { due_ = Moment(); }

  // One step; whether there is more to do now.
  bool run(Collector& collector) {
    const Moment now = std::chrono::steady_clock::now();
    try {
      const bool more = (collector.*step_)();
      due_ = now + (more ? interval_.pause : interval_.every);
      return more;
    } catch (const std::exception& error) {
      log::error("background work failed", {{"work", name_}, {"error", error.what()}});
      due_ = now + collector.options_.retry_after;
      return false;
    }
  }

 private:
  std::string_view name_;
  Step step_;
  Interval interval_;
  Moment due_;
};

Collector::Collector(vault::Vault& vault, Options options)
    : vault_(vault),
      options_(options),
      digester_(vault),
      thread_(start_thread("collector", [this] { work(); })) {
  vault_.clearing().removals().set([this] {
    {
      const std::lock_guard lock(mutex_);
      removed_ = true;
    }
    wake_.notify_all();
  });
}

Collector::~Collector() {
  vault_.clearing().removals().set({});
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Collector::run_all() {
  std::unique_lock lock(mutex_);
  const std::uint64_t run = ++runs_wanted_;
  wake_.notify_all();
  all_run_.wait(lock, [&] { return stop_ || runs_done_ >= run; });
}

void Collector::work() {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice) != 0) {
    log::warning("background work runs at the priority of all else");
  }
  const Moment start = std::chrono::steady_clock::now();
  const PeriodicTask::Interval often{.every = options_.collect_every, .pause = {}};
  std::array tasks{
      PeriodicTask("collect blobs", &Collector::collect, often, start + options_.collect_every),
      PeriodicTask("collect facts of media", &Collector::collect_media,
                   {.every = options_.collect_media_every, .pause = {}},
                   start + options_.collect_media_every),
      PeriodicTask("evict pictures", &Collector::evict_pictures,
                   {.every = options_.evict_every, .pause = {}}, start + options_.evict_every),
      PeriodicTask("prune sessions", &Collector::prune_sessions, often,
                   start + options_.collect_every),
      PeriodicTask("write last uses", &Collector::write_uses,
                   {.every = options_.write_uses_every, .pause = {}},
                   start + options_.write_uses_every),
      PeriodicTask("prune events", &Collector::prune_events, often, start + options_.collect_every),
      PeriodicTask("bound events of accounts", &Collector::bound_events, often,
                   start + options_.collect_every),
      PeriodicTask("count what is kept", &Collector::count_kept,
                   {.every = options_.count_every, .pause = {}}, start),
      PeriodicTask("prune idempotency keys", &Collector::prune_idempotency_keys, often,
                   start + options_.collect_every),
      PeriodicTask("expire uploads", &Collector::expire_uploads, often,
                   start + options_.collect_every),
      PeriodicTask("work out checksums", &Collector::digest,
                   {.every = options_.digest_every, .pause = {}}, start + options_.digest_every),
      PeriodicTask("index for searches", &Collector::index,
                   {.every = options_.index_every, .pause = {}}, start),
      PeriodicTask("sweep blobs", &Collector::sweep,
                   {.every = options_.sweep_every, .pause = options_.sweep_pause},
                   start + options_.first_sweep),
      PeriodicTask("reclaim", &Collector::reclaim, {.every = options_.reclaim_every, .pause = {}},
                   start + options_.reclaim_every),
      PeriodicTask("collect dropped blobs", &Collector::collect_dropped,
                   {.every = options_.reclaim_every, .pause = {}}, start + options_.reclaim_every),
      // At once: it goes on where the last run of the program stopped.
      PeriodicTask("clear what was removed", &Collector::clear,
                   {.every = options_.collect_every, .pause = options_.clear_pause}, start),
  };
  for (;;) {
    PeriodicTask& next = *std::ranges::min_element(tasks, {}, &PeriodicTask::due);
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, next.due(),
                       [this] { return stop_ || removed_ || runs_done_ < runs_wanted_; });
      if (stop_) return;
      if (const std::uint64_t wanted = runs_wanted_; runs_done_ < wanted) {
        lock.unlock();
        run_all(tasks);
        lock.lock();
        runs_done_ = wanted;
        all_run_.notify_all();
        continue;
      }
      if (std::exchange(removed_, false)) {
        tasks.back().call();
        continue;
      }
    }
    next.run(*this);
  }
}

// Clearing and expiry first: what they leave may be due to be collected.
void Collector::run_all(std::span<PeriodicTask> tasks) {
  for (PeriodicTask& task : std::views::reverse(tasks)) {
    while (task.run(*this)) {
    }
  }
}

bool Collector::collect() { return executor_.run(vault_.references().collect(options_.step)); }

bool Collector::collect_dropped() {
  const bool more_dropped = executor_.run(vault_.references().collect_dropped(options_.step));
  const bool more_left = executor_.run(vault_.references().collect_leftovers(options_.step));
  return more_dropped || more_left;
}

bool Collector::collect_media() {
  return executor_.run(vault_.media_queue().collect(options_.step));
}

bool Collector::evict_pictures() {
  return executor_.run(
      vault_.pictures().evict(options_.max_pictures, options_.max_picture_bytes, options_.step));
}

bool Collector::prune_sessions() {
  return executor_.run(vault_.sessions().prune(options_.step)) == options_.step;
}

bool Collector::write_uses() {
  const bool more_sessions = executor_.run(vault_.sessions().write_uses(options_.step));
  const bool more_keys = executor_.run(vault_.api_keys().write_uses(options_.step));
  return more_sessions || more_keys;
}

bool Collector::prune_events() {
  const Time before = vault_.clock().now() - options_.keep_events;
  return executor_.run(vault_.events().prune(before, options_.step)) == options_.step;
}

bool Collector::bound_events() {
  const auto next = executor_.run(
      vault_.owner_events().prune(pruned_events_, options_.max_events, options_.step));
  pruned_events_ = next.value_or(vault::OwnerEvents::Pruned{});
  return next.has_value();
}

bool Collector::count_kept() {
  executor_.run(vault_.kept_counts().refresh());
  return false;
}

bool Collector::prune_idempotency_keys() {
  return executor_.run(vault_.idempotency_keys().prune(options_.step)) == options_.step;
}

bool Collector::expire_uploads() {
  const bool more_expired = executor_.run(vault_.upload_sessions().expire(options_.step));
  const bool more_retired = executor_.run(vault_.upload_sessions().prune_retired(options_.step));
  const bool more_downloads = executor_.run(vault_.share_links().prune(options_.step));
  return more_expired || more_retired || more_downloads;
}

bool Collector::digest() { return digester_.step(); }

bool Collector::index() {
  const bool more = executor_.run(vault_.search_index().step(is_index_patient_));
  // It has begun: it goes on to the end.
  is_index_patient_ = !more;
  return more;
}

bool Collector::clear() {
  const std::size_t step = options_.clear_step;
  const bool more_returned = executor_.run(vault_.groups().return_files(step));
  const bool more_cleared = executor_.run(vault_.clearing().clear(step));
  const bool more_purged = executor_.run(vault_.trash().purge(step));
  return more_returned || more_cleared || more_purged;
}

bool Collector::sweep() {
  swept_ = executor_.run(vault_.references().sweep(swept_, options_.sweep_page));
  return swept_.has_value();
}

bool Collector::reclaim() { return executor_.run(vault_.reclaims().step()); }

}  // namespace coffer::jobs
