// Bytes on their way to becoming a file.
#pragma once

#include <cstdint>
#include <memory>

#include "base/bytes.h"
#include "base/hash.h"
#include "blobs/blob_store.h"
#include "vault/model/dropped_blobs.h"
#include "vault/model/reservations.h"

namespace coffer::vault {

// Bytes that were received into the blob store, are durable or about to be, and belong to nobody
// yet. They stay for as long as this lives (vault/upkeep/references.cc says why). Dropped, it
// gives back what it reserves, and the bytes go soon, unless somebody else has stored the same:
// nobody has to discard anything. Never blocks. Must not outlive the store.
// Threads: one at a time.
class StagedBlob {
 public:
  // `head`: its first kHeadBytes, or all. `reservation`: what is kept free for it of the owner's
  // quota; null where there is no quota. `dropped_blobs`:
  // where it stands once it is dropped.
  StagedBlob(std::shared_ptr<blobs::DurableBlob> blob, Bytes head,
             std::unique_ptr<Reservation> reservation,
             std::shared_ptr<DroppedBlobs> dropped_blobs) noexcept;
  StagedBlob(StagedBlob&& other) noexcept;
  StagedBlob& operator=(StagedBlob&& other) noexcept;
  ~StagedBlob();

  const Sha256Digest& digest() const noexcept { return blob_->digest(); }
  std::uint64_t size() const noexcept { return blob_->size(); }
  const Bytes& head() const noexcept { return head_; }
  // What the commit that refers to the bytes waits for.
  const std::shared_ptr<blobs::DurableBlob>& durable_blob() const noexcept { return blob_; }

  // Right before the transaction that charges the bytes and refers to them: gives the reservation
  // back, and lets the bytes stay when this goes. A transaction that fails
  // without an answer may have been committed; then the collector decides.
  void begin_commit() noexcept;
  // The transaction was refused, or rolled back: nothing refers to the bytes, which go with this.
  void commit_refused() noexcept;

 private:
  std::shared_ptr<blobs::DurableBlob> blob_;  // null once moved from
  Bytes head_;
  std::unique_ptr<Reservation> reservation_;
  std::shared_ptr<DroppedBlobs> dropped_blobs_;
  bool is_discarded_ = true;  // when this goes
};

}  // namespace coffer::vault
