#include "blobs/routed_store.h"

#include <utility>

namespace coffer::blobs {
namespace {

// Of the stores that were there when it was made. What has a place in one that was not stands in
// the ledger, and goes later; bytes that are found by a digest are swept.
class RoutedRemoval final : public Removal {
 public:
  RoutedRemoval(std::unique_ptr<Removal> by_digest, std::unique_ptr<Removal> by_place)
      : by_digest_(std::move(by_digest)), by_place_(std::move(by_place)) {}

  Task<bool> remove(BlobRef blob) override {
    const std::unique_ptr<Removal>& part = blob.place.empty() ? by_digest_ : by_place_;
    return part ? part->remove(blob) : spare();
  }

 private:
  static Task<bool> spare() { co_return false; }

  const std::unique_ptr<Removal> by_digest_;
  const std::unique_ptr<Removal> by_place_;
};

}  // namespace

RoutedStore::RoutedStore(std::unique_ptr<BlobStore> by_digest, std::unique_ptr<BlobStore> by_place,
                         Side uploads_to)
    : owned_by_digest_(std::move(by_digest)),
      owned_by_place_(std::move(by_place)),
      by_digest_(owned_by_digest_.get()),
      by_place_(owned_by_place_.get()),
      uploads_to_(uploads_to) {}

void RoutedStore::add(Side side, std::unique_ptr<BlobStore> store) {
  if (side == Side::kByDigest) {
    owned_by_digest_ = std::move(store);
    by_digest_.store(owned_by_digest_.get(), std::memory_order_release);
  } else {
    owned_by_place_ = std::move(store);
    by_place_.store(owned_by_place_.get(), std::memory_order_release);
  }
}

BlobStore& RoutedStore::without_place() const noexcept {
  BlobStore* const by_digest = find(Side::kByDigest);
  return by_digest ? *by_digest : *find(Side::kByPlace);
}

Task<std::unique_ptr<BlobWriter>> RoutedStore::create(std::optional<std::uint64_t> expected_size,
                                                      std::string owner) {
  return find(uploads_to_)->create(expected_size, std::move(owner));
}

BlobStore& RoutedStore::store_of(const BlobRef& blob) const {
  if (blob.place.empty()) return without_place();
  BlobStore* const by_place = find(Side::kByPlace);
  if (!by_place) throw Error("the store of a blob that has a place is not open");
  return *by_place;
}

Task<std::shared_ptr<const Content>> RoutedStore::open(BlobRef blob) {
  return store_of(blob).open(blob);
}

Task<std::shared_ptr<const Content>> RoutedStore::open_uncached(BlobRef blob) {
  return blobs::open_uncached(store_of(blob), blob);
}

std::unique_ptr<Removal> RoutedStore::begin_removal() {
  BlobStore* const by_digest = find(Side::kByDigest);
  BlobStore* const by_place = find(Side::kByPlace);
  return std::make_unique<RoutedRemoval>(by_digest ? by_digest->begin_removal() : nullptr,
                                         by_place ? by_place->begin_removal() : nullptr);
}

Task<std::vector<BlobStore::Listed>> RoutedStore::list(std::optional<Sha256Digest> after,
                                                       std::size_t limit) {
  return without_place().list(after, limit);
}

Task<bool> RoutedStore::remove_leftovers(std::size_t limit) {
  BlobStore* const by_place = find(Side::kByPlace);
  return (by_place ? by_place : find(Side::kByDigest))->remove_leftovers(limit);
}

UploadBudget::Load RoutedStore::memory_load() const { return find(uploads_to_)->memory_load(); }

Task<void> RoutedStore::check_present() {
  for (const Side side : {Side::kByDigest, Side::kByPlace}) {
    BlobStore* const store = find(side);
    if (store) co_await store->check_present();
  }
}

Task<std::uint64_t> RoutedStore::free_bytes() { return find(uploads_to_)->free_bytes(); }

}  // namespace coffer::blobs
