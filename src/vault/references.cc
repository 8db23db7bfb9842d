#include "vault/references.h"

#include <algorithm>
#include <span>

#include "vault/uploads.h"

// Equal bytes are stored once, but each upload of them has a row of its own, with a count of its
// own. To find the row of others, every upload would write a page of the index by digest, a page
// that it shares with nobody, for digests have no order in time. So uploads leave the index alone;
// rows are entered later, many at a time and in its own order (index()). Who asks it for what is
// older than the grace time gets the truth once all that is committed has been entered (settle()):
// whatever is committed after that was received within the grace time.
//
// Why no blob goes that somebody needs. An upload makes its bytes durable first, which sets the
// blob's time in the store (also when equal bytes were there already), and commits a reference
// later (the transaction may begin before, but its commit waits). In between the database may count
// no reference. Two rules close that gap:
//   - the store keeps every blob whose time lies within the grace time, and looks at that time
//     and removes under one lock;
//   - a commit refuses bytes received longer ago than half the grace time. The other half is for
//     the transaction itself to end.
// So the collector first forgets the row, if still nobody refers to it, then, if no other row has
// the digest, asks the store to remove what is older than the grace time. An upload of equal bytes
// that finished before is too old to commit; one that finished since keeps the blob. A crash in
// between leaves a blob without a row, which the sweep finds.

namespace coffer::vault {
namespace {

// What index() enters at most, and how much of it with one transaction: no upload that commits
// with it waits for long.
constexpr std::size_t kIndexedAtMost = 100'000;
constexpr std::size_t kEnteredAtOnce = 256;

constexpr db::Statement kAdd{"INSERT INTO blob (digest, size, refs) VALUES ($1, $2, 1)"};
constexpr db::Statement kDrop{
    "UPDATE blob SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN CAST($2 AS INTEGER) "
    "ELSE NULL END"
    " WHERE id = $1"};
constexpr db::Statement kUnused{
    "SELECT id, digest FROM blob WHERE unused_since IS NOT NULL AND unused_since <= $1"
    " ORDER BY unused_since LIMIT $2"};
constexpr db::Statement kForget{
    "DELETE FROM blob WHERE id = $1 AND refs = 0 AND unused_since <= $2"
    " AND id <= (SELECT up_to FROM blob_indexed)"};
constexpr db::Statement kReferenced{
    "SELECT id, digest, size FROM blob WHERE refs > 0 AND id > $1 ORDER BY id LIMIT $2"};

constexpr db::Statement kIndexed{"SELECT up_to FROM blob_indexed"};
constexpr db::Statement kAddedSince{
    "SELECT id, digest FROM blob WHERE id > $1 ORDER BY id LIMIT $2"};
// Nothing where the row has gone meanwhile.
constexpr db::Statement kEnter{
    "INSERT INTO blob_digest (digest, blob_id) SELECT digest, id FROM blob WHERE id = $1"
    " ON CONFLICT DO NOTHING"};
constexpr db::Statement kRaiseIndexed{"UPDATE blob_indexed SET up_to = $2 WHERE up_to = $1"};
constexpr db::Statement kTakeOut{"DELETE FROM blob_digest WHERE digest = $1 AND blob_id = $2"};
// The numbers of the last rows come again when these are forgotten.
constexpr db::Statement kLowerIndexed{
    "UPDATE blob_indexed SET up_to = (SELECT coalesce(max(id), 0) FROM blob)"
    " WHERE up_to > (SELECT coalesce(max(id), 0) FROM blob)"};
constexpr db::Statement kKnown{"SELECT blob_id FROM blob_digest WHERE digest = $1 LIMIT 1"};

// One row and its name.
struct NamedBlob {
  BlobId id;
  Sha256Digest digest;
};

BlobId id_from(const db::Row& row) { return row.id<BlobId>(0); }

NamedBlob named_from(const db::Row& row) {
  return {id_from(row), Sha256Digest::from_bytes(row.bytes(1)).value()};
}

}  // namespace

Task<BlobId> add_reference(db::Transaction& transaction, const Received& received) {
  transaction.commit_after(received.landing);
  const ByteView digest = received.digest.bytes;
  const auto added = co_await transaction.insert<BlobId>(kAdd, digest, received.size);
  co_return added.value();
}

Task<void> drop_reference(db::Transaction& transaction, BlobId blob, Time now) {
  co_await transaction.execute(kDrop, blob, now);
}

Task<std::vector<Referenced>> referenced(db::Database& database, BlobId after, std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Referenced>> {
    const auto from = [](const db::Row& row) {
      const NamedBlob blob = named_from(row);
      return Referenced{blob.id, blob.digest, static_cast<std::uint64_t>(row.integer(2))};
    };
    co_return co_await tx.all(kReferenced, from, after, limit);
  };
  co_return co_await database.read(look);
}

Task<bool> References::index() {
  BlobId before{};
  auto look = [&](db::Transaction& tx) -> Task<std::vector<NamedBlob>> {
    const auto up_to = co_await tx.find(kIndexed, id_from);
    before = up_to.value();
    co_return co_await tx.all(kAddedSince, named_from, before, kIndexedAtMost);
  };
  std::vector<NamedBlob> added = co_await context_.database.scan(look);
  if (added.empty()) co_return false;
  const BlobId last = added.back().id;
  std::ranges::sort(added, {}, &NamedBlob::digest);
  for (auto next = added.begin(); next != added.end();) {
    const auto left = static_cast<std::size_t>(added.end() - next);
    const std::span part(next, std::min(left, kEnteredAtOnce));
    auto enter = [&](db::Transaction& tx) -> Task<void> {
      for (const NamedBlob& blob : part) co_await tx.execute(kEnter, blob.id);
    };
    co_await context_.database.write(enter);
    next += static_cast<std::ptrdiff_t>(part.size());
  }
  auto raise = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kRaiseIndexed, before, last);
  };
  co_await context_.database.write(raise);
  co_return added.size() == kIndexedAtMost;
}

// The end of the grace time. What was received before it, and committed, is in the index.
Task<Time> References::settle() {
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace;
  for (bool more = true; more;) more = co_await index();
  co_return cutoff;
}

Task<bool> References::collect(std::size_t limit) {
  const Time cutoff = co_await settle();
  auto look = [&](db::Transaction& tx) -> Task<std::vector<NamedBlob>> {
    co_return co_await tx.all(kUnused, named_from, cutoff, limit);
  };
  const auto unused = co_await context_.database.read(look);
  if (unused.empty()) co_return false;
  auto forget = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> unknown;
    for (const NamedBlob& blob : unused) {
      const auto rows = co_await tx.execute(kForget, blob.id, cutoff);
      if (rows == 0) continue;
      const ByteView digest = blob.digest.bytes;
      co_await tx.execute(kTakeOut, digest, blob.id);
      const auto other = co_await tx.find(kKnown, id_from, digest);
      if (!other) unknown.push_back(blob.digest);
    }
    co_await tx.execute(kLowerIndexed);
    co_return unknown;
  };
  const auto unknown = co_await context_.database.write(forget);
  for (const Sha256Digest& digest : unknown) {
    co_await context_.blobs.remove_unused(digest, cutoff);
  }
  co_return unused.size() == limit;
}

Task<std::optional<Sha256Digest>> References::sweep(std::optional<Sha256Digest> after,
                                                    std::size_t limit) {
  const Time cutoff = co_await settle();
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
