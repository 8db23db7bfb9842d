// The index of the database's blobs by digest, kept up behind the uploads.
//
// An upload that entered its row itself would write a page of the index that it shares with nobody,
// for digests have no order in time. Rows are entered later, many at a time and in the order of
// their digests. Only who removes bytes needs the index, and asks it about what is older than the
// grace time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "vault/context.h"
#include "vault/references.h"

namespace coffer::vault {

// Threads: one at a time.
class DigestIndex {
 public:
  explicit DigestIndex(Context& context) : context_(context) {}

  // Goes on, in a write of some milliseconds; whether there is more to do now.
  Task<bool> step();

  // What is not in the index was received within half the grace time before then, or since. Nothing
  // until all has been entered once.
  std::optional<Time> complete_at() const noexcept { return complete_at_; }

 private:
  struct Row {
    BlobId id;
    Sha256Digest digest;
  };

  Task<void> look();
  Task<void> enter();
  Task<void> raise();

  Context& context_;
  std::vector<Row> batch_;  // in order of digests
  std::size_t entered_ = 0;
  BlobId last_{};          // the highest number of the batch
  bool is_whole_ = false;  // nothing was left when the batch was read
  Time looked_at_;
  std::optional<Time> complete_at_;
};

}  // namespace coffer::vault
