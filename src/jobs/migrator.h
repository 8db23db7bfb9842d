// Moves the blobs of a vault from one store into the other, as `coffer blobs migrate` asks for it.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/executor.h"
#include "vault/upkeep/blob_migration.h"

namespace coffer::jobs {

// Looks for what was asked for, on a thread of its own, and copies on some others while there is
// something to do; all of low priority. What one blob lacks does not keep the others from being
// moved; what all lack (a store cannot be reached, a disk is full) is written down, and tried
// again. Threads: made and destroyed by one.
class Migrator {
 public:
  // Opens the store that is needed and has uploads go to the target; nothing: to where they go
  // while nothing moves. Throws what is missing, for an operator to read.
  using Direct = std::function<void(std::optional<vault::StoreKind> target)>;

  struct Options {
    std::chrono::milliseconds look_every = std::chrono::seconds(1);
    std::chrono::milliseconds retry_after = std::chrono::seconds(10);
    std::chrono::milliseconds retry_unmoved_after = std::chrono::minutes(10);
    std::size_t copies = 8;  // at the same time
    std::size_t page = 256;  // rows looked at a time
  };

  // Starts. REQUIRES: `mover` outlives this.
  Migrator(vault::BlobMover& mover, Direct direct, Options options);
  // Waits for the blocks under way, then stops; the next one goes on.
  ~Migrator();
  Migrator(const Migrator&) = delete;
  Migrator& operator=(const Migrator&) = delete;

  // Since the start, and what is left now. Threads: any.
  struct Stats {
    std::uint64_t moved_blobs = 0;
    std::uint64_t moved_bytes = 0;
    std::uint64_t left_blobs = 0;
    std::uint64_t left_bytes = 0;
    std::uint64_t unmoved = 0;  // found in the last pass over all
  };
  Stats stats() const noexcept;

 private:
  class Pass;

  void work();
  // Each tells whether there is more to do now.
  bool step();
  bool begin_pass(const vault::BlobMigration& run);
  bool run_pass(const vault::BlobMigration& run);
  bool end_pass(const vault::BlobMigration& run);
  // False where this is to stop.
  bool wait(std::chrono::milliseconds time);
  // Writes down what keeps it from going on, and has it tried again later.
  void hold_back(const vault::BlobMigration& run, const std::string& problem);
  void write_progress(const vault::BlobMigration& run, const std::optional<std::string>& problem);
  // Whether that run is still wanted.
  bool is_wanted(const vault::BlobMigration& run);

  vault::BlobMover& mover_;
  const Direct direct_;
  const Options options_;
  // Of the thread.
  InlineExecutor executor_;
  std::int64_t run_ = 0;        // the last one that was worked at
  std::unique_ptr<Pass> pass_;  // of that run, also while it is held back
  std::optional<vault::StoreKind> directed_;
  std::chrono::steady_clock::time_point due_;  // nothing is tried before
  std::string problem_;                        // that was logged since it moved something

  // For stats().
  std::atomic<std::uint64_t> moved_blobs_ = 0;
  std::atomic<std::uint64_t> moved_bytes_ = 0;
  std::atomic<std::uint64_t> left_blobs_ = 0;
  std::atomic<std::uint64_t> left_bytes_ = 0;
  std::atomic<std::uint64_t> unmoved_ = 0;

  std::mutex mutex_;  // guards the next
  bool stop_ = false;
  std::condition_variable wake_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace coffer::jobs
