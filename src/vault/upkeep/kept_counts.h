// How much is kept of what no account's list tells at once: for the metrics of the server.
#pragma once

#include <cstdint>
#include <mutex>

#include "base/task.h"
#include "vault/model/context.h"

namespace coffer::vault {

// Threads: any.
class KeptCounts {
 public:
  struct Values {
    std::uint64_t unindexed = 0;      // entries that the search index lacks, or has otherwise
    std::uint64_t trashed_files = 0;  // in the trash of all accounts
    std::uint64_t trashed_bytes = 0;  // of those
    std::uint64_t events = 0;         // of the log, from the oldest to the newest
  };
  // Entries and changes are each counted up to this.
  static constexpr std::uint64_t kUnindexedMax = 100'000;

  explicit KeptCounts(Context& context) : context_(context) {}

  // Counts anew: some milliseconds.
  Task<void> refresh();
  // As last counted; all 0 before.
  Values last() const;

 private:
  Context& context_;
  mutable std::mutex mutex_;
  Values last_;
};

}  // namespace coffer::vault
