#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "vault/identity/account_rows.h"
#include "vault/identity/sessions.h"
#include "vault/identity/write_uses.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kHintLength = 8;
constexpr std::size_t kSecretMax = 256;  // bytes; ours are shorter than 50

constexpr db::Statement kInsert{
    "INSERT INTO api_key (account_id, kind, name, hint, hash, created_at, scopes, expires_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr db::Statement kList{
    "SELECT id, account_id, kind, name, hint, created_at, scopes, expires_at, used_at FROM api_key"
    " WHERE account_id = $1 AND kind <> 2 AND id > $2 ORDER BY id LIMIT $3"};
constexpr db::Statement kListed{
    "SELECT id, account_id, kind, name, hint, created_at, scopes, expires_at, used_at FROM api_key"
    " WHERE id = $1 AND account_id = $2"};
constexpr db::Statement kUse{
    "UPDATE api_key SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)"};
constexpr db::Statement kRevoke{"DELETE FROM api_key WHERE id = $1 AND account_id = $2"};
// Both statements are found by an index: those of buckets are in no list of the account's keys.
constexpr db::Statement kRevokeListed{"DELETE FROM api_key WHERE account_id = $1 AND kind <> 2"};
constexpr db::Statement kRevokeOfBuckets{
    "DELETE FROM api_key WHERE space_id IN (SELECT id FROM space WHERE owner_id = $1)"};

// $2 is a bucket of the account $1 that is there still.
constexpr db::Statement kInsertApplication{
    "INSERT INTO api_key (account_id, kind, name, hint, hash, created_at, space_id)"
    " SELECT $1, $3, '', $4, $5, $6, space.id FROM space"
    " WHERE space.id = $2 AND space.owner_id = $1 AND space.kind = 3"
    " AND space.removed_at IS NULL"};
// Not more than $2, however many there are.
constexpr db::Statement kCountApplications{
    "SELECT count(*) FROM (SELECT 1 FROM api_key WHERE space_id = $1 LIMIT $2)"};
// Not more than $3, however many there are.
constexpr db::Statement kCountKind{
    "SELECT count(*) FROM (SELECT 1 FROM api_key WHERE account_id = $1 AND kind <> 2"
    " AND kind = $2 LIMIT $3)"};
constexpr db::Statement kRevokeApplication{
    "DELETE FROM api_key WHERE hash = $1 AND account_id = $2 AND kind = 2"};
constexpr db::Statement kRevokeApplications{
    "DELETE FROM api_key WHERE space_id = $1 AND account_id = $2"};

constexpr auto kFindText = sql("SELECT ", kAccountColumns,
                               ", k.kind, k.id, k.space_id, k.scopes, k.expires_at, k.used_at"
                               " FROM api_key k JOIN account a ON a.id = k.account_id"
                               " WHERE k.hash = $1");
constexpr db::Statement kFind{kFindText.data()};

constexpr std::int64_t kReadBit = 1;
constexpr std::int64_t kWriteBit = 2;

KeyScopes scopes_from(std::int64_t bits) {
  return {.read = (bits & kReadBit) != 0, .write = (bits & kWriteBit) != 0};
}

std::int64_t bits_of(KeyScopes scopes) {
  return (scopes.read ? kReadBit : 0) | (scopes.write ? kWriteBit : 0);
}

ApiKey key_from(const db::Row& row) {
  ApiKey key;
  key.id = row.id<ApiKeyId>(0);
  key.account = row.id<AccountId>(1);
  key.kind = static_cast<KeyKind>(row.integer(2));
  key.name = row.text(3);
  key.hint = row.text(4);
  key.created_at = row.time(5);
  key.scopes = scopes_from(row.integer(6));
  key.expires_at = row.optional_time(7);
  key.used_at = row.optional_time(8);
  return key;
}

Credential credential_of(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::kMaster: return Credential::kMasterKey;
    case KeyKind::kApplication: return Credential::kApplicationKey;
    case KeyKind::kUpload: return Credential::kUploadKey;
    case KeyKind::kApi: break;
  }
  return Credential::kApiKey;
}

std::string_view prefix_of(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::kMaster: return "cfm_";
    case KeyKind::kApplication: return "cft_";
    case KeyKind::kUpload: return kUploadKeyPrefix;
    case KeyKind::kApi: break;
  }
  return kApiKeyPrefix;
}

std::unexpected<Failure> no_such_key() {
  return fail(FailureCode::kNotFound, "there is no such key");
}

// How many keys of that kind an account may have, where they are in its list.
std::size_t max_of(KeyKind kind) noexcept {
  return kind == KeyKind::kUpload ? kUploadKeysMax : kKeysMax;
}

struct Holder {
  Caller caller;
  std::optional<Time> expires_at;
  std::optional<Time> used_at;
};

Holder holder_from(const db::Row& row) {
  Holder holder;
  Caller& caller = holder.caller;
  caller.account = account_from(row);
  const auto kind = static_cast<KeyKind>(row.integer(kAccountWidth));
  caller.key = row.id<ApiKeyId>(kAccountWidth + 1);
  caller.credential = credential_of(kind);
  if (!row.is_null(kAccountWidth + 2)) caller.space = row.id<SpaceId>(kAccountWidth + 2);
  caller.scopes = scopes_from(row.integer(kAccountWidth + 3));
  holder.expires_at = row.optional_time(kAccountWidth + 4);
  holder.used_at = row.optional_time(kAccountWidth + 5);
  return holder;
}

// Gives the name the form in which it is kept.
std::string check_key_fields(std::string_view name, const KeyTerms& terms, Time now,
                             Faults& faults) {
  if (terms.expires_at && *terms.expires_at <= now) {
    faults.add("expires_at", "must be in the future");
  }
  return check_label(name, faults);
}

}  // namespace

std::string_view name_of(KeyKind kind) noexcept {
  switch (kind) {
    case KeyKind::kMaster: return "master";
    case KeyKind::kApplication: return "application";
    case KeyKind::kUpload: return "upload";
    case KeyKind::kApi: break;
  }
  return "api";
}

std::string ApiKey::state_tag() const {
  const std::string numbers = fmt::format("{} {} {} {}", id.value, static_cast<int>(kind),
                                          bits_of(scopes), expires_at ? to_micros(*expires_at) : 0);
  return tag_of({numbers, name, hint});
}

Task<Result<ApiKeys::Created>> ApiKeys::create(Actor actor, KeyKind kind, std::string name,
                                               KeyTerms terms) {
  const AccountId account = actor.account();
  Faults faults;
  Created created;
  created.key.created_at = context_.clock.now();
  created.key.name = check_key_fields(name, terms, created.key.created_at, faults);
  created.key.scopes = terms.scopes;
  created.key.expires_at = terms.expires_at;
  if (faults.any()) co_return faults.failure();
  created.secret = prefix_of(kind);
  created.secret += random_secret(context_.entropy);
  created.key.account = account;
  created.key.kind = kind;
  created.key.hint = created.secret.substr(0, kHintLength);
  const Sha256Digest hash = Sha256::of(as_bytes(created.secret));

  auto body = [&](db::Transaction& tx) -> Task<Result<ApiKeyId>> {
    const std::size_t max = max_of(kind);
    const auto others = co_await tx.find(
        kCountKind, [](const db::Row& row) { return row.integer(0); }, account, kind, max);
    if (static_cast<std::size_t>(others.value()) >= max) {
      co_return fail(FailureCode::kQuotaExceeded,
                     "the account has as many keys of this kind as it may have: revoke some");
    }
    const auto charged = co_await charge_account(tx, account, cost_of_secrets(1));
    if (!charged) co_return std::unexpected(charged.error());
    const ApiKey& key = created.key;
    const auto id = co_await tx.insert<ApiKeyId>(kInsert, account, kind, key.name, key.hint,
                                                 ByteView(hash.bytes), key.created_at,
                                                 bits_of(key.scopes), key.expires_at);
    co_return id.value();
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  created.key.id = *id;
  co_return created;
}

std::vector<FieldFault> ApiKeys::faults_of(std::string_view name, const KeyTerms& terms) const {
  Faults faults;
  check_key_fields(name, terms, context_.clock.now(), faults);
  return faults.take();
}

Task<Result<std::string>> ApiKeys::create_application(Actor actor, SpaceId bucket) {
  std::string secret(prefix_of(KeyKind::kApplication));
  secret += random_secret(context_.entropy);
  const std::string hint = secret.substr(0, kHintLength);
  const Sha256Digest hash = Sha256::of(as_bytes(secret));
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    const auto others = co_await tx.find(
        kCountApplications, [](const db::Row& row) { return row.integer(0); }, bucket,
        kBucketTokensMax);
    if (static_cast<std::size_t>(others.value()) >= kBucketTokensMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     "the bucket has as many tokens as it may have: remove some");
    }
    const auto made = co_await tx.execute(kInsertApplication, actor.account(), bucket,
                                          KeyKind::kApplication, hint, ByteView(hash.bytes), now);
    if (made == 0) co_return fail(FailureCode::kNotFound, "there is no such bucket");
    const auto charged = co_await charge_account(tx, actor.account(), cost_of_secrets(1));
    co_return charged;
  };
  const auto made = co_await context_.database.write(actor, body);
  if (!made) co_return std::unexpected(made.error());
  co_return secret;
}

Task<Result<Caller>> ApiKeys::authenticate(std::string secret) {
  std::optional<Holder> holder;
  if (secret.size() <= kSecretMax) {
    const Sha256Digest hash = Sha256::of(as_bytes(secret));
    auto body = [&](db::Transaction& tx) -> Task<std::optional<Holder>> {
      co_return co_await tx.find(kFind, holder_from, ByteView(hash.bytes));
    };
    holder = co_await context_.database.read(body);
  }
  if (!holder) co_return key_invalid();
  const Time now = context_.clock.now();
  if (holder->expires_at && *holder->expires_at <= now) {
    co_return fail(FailureCode::kTokenExpired, "the key has expired");
  }
  Caller& caller = holder->caller;
  if (caller.account.disabled_at) co_return account_disabled();
  // Those of buckets are in no list that would show it.
  if (caller.credential != Credential::kApplicationKey) {
    context_.key_uses->note(caller.key.value(), now, holder->used_at);
  }
  co_return std::move(caller);
}

Task<Page<ApiKey>> ApiKeys::list(AccountId account, ApiKeyId after, PageLimit limit) {
  const auto weigh = [](const ApiKey& key) { return key.name.size() + key.hint.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<ApiKey>> {
    co_return co_await read_page(tx, kList, limit, key_from, weigh, account, after,
                                 limit.to_fetch());
  };
  auto page = co_await context_.database.read(body);
  for (ApiKey& key : page.items) {
    const auto used = context_.key_uses->find(key.id);
    if (used) key.used_at = std::max(key.used_at.value_or(*used), *used);
  }
  co_return page;
}

Task<bool> ApiKeys::write_uses(std::size_t limit) {
  co_return co_await vault::write_uses(context_, *context_.key_uses, kUse, limit);
}

Task<Result<void>> ApiKeys::revoke(Actor actor, ApiKeyId key, Precondition precondition) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await tx.find(kListed, key_from, key, actor.account());
    if (!found) co_return no_such_key();
    const auto allowed = check_precondition(precondition, found->state_tag());
    if (!allowed) co_return allowed;
    const auto removed = co_await tx.execute(kRevoke, key, actor.account());
    co_await give_back(tx, actor.account(), cost_of_secrets(removed));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<std::uint64_t> ApiKeys::revoke_all(AccountId account) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    auto removed = co_await tx.execute(kRevokeListed, account);
    removed += co_await tx.execute(kRevokeOfBuckets, account);
    co_await give_back(tx, account, cost_of_secrets(removed));
    co_return removed;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<Result<void>> ApiKeys::revoke_application(Actor actor, std::string secret) {
  if (secret.size() > kSecretMax) co_return no_such_key();
  const Sha256Digest hash = Sha256::of(as_bytes(secret));
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto removed =
        co_await tx.execute(kRevokeApplication, ByteView(hash.bytes), actor.account());
    if (removed == 0) co_return no_such_key();
    co_await give_back(tx, actor.account(), cost_of_secrets(removed));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> ApiKeys::revoke_applications(Actor actor, SpaceId bucket) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto removed = co_await tx.execute(kRevokeApplications, bucket, actor.account());
    co_await give_back(tx, actor.account(), cost_of_secrets(removed));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
