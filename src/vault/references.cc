#include "vault/references.h"

#include "vault/uploads.h"

// Why no blob goes that somebody needs. An upload makes its bytes durable first, which sets the
// blob's time in the store (also when equal bytes were there already), and commits a reference
// later (the transaction may begin before, but its commit waits). In between the database may count
// no reference. Two rules close that gap:
//   - the store keeps every blob whose time lies within the grace time, and looks at that time
//     and removes under one lock;
//   - a commit refuses bytes received longer ago than half the grace time. The other half is for
//     the transaction itself to end.
// So the collector first forgets the row, if still nobody refers to it, then asks the store to
// remove what is older than the grace time. An upload of equal bytes that finished before is
// too old to commit; one that finished since keeps the blob and makes a row of its own. A crash in
// between leaves a blob without a row, which the sweep finds.

namespace coffer::vault {
namespace {

constexpr db::Statement kAdd{
    "INSERT INTO blob (digest, size, refs) VALUES ($1, $2, 1) ON CONFLICT (digest) DO NOTHING"};
constexpr db::Statement kAddToKnown{
    "UPDATE blob SET refs = refs + 1, unused_since = NULL WHERE digest = $1 RETURNING id"};
constexpr db::Statement kDrop{
    "UPDATE blob SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN CAST($2 AS INTEGER) "
    "ELSE NULL END"
    " WHERE id = $1"};
constexpr db::Statement kUnused{
    "SELECT digest FROM blob WHERE unused_since IS NOT NULL AND unused_since <= $1"
    " ORDER BY unused_since LIMIT $2"};
constexpr db::Statement kForget{
    "DELETE FROM blob WHERE digest = $1 AND refs = 0 AND unused_since <= $2"};
constexpr db::Statement kKnown{"SELECT id FROM blob WHERE digest = $1"};
// The empty name comes before all others.
constexpr db::Statement kReferenced{
    "SELECT digest, size FROM blob WHERE refs > 0 AND digest > $1 ORDER BY digest LIMIT $2"};

std::int64_t id_from(const db::Row& row) { return row.integer(0); }

Sha256Digest digest_from(const db::Row& row) {
  return Sha256Digest::from_bytes(row.bytes(0)).value();
}

}  // namespace

Task<BlobId> add_reference(db::Transaction& transaction, const Received& received) {
  transaction.commit_after(received.landing);
  const ByteView digest = received.digest.bytes;
  const auto fresh = co_await transaction.insert<BlobId>(kAdd, digest, received.size);
  if (fresh) co_return *fresh;
  const auto known = co_await transaction.find(kAddToKnown, id_from, digest);
  co_return BlobId{known.value()};
}

Task<void> drop_reference(db::Transaction& transaction, BlobId blob, Time now) {
  co_await transaction.execute(kDrop, blob, now);
}

Task<std::vector<Referenced>> referenced(db::Database& database, std::optional<Sha256Digest> after,
                                         std::size_t limit) {
  const ByteView last = after ? ByteView(after->bytes) : ByteView();
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Referenced>> {
    const auto from = [](const db::Row& row) {
      return Referenced{digest_from(row), static_cast<std::uint64_t>(row.integer(1))};
    };
    co_return co_await tx.all(kReferenced, from, last, limit);
  };
  co_return co_await database.read(look);
}

Task<std::size_t> References::collect(std::size_t limit) {
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace;
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    co_return co_await tx.all(kUnused, digest_from, cutoff, limit);
  };
  const auto unused = co_await context_.database.read(look);
  if (unused.empty()) co_return 0;
  auto forget = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> forgotten;
    for (const Sha256Digest& digest : unused) {
      const auto rows = co_await tx.execute(kForget, ByteView(digest.bytes), cutoff);
      if (rows > 0) forgotten.push_back(digest);
    }
    co_return forgotten;
  };
  const auto forgotten = co_await context_.database.write(forget);
  for (const Sha256Digest& digest : forgotten) {
    co_await context_.blobs.remove_unused(digest, cutoff);
  }
  co_return unused.size();
}

Task<std::optional<Sha256Digest>> References::sweep(std::optional<Sha256Digest> after,
                                                    std::size_t limit) {
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace;
  const auto stored = co_await context_.blobs.list(after, limit);
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> unknown;
    for (const auto& blob : stored) {
      if (blob.written > cutoff) continue;
      const auto row = co_await tx.find(kKnown, id_from, ByteView(blob.info.digest.bytes));
      if (!row) unknown.push_back(blob.info.digest);
    }
    co_return unknown;
  };
  const auto unknown = co_await context_.database.read(look);
  for (const Sha256Digest& digest : unknown) {
    co_await context_.blobs.remove_unused(digest, cutoff);
  }
  if (stored.size() < limit) co_return std::nullopt;
  co_return stored.back().info.digest;
}

}  // namespace coffer::vault
