// The memory of downloads: what waits between the service and their clients.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/fetched_content.h"
#include "base/task.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs::s3 {

// Shared as uploads share theirs: a reader who finds none left waits in line, where owners take
// turns, and none of them has more than half. Threads: as UploadBudget.
class DownloadMemory {
 public:
  struct Options {
    std::size_t bytes = std::size_t{256} << 20U;
    std::chrono::milliseconds max_wait{5'000};
  };

  explicit DownloadMemory(const Options& options);

  // Of one reader at most.
  static constexpr std::size_t kMaxBytes = std::size_t{256} << 10U;

  // `bytes` until what it gives is let go of; nothing where that takes too long, or the client
  // leaves. REQUIRES: bytes <= kMaxBytes; this outlives what it gives.
  Task<std::optional<ReaderMemory>> take(ContentReader reader, std::size_t bytes);

  UploadBudget::Load load() const { return budget_.load(); }

 private:
  UploadBudget budget_;
};

}  // namespace coffer::blobs::s3
