#include "vault/transfer/blob_rows.h"

#include "vault/transfer/staged_blob.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kAdd{
    "INSERT INTO blob (digest, size, refs) VALUES ($1, $2, 1)"
    " ON CONFLICT (digest) DO UPDATE SET refs = blob.refs + 1, unused_since = NULL"};
constexpr db::Statement kDrop{
    "UPDATE blob SET refs = refs - 1, unused_since = CASE WHEN refs = 1 THEN CAST($2 AS BIGINT) "
    "ELSE NULL END"
    " WHERE digest = $1"};

}  // namespace

Task<void> add_reference(db::Transaction& transaction, const StagedBlob& staged) {
  transaction.wait_before_commit(staged.durable_blob());
  const ByteView digest = staged.digest().bytes;
  co_await transaction.execute(kAdd, digest, staged.size());
}

Task<void> drop_reference(db::Transaction& transaction, const Sha256Digest& digest, Time now) {
  co_await transaction.execute(kDrop, ByteView(digest.bytes), now);
}

}  // namespace coffer::vault
