#include "vault/references.h"

#include "vault/uploads.h"

// A digest has one row, which counts the entries and parts that refer to its bytes; the count
// changes in the transactions that make and drop them.
//
// Why no blob goes that somebody needs. Bytes go only after a transaction has found that nothing
// refers to them and has removed their row, if they had one. An upload makes its bytes durable
// first, which sets the blob's time in the store (also when equal bytes were there already), and
// commits its reference later. If it commits before that transaction, the row has a reference and
// stays. If it commits after, it makes a new row, and its bytes stay because
//   - the store keeps every blob whose time lies within the grace time, and looks at that time
//     and removes under one lock;
//   - a commit refuses bytes received longer ago than half the grace time.
// A crash between the transaction and the removal leaves a blob without a row, which the sweep
// finds.

namespace coffer::vault {
namespace {

constexpr db::Statement kAdd{
    "INSERT INTO blob (digest, size, refs) VALUES ($1, $2, 1)"
    " ON CONFLICT (digest) DO UPDATE SET refs = refs + 1, unused_since = NULL RETURNING id"};
constexpr db::Statement kDrop{
    "UPDATE blob SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN CAST($2 AS INTEGER) "
    "ELSE NULL END"
    " WHERE id = $1"};
constexpr db::Statement kUnused{
    "SELECT id, digest FROM blob WHERE unused_since IS NOT NULL AND unused_since <= $1"
    " ORDER BY unused_since LIMIT $2"};
constexpr db::Statement kForget{
    "DELETE FROM blob WHERE id = $1 AND refs = 0 AND unused_since <= $2"};
constexpr db::Statement kKnown{"SELECT id FROM blob WHERE digest = $1"};
constexpr db::Statement kReferenced{
    "SELECT id, digest, size FROM blob WHERE refs > 0 AND id > $1 ORDER BY id LIMIT $2"};

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
  const auto added = co_await transaction.find(kAdd, id_from, digest, received.size);
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

Task<bool> References::collect(std::size_t limit) {
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace;
  auto look = [&](db::Transaction& tx) -> Task<std::vector<NamedBlob>> {
    co_return co_await tx.all(kUnused, named_from, cutoff, limit);
  };
  const auto unused = co_await context_.database.read(look);
  if (unused.empty()) co_return false;
  auto forget = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> forgotten;
    for (const NamedBlob& blob : unused) {
      const auto rows = co_await tx.execute(kForget, blob.id, cutoff);
      if (rows == 1) forgotten.push_back(blob.digest);
    }
    co_return forgotten;
  };
  const auto forgotten = co_await context_.database.write(Actor::System{}, forget);
  for (const Sha256Digest& digest : forgotten) {
    co_await context_.blobs.remove_unused(digest, cutoff);
  }
  co_return unused.size() == limit;
}

Task<std::optional<Sha256Digest>> References::sweep(std::optional<Sha256Digest> after,
                                                    std::size_t limit) {
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace;
  const auto stored = co_await context_.blobs.list(after, limit);
  // A write, though it changes nothing: it sees every commit before it, and those after it refuse
  // bytes as old as these.
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> unknown;
    for (const auto& blob : stored) {
      if (blob.written > cutoff) continue;
      const auto row = co_await tx.find(kKnown, id_from, ByteView(blob.info.digest.bytes));
      if (!row) unknown.push_back(blob.info.digest);
    }
    co_return unknown;
  };
  const auto unknown = co_await context_.database.write(Actor::System{}, look);
  for (const Sha256Digest& digest : unknown) {
    co_await context_.blobs.remove_unused(digest, cutoff);
  }
  if (stored.size() < limit) co_return std::nullopt;
  co_return stored.back().info.digest;
}

}  // namespace coffer::vault
