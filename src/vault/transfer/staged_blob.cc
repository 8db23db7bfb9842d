#include "vault/transfer/staged_blob.h"

#include <utility>

namespace coffer::vault {

StagedBlob::StagedBlob(std::shared_ptr<blobs::DurableBlob> blob, Bytes head,
                       std::unique_ptr<Reservation> reservation,
                       std::shared_ptr<DroppedBlobs> dropped_blobs) noexcept
    : blob_(std::move(blob)),
      head_(std::move(head)),
      reservation_(std::move(reservation)),
      dropped_blobs_(std::move(dropped_blobs)) {}

StagedBlob::StagedBlob(StagedBlob&& other) noexcept = default;

StagedBlob& StagedBlob::operator=(StagedBlob&& other) noexcept {
  std::swap(blob_, other.blob_);
  std::swap(head_, other.head_);
  std::swap(reservation_, other.reservation_);
  std::swap(dropped_blobs_, other.dropped_blobs_);
  std::swap(is_discarded_, other.is_discarded_);
  return *this;
}

StagedBlob::~StagedBlob() {
  if (!blob_ || !is_discarded_) return;
  const Sha256Digest digest = blob_->digest();
  const bool is_alone = !blob_->place().empty();
  blob_->discard();
  blob_.reset();
  // What has a place of its own was nobody else's: the store needs no answer from the database.
  if (!is_alone) dropped_blobs_->add(digest);
}

void StagedBlob::begin_commit() noexcept {
  reservation_.reset();
  is_discarded_ = false;
}

void StagedBlob::commit_refused() noexcept { is_discarded_ = true; }

}  // namespace coffer::vault
