#include "vault/transfer/manifests.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/fetched_content.h"
#include "vault/model/stored_blobs.h"

namespace coffer::vault {
namespace {

constexpr std::int64_t kPageExtents = 16;

constexpr db::Statement kDrop{
    "UPDATE blob SET refs = blob.refs - gone.refs, unused_since ="
    " CASE WHEN blob.refs = gone.refs THEN CAST($2 AS BIGINT) ELSE NULL END"
    " FROM (SELECT part.digest, count(*) AS refs FROM part WHERE part.multipart_id = $1"
    " GROUP BY part.digest) AS gone WHERE blob.digest = gone.digest"};
constexpr db::Statement kRetire{
    "INSERT INTO retired_manifest (manifest_id, retired_at) VALUES ($1, $2)"};
constexpr db::Statement kRemove{"DELETE FROM part WHERE multipart_id = $1"};

// The extent that holds an offset, and those that follow.
constexpr db::Statement kExtents{
    "SELECT start, size, digest FROM part WHERE multipart_id = $1 AND start >="
    " (SELECT max(start) FROM part WHERE multipart_id = $1 AND start <= $2)"
    " ORDER BY start LIMIT $3"};

struct Extent {
  std::uint64_t start = 0;  // in the file
  std::uint64_t size = 0;
  Sha256Digest digest;

  bool holds(std::uint64_t offset) const { return offset >= start && offset - start < size; }
};

Extent extent_from(const db::Row& row) {
  return {.start = static_cast<std::uint64_t>(row.integer(0)),
          .size = static_cast<std::uint64_t>(row.integer(1)),
          .digest = Sha256Digest::from_bytes(row.bytes(2)).value()};
}

class ManifestContent final : public Content, public FetchedContent {
 public:
  ManifestContent(Context& context, ManifestId manifest, std::uint64_t size)
      : context_(context), manifest_(manifest), size_(size) {}

  std::uint64_t size() const noexcept override { return size_; }

  // Of the part that is read first.
  Task<std::optional<ReaderMemory>> begin(std::uint64_t offset, std::uint64_t length,
                                          ContentReader reader) const override {
    const Extent extent = co_await extent_at(offset);
    const auto content = co_await open(extent);
    const std::uint64_t inside = offset - extent.start;
    const auto* const fetched = dynamic_cast<const FetchedContent*>(content.get());
    if (!fetched) co_return ReaderMemory();
    const std::uint64_t count = std::min(length, extent.size - inside);
    co_return co_await fetched->begin(inside, count, std::move(reader));
  }

  Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const override {
    const Extent extent = co_await extent_at(offset);
    const auto content = co_await open(extent);
    const std::uint64_t inside = offset - extent.start;
    const std::uint64_t count = std::min(max, extent.size - inside);
    Piece piece = co_await content->piece(inside, count);
    // The next part may take the place of this one before the slice has been sent.
    if (auto* slice = std::get_if<FileSlice>(&piece)) slice->keep = content;
    co_return piece;
  }

 private:
  using Page = std::vector<Extent>;

  Task<Extent> extent_at(std::uint64_t offset) const {
    const auto known = page();
    if (const Extent* extent = find(known, offset)) co_return *extent;
    auto body = [&](db::Transaction& tx) -> Task<Page> {
      co_return co_await tx.all(kExtents, extent_from, manifest_, offset, kPageExtents);
    };
    auto fresh = std::make_shared<const Page>(co_await context_.database.read(body));
    const Extent* found = find(fresh, offset);
    if (!found) lost(offset);
    const Extent extent = *found;
    const std::lock_guard lock(mutex_);
    page_ = std::move(fresh);
    co_return extent;
  }

  static const Extent* find(const std::shared_ptr<const Page>& page, std::uint64_t offset) {
    if (!page) return nullptr;
    const auto found =
        std::ranges::find_if(*page, [&](const Extent& extent) { return extent.holds(offset); });
    return found == page->end() ? nullptr : &*found;
  }

  std::shared_ptr<const Page> page() const {
    const std::lock_guard lock(mutex_);
    return page_;
  }

  Task<std::shared_ptr<const Content>> open(const Extent& extent) const {
    {
      const std::lock_guard lock(mutex_);
      if (blob_ && blob_digest_ == extent.digest) co_return blob_;
    }
    auto blob = co_await open_blob(context_, extent.digest);
    if (!blob || blob->size() != extent.size) lost(extent.start);
    const std::lock_guard lock(mutex_);
    blob_ = blob;
    blob_digest_ = extent.digest;
    co_return blob;
  }

  [[noreturn]] void lost(std::uint64_t offset) const {
    throw blobs::Error("the store has lost the bytes at " + std::to_string(offset) +
                       " of manifest " + std::to_string(manifest_.value));
  }

  Context& context_;
  const ManifestId manifest_;
  const std::uint64_t size_;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Page> page_;     // extents one after another, read last
  mutable std::shared_ptr<const Content> blob_;  // opened last
  mutable Sha256Digest blob_digest_;
};

}  // namespace

Task<void> retire_manifest(db::Transaction& transaction, ManifestId manifest, Time now) {
  co_await transaction.execute(kDrop, manifest, now);
  co_await transaction.execute(kRetire, manifest, now);
}

Task<void> drop_parts(db::Transaction& transaction, ManifestId manifest, Time now) {
  co_await transaction.execute(kDrop, manifest, now);
  co_await transaction.execute(kRemove, manifest);
}

std::shared_ptr<const Content> open_manifest(Context& context, ManifestId manifest,
                                             std::uint64_t size) {
  return std::make_shared<ManifestContent>(context, manifest, size);
}

}  // namespace coffer::vault
