#include "vault/model/idempotency_claim.h"

#include "vault/model/idempotency_rows.h"

namespace coffer::vault {
namespace {

// Events are written in the transaction: of this one are those above what was the last before.
constexpr db::Statement kLastEvent{"SELECT coalesce(max(id), 0) FROM event"};
constexpr db::Statement kInsert{
    "INSERT INTO idempotency_key (account_id, key, fingerprint, first_event, last_event, charged,"
    " expires_at) VALUES ($1, $2, $3,"
    " (SELECT coalesce(min(id), 1) FROM event WHERE id > $4),"
    " (SELECT coalesce(max(id), 0) FROM event WHERE id > $4), $5, $6)"};

}  // namespace

Task<Result<void>> IdempotencyClaim::begin(db::Transaction& transaction, AccountId account) {
  if (is_committed_) co_return Result<void>{};
  const bool is_free = co_await free_idempotency_key(transaction, account, key_, clock_.now());
  if (!is_free) {
    co_return fail(FailureCode::kRequestInProgress,
                   "another request with this Idempotency-Key was faster; send it again to get the"
                   " reply");
  }
  const auto last =
      co_await transaction.find(kLastEvent, [](const db::Row& row) { return row.id<EventId>(0); });
  before_ = last.value();
  co_return Result<void>{};
}

Task<Result<void>> IdempotencyClaim::end(db::Transaction& transaction, AccountId account) {
  if (is_committed_) co_return Result<void>{};
  const auto fits = co_await charge_account(transaction, account, cost_of_idempotency_key(0));
  if (!fits) co_return std::unexpected(fits.error());
  const Sha256Digest fingerprint = fingerprint_();
  co_await transaction.execute(kInsert, account, ByteView(key_.bytes), ByteView(fingerprint.bytes),
                               before_, cost_of_idempotency_key(0).charged,
                               clock_.now() + kIdempotencyLifetime);
  co_return Result<void>{};
}

}  // namespace coffer::vault
