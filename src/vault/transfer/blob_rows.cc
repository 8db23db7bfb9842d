#include "vault/transfer/blob_rows.h"

#include "vault/transfer/staged_blob.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kAdd{
    "INSERT INTO blob (digest, size, refs) VALUES ($1, $2, 1)"
    " ON CONFLICT (digest) DO UPDATE SET refs = blob.refs + 1, unused_since = NULL"};
// The same of bytes that have a place. That of the row stays.
constexpr db::Statement kAddAtPlace{
    "INSERT INTO blob (digest, size, refs, place) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT (digest) DO UPDATE SET refs = blob.refs + 1, unused_since = NULL"
    " RETURNING place"};
constexpr db::Statement kClaim{"DELETE FROM unclaimed_place WHERE place = $1"};
constexpr db::Statement kDrop{
    "UPDATE blob SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN CAST($2 AS BIGINT) "
    "ELSE NULL END"
    " WHERE digest = $1"};

}  // namespace

Task<void> add_reference(db::Transaction& transaction, const StagedBlob& staged) {
  transaction.wait_before_commit(staged.durable_blob());
  const ByteView digest = staged.digest().bytes;
  const blobs::Place& place = staged.durable_blob()->place();
  if (place.empty()) {
    co_await transaction.execute(kAdd, digest, staged.size());
    co_return;
  }
  const auto place_from = [](const db::Row& row) { return blobs::Place(row.bytes(0)); };
  const auto taken =
      co_await transaction.find(kAddAtPlace, place_from, digest, staged.size(), place.bytes());
  // Where the bytes were stored before, these stay in the ledger, and the store removes them.
  if (taken == place) co_await transaction.execute(kClaim, place.bytes());
}

Task<void> drop_reference(db::Transaction& transaction, const Sha256Digest& digest, Time now) {
  co_await transaction.execute(kDrop, ByteView(digest.bytes), now);
}

}  // namespace coffer::vault
