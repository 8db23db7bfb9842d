// Keeps the vault tidy in the background: blobs that nothing refers to, uploads that were never
// committed or completed, what removed spaces held, ended sessions, old events. Also works out
// checksums that are missing, keeps the index of searches up, bounds the pictures that are kept,
// and writes down when sessions and keys were last used.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "base/executor.h"
#include "base/hash.h"
#include "jobs/digester.h"
#include "vault/vault.h"

namespace coffer::jobs {

// Works on a thread of its own, of low priority, in small steps. What fails is logged and tried
// again later. Threads: made and destroyed by one.
class Collector {
 public:
  struct Options {
    std::chrono::milliseconds collect_every = std::chrono::hours(1);
    // The sweep reads the names of all stored blobs, a page at a time with a pause after each.
    std::chrono::milliseconds sweep_every = std::chrono::hours(24);
    std::chrono::milliseconds first_sweep = std::chrono::minutes(10);  // after the start
    std::chrono::milliseconds sweep_pause = std::chrono::seconds(1);
    std::chrono::milliseconds digest_every = std::chrono::seconds(2);  // looks for new files
    std::chrono::milliseconds index_every = std::chrono::seconds(1);   // the same, for searches
    // Looks for deleted and replaced files: until then, those that waited count as waiting.
    std::chrono::milliseconds collect_media_every = std::chrono::seconds(1);
    std::chrono::milliseconds reclaim_every =
        std::chrono::seconds(1);  // looks for requests, and for dropped blobs
    std::chrono::milliseconds write_uses_every = std::chrono::minutes(1);
    std::chrono::milliseconds count_every = std::chrono::minutes(1);  // for metrics
    std::chrono::milliseconds retry_after = std::chrono::minutes(1);
    std::chrono::milliseconds keep_events = std::chrono::hours(7 * 24);
    std::uint64_t max_events = 100'000;  // of one account, see OwnerEvents::prune()
    std::chrono::milliseconds evict_every = std::chrono::minutes(1);
    // Pictures that were made on request: as many as are kept, and their bytes.
    std::uint64_t max_pictures = 100'000;
    std::uint64_t max_picture_bytes = std::uint64_t{1} << 30U;
    std::size_t step = 64;                      // blobs, uploads, sessions and events at a time
    std::size_t sweep_page = 256;               // blobs looked at by a step of the sweep
    std::size_t clear_step = 1000;              // entries of what was removed at a time, at most
    std::chrono::milliseconds clear_pause{20};  // after each step: others write meanwhile
  };

  // Starts. REQUIRES: `vault` outlives this, and nobody else listens to its removals.
  Collector(vault::Vault& vault, Options options);
  // Waits for the step under way, then stops.
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  // Has all that is due by the vault's clock done now, whatever the intervals, and waits for it. A
  // kind of work that fails is left for its next time. Threads: any.
  void run_all();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  class PeriodicTask;

  void work();
  void run_all(std::span<PeriodicTask> tasks);

  // Steps; each gives whether there is more to do now.
  bool collect();
  bool collect_dropped();
  bool collect_media();
  bool evict_pictures();
  bool prune_sessions();
  bool write_uses();
  bool bound_events();
  bool count_kept();
  bool prune_events();
  bool prune_idempotency_keys();
  bool expire_uploads();
  bool clear();
  bool sweep();
  bool reclaim();
  bool digest();
  bool index();

  vault::Vault& vault_;
  const Options options_;
  Digester digester_;
  bool is_index_patient_ = false;
  std::optional<Sha256Digest> swept_;         // the last blob that the sweep looked at
  vault::OwnerEvents::Pruned pruned_events_;  // how far the round over all accounts has come

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable all_run_;
  bool stop_ = false;
  std::uint64_t runs_wanted_ = 0;  // calls of run_all(),
  std::uint64_t runs_done_ = 0;    // and how many of them are answered
  bool removed_ = false;           // a folder or a space, since clear() last began
  InlineExecutor executor_;        // the thread's
  std::thread thread_;             // last: it uses the others
};

}  // namespace coffer::jobs
