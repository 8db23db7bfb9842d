// Which blobs somebody who has just written them relies on, though nothing refers to them yet.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"

namespace coffer::blobs {

// Threads: any. Shared with its holds, some of which outlive the store.
class Holds {
 public:
  struct DigestHash {
    std::size_t operator()(const Sha256Digest& digest) const noexcept;
  };

  // While it lives, its blob is held. Taken before its owner looks whether the blob is there.
  class Hold {
   public:
    Hold(std::shared_ptr<Holds> holds, const Sha256Digest& digest);
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&& other) = delete;
    ~Hold();

   private:
    std::shared_ptr<Holds> holds_;  // null once moved from
    const Sha256Digest digest_;
  };

  // Remembers every blob that is held at any moment of its life.
  class Watch {
   public:
    explicit Watch(std::shared_ptr<Holds> holds);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    bool saw(const Sha256Digest& digest) const;

   private:
    friend class Holds;

    const std::shared_ptr<Holds> holds_;
    std::unordered_set<Sha256Digest, DigestHash> seen_;  // guarded by holds_->mutex_
  };

 private:
  std::mutex mutex_;  // guards all below
  std::unordered_map<Sha256Digest, std::size_t, DigestHash> held_;
  std::unordered_set<Watch*> watches_;
};

}  // namespace coffer::blobs
