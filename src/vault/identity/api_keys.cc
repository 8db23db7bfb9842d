#include <utility>

#include "base/hash.h"
#include "vault/identity/account_rows.h"
#include "vault/identity/sessions.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kHintLength = 8;
constexpr std::size_t kSecretMax = 256;  // bytes; ours are shorter than 50

constexpr db::Statement kInsert{
    "INSERT INTO api_key (account_id, kind, name, hint, hash, created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6)"};
constexpr db::Statement kList{
    "SELECT id, account_id, kind, name, hint, created_at FROM api_key WHERE account_id = $1"
    " AND kind <> 2 AND id > $2 ORDER BY id LIMIT $3"};
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
                               ", k.kind, k.id, k.space_id FROM api_key k JOIN account a ON a.id = "
                               "k.account_id WHERE k.hash = $1");
constexpr db::Statement kFind{kFindText.data()};

ApiKey key_from(const db::Row& row) {
  ApiKey key;
  key.id = row.id<ApiKeyId>(0);
  key.account = row.id<AccountId>(1);
  key.kind = static_cast<KeyKind>(row.integer(2));
  key.name = row.text(3);
  key.hint = row.text(4);
  key.created_at = row.time(5);
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
  return "cfa_";
}

std::unexpected<Failure> no_such_key() {
  return fail(FailureCode::kNotFound, "there is no such key");
}

Caller holder_from(const db::Row& row) {
  Caller caller;
  caller.account = account_from(row);
  const auto kind = static_cast<KeyKind>(row.integer(kAccountWidth));
  caller.key = row.id<ApiKeyId>(kAccountWidth + 1);
  caller.credential = credential_of(kind);
  if (!row.is_null(kAccountWidth + 2)) caller.space = row.id<SpaceId>(kAccountWidth + 2);
  return caller;
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

Task<Result<ApiKeys::Created>> ApiKeys::create(Actor actor, KeyKind kind, std::string name) {
  const AccountId account = actor.account();
  Faults faults;
  Created created;
  created.key.name = check_label(name, faults);
  if (faults.any()) co_return faults.failure();
  created.secret = prefix_of(kind);
  created.secret += random_secret(context_.entropy);
  created.key.account = account;
  created.key.kind = kind;
  created.key.hint = created.secret.substr(0, kHintLength);
  created.key.created_at = context_.clock.now();
  const Sha256Digest hash = Sha256::of(as_bytes(created.secret));

  auto body = [&](db::Transaction& tx) -> Task<Result<ApiKeyId>> {
    if (kind == KeyKind::kUpload) {
      const auto others = co_await tx.find(
          kCountKind, [](const db::Row& row) { return row.integer(0); }, account, kind,
          kUploadKeysMax);
      if (static_cast<std::size_t>(others.value()) >= kUploadKeysMax) {
        co_return fail(FailureCode::kQuotaExceeded,
                       "the account has as many upload keys as it may have: revoke some");
      }
    }
    const auto charged = co_await charge_account(tx, account, cost_of_secrets(1));
    if (!charged) co_return std::unexpected(charged.error());
    const ApiKey& key = created.key;
    const auto id = co_await tx.insert<ApiKeyId>(kInsert, account, kind, key.name, key.hint,
                                                 ByteView(hash.bytes), key.created_at);
    co_return id.value();
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  created.key.id = *id;
  co_return created;
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
  std::optional<Caller> caller;
  if (secret.size() <= kSecretMax) {
    const Sha256Digest hash = Sha256::of(as_bytes(secret));
    auto body = [&](db::Transaction& tx) -> Task<std::optional<Caller>> {
      co_return co_await tx.find(kFind, holder_from, ByteView(hash.bytes));
    };
    caller = co_await context_.database.read(body);
  }
  if (!caller) co_return key_invalid();
  if (caller->account.disabled_at) co_return account_disabled();
  co_return std::move(*caller);
}

Task<Page<ApiKey>> ApiKeys::list(AccountId account, ApiKeyId after, PageLimit limit) {
  const auto weigh = [](const ApiKey& key) { return key.name.size() + key.hint.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<ApiKey>> {
    co_return co_await read_page(tx, kList, limit, key_from, weigh, account, after,
                                 limit.to_fetch());
  };
  co_return co_await context_.database.read(body);
}

Task<Result<void>> ApiKeys::revoke(Actor actor, ApiKeyId key) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto removed = co_await tx.execute(kRevoke, key, actor.account());
    if (removed == 0) co_return no_such_key();
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
