#include "jobs/migrator.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::jobs {
namespace {

using std::chrono::steady_clock;
using vault::BlobMigration;
using vault::BlobMover;
using vault::BlobTotals;
using vault::MigrationState;

// Whoever serves goes first.
constexpr int kCopyingNice = 10;
// How soon a pass sees that it is to end.
constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::seconds kBetweenWrites{1};

void give_way_to_servers() {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kCopyingNice) != 0) {
    log::warning("blobs are moved at the priority of all else");
  }
}

// Not an error: nobody wants the copy any more.
struct Cancelled {};

const char* name_of(vault::StoreKind kind) {
  return kind == vault::StoreKind::kS3 ? "s3" : "local";
}

}  // namespace

// Once over all blobs that are not in the target. What it holds outlives that it is held back, so
// that it goes on where it was.
class Migrator::Pass {
 public:
  Pass(BlobMover& mover, const BlobMigration& run, const Options& options)
      : mover_(mover), run_(run), options_(options) {}
  ~Pass() {
    cancel();
    join();
  }
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  // REQUIRES: no thread of it runs. Throws where one cannot be started; the pass has to end then.
  void start() {
    const std::lock_guard lock(mutex_);
    problem_.reset();
    for (std::size_t i = 0; i < options_.copies; ++i) {
      threads_.push_back(start_thread("migrate", [this] { work(); }));
      ++running_;
    }
  }

  // Whether all its threads have ended.
  bool wait(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, time, [this] { return running_ == 0; });
  }

  void join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      is_cancelled_ = true;
    }
    changed_.notify_all();
  }

  struct Counts {
    BlobTotals moved;
    BlobTotals gone;
    std::uint64_t unmoved = 0;
  };
  // Since the last call.
  Counts take_counts() {
    const std::lock_guard lock(mutex_);
    has_taken_any_ = has_taken_any_ || counts_.moved.blobs + counts_.gone.blobs > 0;
    return std::exchange(counts_, Counts());
  }

  // Whether it has taken anything away from where it was, of what take_counts() told.
  bool has_taken_any() {
    const std::lock_guard lock(mutex_);
    return has_taken_any_;
  }

  // Why all have stopped; nothing: there is no blob left.
  std::optional<std::string> problem() {
    const std::lock_guard lock(mutex_);
    return problem_;
  }

 private:
  void work() {
    give_way_to_servers();
    InlineExecutor here;
    contain_exceptions("migrate", [&] {
      while (copy_next(here)) {
      }
    });
    {
      const std::lock_guard lock(mutex_);
      --running_;
    }
    changed_.notify_all();
  }

  bool copy_next(InlineExecutor& here) {
    std::optional<blobs::BlobRef> blob;
    std::string problem;
    try {
      blob = take_next(here);
      if (!blob) return false;
      const auto result =
          here.run(mover_.move(*blob, run_.target, [this](std::size_t bytes) { pace(bytes); }));
      count(*blob, result);
      return true;
    } catch (const Cancelled&) {
      problem = "it was cancelled";
    } catch (const std::exception& error) {
      problem = error.what();
    }
    const std::lock_guard lock(mutex_);
    if (blob) put_back_.push_back(*blob);
    if (!problem_) problem_ = std::move(problem);
    return false;
  }

  std::optional<blobs::BlobRef> take_next(InlineExecutor& here) {
    const std::lock_guard lock(mutex_);
    if (is_cancelled_ || problem_) return std::nullopt;
    std::deque<blobs::BlobRef>& from = put_back_.empty() ? page_ : put_back_;
    if (from.empty() && !is_at_end_) {
      const auto page = here.run(mover_.left(run_.target, last_, options_.page));
      is_at_end_ = page.size() < options_.page;
      if (!page.empty()) last_ = page.back().digest;
      page_.assign(page.begin(), page.end());
    }
    if (from.empty()) return std::nullopt;
    const blobs::BlobRef blob = from.front();
    from.pop_front();
    return blob;
  }

  void count(const blobs::BlobRef& blob, BlobMover::Result result) {
    const std::lock_guard lock(mutex_);
    if (result == BlobMover::Result::kUnmoved) {
      ++counts_.unmoved;
      return;
    }
    BlobTotals& totals = result == BlobMover::Result::kMoved ? counts_.moved : counts_.gone;
    ++totals.blobs;
    totals.bytes += blob.size;
  }

  // Until it is time for so many bytes more.
  void pace(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    if (run_.rate > 0) {
      const auto due = std::max(due_, steady_clock::now());
      due_ = due + std::chrono::nanoseconds(bytes * std::uint64_t{1'000'000'000} / run_.rate);
      changed_.wait_until(lock, due, [this] { return is_cancelled_; });
    }
    if (is_cancelled_) throw Cancelled();
  }

  BlobMover& mover_;
  const BlobMigration run_;
  const Options& options_;
  std::mutex mutex_;  // guards all below but the threads
  std::condition_variable changed_;
  bool is_cancelled_ = false;
  std::size_t running_ = 0;
  std::optional<Sha256Digest> last_;     // of the rows that were read
  bool is_at_end_ = false;               // there are no more of them
  std::deque<blobs::BlobRef> page_;      // of them, still to be copied
  std::deque<blobs::BlobRef> put_back_;  // were begun, and could not be ended
  std::optional<std::string> problem_;
  Counts counts_;
  bool has_taken_any_ = false;
  steady_clock::time_point due_;  // for the next block
  std::vector<std::thread> threads_;
};

Migrator::Migrator(BlobMover& mover, Direct direct, Options options)
    : mover_(mover),
      direct_(std::move(direct)),
      options_(options),
      thread_(start_thread("migrator", [this] { work(); })) {}

Migrator::~Migrator() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Migrator::Stats Migrator::stats() const noexcept {
  return {.moved_blobs = moved_blobs_,
          .moved_bytes = moved_bytes_,
          .left_blobs = left_blobs_,
          .left_bytes = left_bytes_,
          .unmoved = unmoved_};
}

bool Migrator::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stop_; });
}

void Migrator::work() {
  give_way_to_servers();
  for (bool more = true; wait(more ? std::chrono::milliseconds(0) : options_.look_every);) {
    try {
      more = step();
    } catch (const std::exception& error) {
      log::error("background work failed", {{"work", "move blobs"}, {"error", error.what()}});
      due_ = steady_clock::now() + options_.retry_after;
      more = false;
    }
  }
  pass_.reset();
}

bool Migrator::step() {
  const auto run = executor_.run(vault::blob_migration(mover_.database()));
  const bool is_active =
      run && (run->state == MigrationState::kRunning || run->state == MigrationState::kIncomplete);
  if (!is_active) {
    pass_.reset();
    if (run && run->state == MigrationState::kStopped && directed_) {
      direct_(std::nullopt);
      directed_.reset();
    }
    return false;
  }
  if (std::exchange(run_, run->run) != run->run) {
    pass_.reset();
    due_ = {};
  }
  if (steady_clock::now() < due_) return false;
  if (directed_ != run->target) {
    try {
      direct_(run->target);
    } catch (const std::exception& error) {
      hold_back(*run, error.what());
      return false;
    }
    directed_ = run->target;
  }
  if (!pass_ && !begin_pass(*run)) return false;
  return run_pass(*run);
}

// False where nothing is left.
bool Migrator::begin_pass(const BlobMigration& run) {
  executor_.run(mover_.prune_unmoved());
  const BlobTotals left = executor_.run(vault::blobs_outside(mover_.database(), run.target));
  left_blobs_ = left.blobs;
  left_bytes_ = left.bytes;
  unmoved_ = 0;
  write_progress(run, std::nullopt);
  if (left.blobs == 0) {
    while (run.target == vault::StoreKind::kLocal &&
           executor_.run(vault::drop_public_objects(mover_.database(), options_.page))) {
    }
    executor_.run(vault::set_migration_state(mover_.database(), run, MigrationState::kMoved));
    log::info("all blobs are moved", {{"store", name_of(run.target)}});
    return false;
  }
  log::info("moving blobs",
            {{"store", name_of(run.target)}, {"blobs", left.blobs}, {"bytes", left.bytes}});
  pass_ = std::make_unique<Pass>(mover_, run, options_);
  return true;
}

bool Migrator::run_pass(const BlobMigration& run) {
  try {
    pass_->start();
  } catch (...) {
    // Some of its threads may run: another one begins anew.
    pass_.reset();
    throw;
  }
  bool is_cancelled = false;
  auto written_at = steady_clock::now();
  while (!pass_->wait(kLook)) {
    const auto now = steady_clock::now();
    if (!is_cancelled && now - written_at >= kBetweenWrites) {
      written_at = now;
      write_progress(run, std::nullopt);
      is_cancelled = !is_wanted(run);
    }
    if (!wait(std::chrono::milliseconds(0))) is_cancelled = true;
    if (is_cancelled) pass_->cancel();
  }
  pass_->join();
  if (is_cancelled) {
    write_progress(run, std::nullopt);
    pass_.reset();
    return true;
  }
  if (const auto problem = pass_->problem()) {
    hold_back(run, *problem);
    return false;
  }
  return end_pass(run);
}

bool Migrator::end_pass(const BlobMigration& run) {
  write_progress(run, std::nullopt);
  const bool is_changed = pass_->has_taken_any();
  pass_.reset();
  // Uploads that began before may have come to where it has been: it looks again.
  if (is_changed) return true;
  executor_.run(vault::set_migration_state(mover_.database(), run, MigrationState::kIncomplete));
  due_ = steady_clock::now() + options_.retry_unmoved_after;
  log::warning("some blobs cannot be moved", {{"blobs", unmoved_.load()}});
  return false;
}

void Migrator::hold_back(const BlobMigration& run, const std::string& problem) {
  if (std::exchange(problem_, problem) != problem) {
    log::warning("moving blobs is held back", {{"reason", problem}});
  }
  due_ = steady_clock::now() + options_.retry_after;
  write_progress(run, problem);
}

void Migrator::write_progress(const BlobMigration& run, const std::optional<std::string>& problem) {
  const Pass::Counts fresh = pass_ ? pass_->take_counts() : Pass::Counts();
  if (fresh.moved.blobs > 0) problem_.clear();
  moved_blobs_ += fresh.moved.blobs;
  moved_bytes_ += fresh.moved.bytes;
  unmoved_ += fresh.unmoved;
  // More may come meanwhile than was counted at first.
  left_blobs_ -= std::min<std::uint64_t>(left_blobs_, fresh.moved.blobs + fresh.gone.blobs);
  left_bytes_ -= std::min<std::uint64_t>(left_bytes_, fresh.moved.bytes + fresh.gone.bytes);
  executor_.run(vault::write_migration_progress(
      mover_.database(), run, fresh.moved, {.blobs = left_blobs_, .bytes = left_bytes_}, problem));
}

bool Migrator::is_wanted(const BlobMigration& run) {
  const auto now = executor_.run(vault::blob_migration(mover_.database()));
  return now && now->run == run.run;
}

}  // namespace coffer::jobs
