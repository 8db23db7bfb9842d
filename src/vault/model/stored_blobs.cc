#include "vault/model/stored_blobs.h"

#include <optional>

namespace coffer::vault {
namespace {

constexpr db::Statement kPlace{"SELECT size, place FROM blob WHERE digest = $1"};

// Of the digest's row, as the transaction sees it.
Task<std::optional<blobs::BlobRef>> find_ref(db::Transaction& tx, const Sha256Digest& digest) {
  const auto ref_from = [&](const db::Row& row) {
    return blobs::BlobRef(digest, static_cast<std::uint64_t>(row.integer(0)),
                          blobs::Place(row.bytes(1)));
  };
  co_return co_await tx.find(kPlace, ref_from, ByteView(digest.bytes));
}

Task<std::shared_ptr<const Content>> open_at_its_place(Context& context, Sha256Digest digest) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<blobs::BlobRef>> {
    co_return co_await find_ref(tx, digest);
  };
  const auto blob = co_await context.database.read(look);
  if (!blob) co_return nullptr;
  auto content = co_await context.blobs.open(*blob);
  if (content || !blob->place.empty()) co_return content;
  // It may have moved since the row was read: a write sees every commit before it.
  const auto moved = co_await context.database.write(Actor::System{}, look);
  if (!moved) co_return nullptr;
  co_return co_await context.blobs.open(*moved);
}

}  // namespace

Task<std::shared_ptr<const Content>> open_blob(Context& context, Sha256Digest digest) {
  if (!context.blobs.keeps_places()) {
    auto content = co_await context.blobs.open(digest);
    // A move into a store that keeps places may just have begun.
    if (content || !context.blobs.keeps_places()) co_return content;
  }
  co_return co_await open_at_its_place(context, digest);
}

}  // namespace coffer::vault
