// Two stores as one, while the blobs of a vault move from one into the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "blobs/blob_store.h"
#include "blobs/caching_store.h"

namespace coffer::blobs {

// A blob without a place is in the store that finds blobs by their digests, one with a place in the
// store that keeps places. There may be one of them only; the other may be added later. Uploads go
// to one of the two. Threads: any executor's.
class RoutedStore final : public BlobStore, public CachingStore {
 public:
  enum class Side : std::uint8_t { kByDigest, kByPlace };

  // One that is null is not there. REQUIRES: not both are; `uploads_to` is there; both share the
  // memory of uploads (UploadMemory), as does one that is added.
  RoutedStore(std::unique_ptr<BlobStore> by_digest, std::unique_ptr<BlobStore> by_place,
              Side uploads_to);

  // Null where it is not there. Valid as long as this lives.
  BlobStore* find(Side side) const noexcept { return at(side).load(std::memory_order_acquire); }
  // REQUIRES: it is not there; one thread at a time.
  void add(Side side, std::unique_ptr<BlobStore> store);

  // Where blobs are stored that are created from now on; those under way stay where they are.
  // REQUIRES: it is there.
  void direct_uploads(Side side) noexcept { uploads_to_ = side; }

  Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t> expected_size,
                                           std::string owner) override;
  // True once any blob may have a place.
  bool keeps_places() const noexcept override { return find(Side::kByPlace) != nullptr; }
  // Of the store that keeps places; of blobs with a place only.
  PublicObjects* public_objects() noexcept override {
    BlobStore* const by_place = find(Side::kByPlace);
    return by_place ? by_place->public_objects() : nullptr;
  }
  // Both throw Error for a place whose store is not there.
  Task<std::shared_ptr<const Content>> open(BlobRef blob) override;
  Task<std::shared_ptr<const Content>> open_uncached(BlobRef blob) override;
  std::unique_ptr<Removal> begin_removal() override;
  // Of the store that finds blobs by their digests.
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override;
  Task<bool> remove_leftovers(std::size_t limit) override;
  UploadBudget::Load memory_load() const override;
  // Of both.
  Task<void> check_present() override;
  // For uploads.
  Task<std::uint64_t> free_bytes() override;

 private:
  const std::atomic<BlobStore*>& at(Side side) const noexcept {
    return side == Side::kByDigest ? by_digest_ : by_place_;
  }
  // Where a blob is. Throws Error for a place whose store is not there.
  BlobStore& store_of(const BlobRef& blob) const;
  // Where a blob without a place would be.
  BlobStore& without_place() const noexcept;

  std::unique_ptr<BlobStore> owned_by_digest_;
  std::unique_ptr<BlobStore> owned_by_place_;
  std::atomic<BlobStore*> by_digest_;
  std::atomic<BlobStore*> by_place_;
  std::atomic<Side> uploads_to_;
};

}  // namespace coffer::blobs
