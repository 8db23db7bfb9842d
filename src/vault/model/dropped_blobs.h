// Blobs whose upload came to nothing, for the collector to look at.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <vector>

#include "base/hash.h"

namespace coffer::vault {

// The store removes at once what only a dropped upload has written. Where several uploads of the
// same bytes are dropped it cannot know that none of them is left: these stand here until the
// collector has asked the database. Threads: any.
class DroppedBlobs {
 public:
  // More than these are left to the sweep: half a megabyte.
  static constexpr std::size_t kMax = 16'384;

  void add(const Sha256Digest& digest) noexcept {
    const std::lock_guard lock(mutex_);
    if (digests_.size() >= kMax) return;
    try {
      digests_.push_back(digest);
    } catch (const std::bad_alloc&) {
      return;  // the sweep finds it
    }
  }

  // Takes up to `limit` of them, those that came first.
  std::vector<Sha256Digest> take(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    const auto end =
        digests_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, digests_.size()));
    std::vector<Sha256Digest> taken(digests_.begin(), end);
    digests_.erase(digests_.begin(), end);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::vector<Sha256Digest> digests_;
};

}  // namespace coffer::vault
