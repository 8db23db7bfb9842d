#include "vault/upkeep/store_kind.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kFindKind{"SELECT kind FROM blob_store WHERE id = 1"};
constexpr db::Statement kSetKind{
    "INSERT INTO blob_store (id, kind) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET kind = $1"};

constexpr db::Statement kSomePlaced{
    "SELECT digest, size, place FROM blob WHERE refs > 0 AND size > 0 AND place IS NOT NULL"
    " ORDER BY digest LIMIT $1"};

StoreKind store_kind_from(const db::Row& row) { return static_cast<StoreKind>(row.integer(0)); }

blobs::BlobRef stored_from(const db::Row& row) {
  return {Sha256Digest::from_bytes(row.bytes(0)).value(),
          static_cast<std::uint64_t>(row.integer(1)), blobs::Place(row.bytes(2))};
}

}  // namespace

Task<std::optional<StoreKind>> stored_in(GuardedDatabase database) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<StoreKind>> {
    co_return co_await tx.find(kFindKind, store_kind_from);
  };
  co_return co_await database.read(look);
}

Task<void> set_stored_in(GuardedDatabase database, StoreKind kind) {
  auto set = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kSetKind, static_cast<std::int64_t>(kind));
  };
  co_await database.write(Actor::System{}, set);
}

Task<std::vector<blobs::BlobRef>> some_placed(GuardedDatabase database, std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<std::vector<blobs::BlobRef>> {
    co_return co_await tx.all(kSomePlaced, stored_from, static_cast<std::int64_t>(limit));
  };
  co_return co_await database.read(look);
}

}  // namespace coffer::vault
