// Files of blobs that were read lately, kept open: opening and closing one costs more than sending
// a small one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "base/stream.h"

namespace coffer::blobs {

// Holds up to `max` contents, at least one in each of its shards; the one that was asked for
// longest ago gives way. Threads: any.
class OpenBlobs {
 public:
  static constexpr std::size_t kShards = 16;

  explicit OpenBlobs(std::size_t max) noexcept
      : max_in_shard_(std::max<std::size_t>(1, max / kShards)) {}

  // What find() saw when it found nothing, for keep().
  using Moment = std::uint64_t;

  struct OpenedBlob {
    std::shared_ptr<const Content> content;  // null: not kept
    Moment moment = 0;
  };
  OpenedBlob find(const Sha256Digest& digest);

  // Keeps what was opened since `moment`, unless a blob may have been removed or replaced
  // meanwhile.
  void keep(const Sha256Digest& digest, std::shared_ptr<const Content> content, Moment moment);

  // REQUIRES: called after the name has gone or stands for another file. An open file takes up its
  // room on the disk after that, too.
  void forget(const Sha256Digest& digest);

 private:
  using Recent = std::list<std::pair<Sha256Digest, std::shared_ptr<const Content>>>;
  struct Hash {
    std::size_t operator()(const Sha256Digest& digest) const noexcept;
  };
  struct Shard {
    std::mutex mutex;
    Moment moment = 0;  // counts what was forgotten
    Recent recent;      // the last one asked for first
    std::unordered_map<Sha256Digest, Recent::iterator, Hash> places;
  };

  Shard& shard_of(const Sha256Digest& digest);

  const std::size_t max_in_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace coffer::blobs
