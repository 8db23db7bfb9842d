#include "vault/model/idempotency_keys.h"

#include <utility>
#include <vector>

#include "base/seal.h"
#include "vault/model/idempotency_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kFind{
    "SELECT fingerprint, first_event, last_event, reply_status, reply_headers, reply_body"
    " FROM idempotency_key WHERE account_id = $1 AND key = $2 AND expires_at > $3"};
constexpr db::Statement kFindAny{
    "SELECT id, charged, expires_at FROM idempotency_key WHERE account_id = $1 AND key = $2"};
constexpr db::Statement kAnswer{
    "UPDATE idempotency_key SET reply_status = $3, reply_headers = $4, reply_body = $5,"
    " charged = charged + $6 WHERE account_id = $1 AND key = $2 AND fingerprint = $7"
    " AND reply_status IS NULL"};
// A request that changed nothing: no events.
constexpr db::Statement kInsertAnswered{
    "INSERT INTO idempotency_key (account_id, key, fingerprint, first_event, last_event,"
    " reply_status, reply_headers, reply_body, charged, expires_at)"
    " VALUES ($1, $2, $3, 1, 0, $4, $5, $6, $7, $8)"};
constexpr db::Statement kExpired{
    "SELECT id, account_id, charged FROM idempotency_key WHERE expires_at <= $1 LIMIT $2"};
constexpr db::Statement kRemove{"DELETE FROM idempotency_key WHERE id = $1"};
constexpr db::Statement kCharged{
    "SELECT coalesce(sum(charged), 0) FROM idempotency_key WHERE account_id = $1"};
constexpr db::Statement kRemoveAll{"DELETE FROM idempotency_key WHERE account_id = $1"};

KeptRequest request_from(const db::Row& row) {
  KeptRequest request;
  request.fingerprint = Sha256Digest::from_bytes(row.bytes(0)).value();
  request.first_event = row.id<EventId>(1);
  request.last_event = row.id<EventId>(2);
  if (!row.is_null(3)) {
    request.reply.emplace();
    request.reply->status = static_cast<unsigned>(row.integer(3));
    request.reply->headers = row.text(4);
    request.reply->body = as_text(row.bytes(5));
  }
  return request;
}

std::string context_of(const Sha256Digest& key) { return "idempotent reply " + key.hex(); }

struct ExpiredKey {
  std::int64_t id;
  AccountId account;
  std::int64_t charged;
};

}  // namespace

Cost cost_of_idempotency_key(std::size_t reply_bytes) noexcept {
  return {.charged = static_cast<std::int64_t>(kIdempotencyCharge + reply_bytes)};
}

Task<bool> free_idempotency_key(db::Transaction& transaction, AccountId account,
                                const Sha256Digest& key, Time now) {
  struct Row {
    std::int64_t id;
    std::int64_t charged;
    Time expires_at;
  };
  const auto found = co_await transaction.find(
      kFindAny,
      [](const db::Row& row) {
        return Row{row.integer(0), row.integer(1), row.time(2)};
      },
      account, ByteView(key.bytes));
  if (!found) co_return true;
  if (found->expires_at > now) co_return false;
  co_await transaction.execute(kRemove, found->id);
  co_await give_back(transaction, account, Cost{.bytes = 0, .charged = found->charged});
  co_return true;
}

Task<void> drop_idempotency_keys(db::Transaction& transaction, AccountId account) {
  const auto charged = co_await transaction.find(
      kCharged, [](const db::Row& row) { return row.integer(0); }, account);
  co_await transaction.execute(kRemoveAll, account);
  co_await give_back(transaction, account, Cost{.bytes = 0, .charged = charged.value()});
}

Task<std::optional<KeptRequest>> IdempotencyKeys::find(AccountId account, Sha256Digest key) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<KeptRequest>> {
    co_return co_await tx.find(kFind, request_from, account, ByteView(key.bytes),
                               context_.clock.now());
  };
  auto found = co_await context_.database.read(body);
  co_return found;
}

Task<bool> IdempotencyKeys::keep(Actor actor, const IdempotencyClaim& claim, KeptReply reply) {
  if (reply.headers.size() + reply.body.size() > kKeptReplyMax) co_return false;
  const AccountId account = actor.account();
  const Sha256Digest fingerprint = claim.fingerprint();
  const std::size_t bytes = reply.headers.size() + reply.body.size();
  const std::int64_t whole = cost_of_idempotency_key(bytes).charged;
  const std::int64_t charged =
      claim.is_committed() ? whole - cost_of_idempotency_key(0).charged : whole;
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto fits = co_await charge_account(tx, account, Cost{.bytes = 0, .charged = charged});
    if (!fits) co_return std::unexpected(fits.error());
    const ByteView content = as_bytes(reply.body);
    const ByteView key(claim.key().bytes);
    if (claim.is_committed()) {
      const auto rows = co_await tx.execute(kAnswer, account, key, reply.status, reply.headers,
                                            content, charged, ByteView(fingerprint.bytes));
      if (rows == 0) co_return fail(FailureCode::kNotFound, "the key is forgotten");
      co_return Result<void>{};
    }
    const Time now = context_.clock.now();
    const bool is_free = co_await free_idempotency_key(tx, account, claim.key(), now);
    if (!is_free) co_return fail(FailureCode::kConflict, "the key is taken");
    co_await tx.execute(kInsertAnswered, account, key, ByteView(fingerprint.bytes), reply.status,
                        reply.headers, content, charged, now + kIdempotencyLifetime);
    co_return Result<void>{};
  };
  const auto kept = co_await context_.database.write(actor.claiming(nullptr), body);
  co_return kept.has_value();
}

KeptReply IdempotencyKeys::seal(KeptReply reply, std::string_view credentials,
                                const Sha256Digest& key) const {
  reply.body = coffer::seal(context_.entropy, credentials, context_of(key), reply.body);
  return reply;
}

std::optional<KeptReply> IdempotencyKeys::unseal(KeptReply reply, std::string_view credentials,
                                                 const Sha256Digest& key) {
  auto body = coffer::unseal(credentials, context_of(key), reply.body);
  if (!body) return std::nullopt;
  reply.body = std::move(*body);
  return reply;
}

Task<std::uint64_t> IdempotencyKeys::prune(std::size_t limit) {
  // Nothing is written where nothing has expired.
  auto find = [&](db::Transaction& tx) -> Task<std::vector<ExpiredKey>> {
    co_return co_await tx.all(
        kExpired,
        [](const db::Row& row) {
          return ExpiredKey{row.integer(0), row.id<AccountId>(1), row.integer(2)};
        },
        context_.clock.now(), limit);
  };
  const auto any = co_await context_.database.read(find);
  if (any.empty()) co_return std::uint64_t{0};
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    const auto expired = co_await find(tx);
    for (const ExpiredKey& key : expired) {
      co_await tx.execute(kRemove, key.id);
      co_await give_back(tx, key.account, Cost{.bytes = 0, .charged = key.charged});
    }
    co_return expired.size();
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
