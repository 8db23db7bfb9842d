#include "vault/identity/sessions.h"

#include <sodium.h>

#include <array>
#include <cstring>
#include <mutex>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "vault/identity/account_rows.h"
#include "vault/identity/credentials.h"
#include "vault/model/snapshot_cache.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kTokenIdBytes = 16;
constexpr const char* kKeyName = "session_key";
// How long an expired session is kept, for requests that began before it expired.
constexpr std::chrono::hours kExpiredKept(24);
constexpr std::size_t kCachedSessions = 4096;  // by one thread

constexpr db::Statement kFindKey{"SELECT value FROM secret WHERE name = $1"};
constexpr db::Statement kInsertKey{
    "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};

constexpr db::Statement kInsert{
    "INSERT INTO session (account_id, created_at, expires_at) VALUES ($1, $2, $3)"};
constexpr db::Statement kLock{"SELECT disabled_at, password FROM account WHERE id = $1"};
// The same password in another hash: nothing that anybody would call a change.
constexpr db::Statement kUpgrade{"UPDATE account SET password = $2 WHERE id = $1"};
constexpr db::Statement kDropExpired{
    "DELETE FROM session WHERE account_id = $1 AND expires_at <= $2"};
// Those in front of the last $2.
constexpr db::Statement kEndOldest{
    "DELETE FROM session WHERE id IN (SELECT id FROM session WHERE account_id = $1"
    " ORDER BY id DESC LIMIT 100 OFFSET $2)"};
// Never shortens: a session may have been begun with a longer life than others.
constexpr db::Statement kExtend{
    "UPDATE session SET expires_at = $2 WHERE id = $1 AND expires_at < $2"};
// Its end may come nearer: the new tokens live as long as the one that they replace.
constexpr db::Statement kRenew{
    "UPDATE session SET generation = generation + 1, expires_at = $2 WHERE id = $1"};
constexpr db::Statement kEnd{"DELETE FROM session WHERE id = $1"};
constexpr db::Statement kEndAll{"DELETE FROM session WHERE account_id = $1"};
constexpr db::Statement kPrune{
    "DELETE FROM session WHERE id IN"
    " (SELECT id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"};

constexpr auto kFindText =
    sql("SELECT ", kAccountColumns,
        ", s.expires_at, s.generation FROM session s JOIN account a ON a.id = s.account_id"
        " WHERE s.id = $1 AND s.account_id = $2");
constexpr db::Statement kFind{kFindText.data()};

Bytes bytes_from(const db::Row& row) {
  const ByteView value = row.bytes(0);
  return {value.begin(), value.end()};
}

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::unexpected<Failure> token_invalid() {
  return fail(FailureCode::kTokenInvalid, "the token is not valid");
}

}  // namespace

// Tokens that were decoded before, so that a client's second request costs no second verification.
// They are known by a MAC of theirs under a key that nobody else has (SipHash-2-4-128): nobody can
// make another token with the same. Bounded: a full shard starts over. Threads: any.
class Sessions::Verified {
 public:
  using Mac = std::array<unsigned char, crypto_shorthash_siphashx24_BYTES>;

  explicit Verified(Entropy& entropy) { entropy.fill(std::as_writable_bytes(std::span(key_))); }

  Mac mac_of(std::string_view token) const {
    Mac mac;
    crypto_shorthash_siphashx24(mac.data(), raw(as_bytes(token)), token.size(), key_.data());
    return mac;
  }
  std::optional<Claims> find(const Mac& token) {
    Shard& shard = shard_of(token);
    const std::lock_guard lock(shard.mutex);
    const auto found = shard.claims.find(token);
    if (found == shard.claims.end()) return std::nullopt;
    return found->second;
  }
  void add(const Mac& token, const Claims& claims) {
    Shard& shard = shard_of(token);
    const std::lock_guard lock(shard.mutex);
    if (shard.claims.size() >= kShardMax) shard.claims.clear();
    shard.claims.emplace(token, claims);
  }

 private:
  static constexpr std::size_t kShardMax = 1024;
  struct Hash {
    std::size_t operator()(const Mac& mac) const noexcept {
      std::size_t value = 0;
      std::memcpy(&value, mac.data(), sizeof value);
      return value;
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<Mac, Claims, Hash> claims;
  };
  Shard& shard_of(const Mac& mac) { return shards_[mac.back() % shards_.size()]; }

  std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> key_;
  std::array<Shard, 16> shards_;
};

Sessions::~Sessions() = default;

Sessions::Sessions(Context& context, Bytes key)
    : context_(context),
      signer_(std::move(key)),
      verified_(std::make_unique<Verified>(context.entropy)) {}

// Whose live session it is. The one question that every authenticated request asks.
Task<Result<Account>> Sessions::owner_of(db::Transaction& tx, const Claims& claims, Time now) {
  struct Owner {
    Account account;
    Time session_ends;
    std::int64_t generation;
  };
  thread_local SnapshotCache<std::int64_t, Owner> cache(kCachedSessions);
  std::optional<Owner> owner;
  const auto* known = cache.find(tx.state(), claims.session.value);
  if (known && known->account.id == claims.account) {
    owner = *known;
  } else {
    owner = co_await tx.find(
        kFind,
        [](const db::Row& row) {
          return Owner{account_from(row), row.time(kAccountWidth), row.integer(kAccountWidth + 1)};
        },
        claims.session, claims.account);
    if (owner) cache.add(tx.state(), claims.session.value, *owner);
  }
  if (!owner || owner->session_ends <= now || owner->generation != claims.generation) {
    co_return session_gone();
  }
  if (owner->account.disabled_at) co_return account_disabled();
  co_return std::move(owner->account);
}

Task<std::unique_ptr<Sessions>> Sessions::open(Context& context) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Bytes>> {
    co_return co_await tx.find(kFindKey, bytes_from, kKeyName);
  };
  auto key = co_await context.database.read(look);
  if (!key) {
    Bytes fresh(kKeyBytes);
    context.entropy.fill(fresh);
    auto make = [&](db::Transaction& tx) -> Task<std::optional<Bytes>> {
      co_await tx.execute(kInsertKey, kKeyName, fresh);
      co_return co_await tx.find(kFindKey, bytes_from, kKeyName);
    };
    key = co_await context.database.write(Actor::System{}, make);
  }
  if (!key || key->size() != kKeyBytes) {
    throw std::runtime_error("the key that signs sessions is damaged");
  }
  co_return std::unique_ptr<Sessions>(new Sessions(context, std::move(*key)));
}

Sessions::Lifetimes Sessions::lifetimes() const {
  return {.access = context_.policy.access_lifetime, .refresh = context_.policy.refresh_lifetime};
}

Task<Result<LogIn>> Sessions::log_in(LogInRequest request,
                                     std::optional<std::chrono::seconds> lifetime) {
  for (int i = 0; i < kPasswordTries; ++i) {
    auto checked = co_await check_credentials(context_, request);
    if (!checked) co_return std::unexpected(std::move(checked.error()));
    auto begun = co_await begin(std::move(*checked), lifetime);
    if (!begun) co_return std::unexpected(std::move(begun.error()));
    if (*begun) co_return std::move(**begun);
  }
  co_return password_in_flux();
}

Task<Result<LogIn>> Sessions::sign_up(NewAccount account,
                                      std::optional<std::chrono::seconds> lifetime) {
  auto made = co_await create_account(context_, std::move(account));
  if (!made) co_return std::unexpected(std::move(made.error()));
  auto begun = co_await begin(std::move(*made), lifetime);
  if (!begun) co_return std::unexpected(std::move(begun.error()));
  // The password was changed in the moment in which it was set.
  if (!*begun) co_return wrong_password();
  co_return std::move(**begun);
}

Task<Result<std::optional<LogIn>>> Sessions::begin(Credentials credentials,
                                                   std::optional<std::chrono::seconds> lifetime) {
  const Lifetimes wanted = lifetime ? Lifetimes{*lifetime, *lifetime} : lifetimes();
  const AccountId account = credentials.account.id;
  const Time now = context_.clock.now();
  const Time end = now + wanted.refresh;
  struct Lock {
    bool disabled;
    std::string password;
  };
  const auto lock_from = [](const db::Row& row) {
    return Lock{!row.is_null(0), std::string(row.text(1))};
  };
  auto body = [&](db::Transaction& tx) -> Task<Result<std::optional<SessionId>>> {
    const auto lock = co_await tx.find(kLock, lock_from, account);
    if (!lock || lock->password != credentials.password) co_return std::optional<SessionId>();
    if (lock->disabled) co_return account_disabled();
    if (credentials.upgraded) co_await tx.execute(kUpgrade, account, *credentials.upgraded);
    co_await tx.execute(kDropExpired, account, now - kExpiredKept);
    const auto id = co_await tx.insert<SessionId>(kInsert, account, now, end);
    co_await tx.execute(kEndOldest, account, kSessionsMax);
    co_return id;
  };
  const auto session = co_await context_.database.write(Actor::Anyone{}, body);
  if (!session) co_return std::unexpected(session.error());
  if (!*session) co_return std::optional<LogIn>();
  Claims bearer;
  bearer.account = account;
  bearer.session = **session;
  Tokens tokens = issue(bearer, now, wanted);
  co_return LogIn{.account = std::move(credentials.account), .tokens = std::move(tokens)};
}

Task<Result<Tokens>> Sessions::renew(std::string access_token) {
  const auto claims = verify(access_token);
  if (!claims) co_return std::unexpected(claims.error());
  if (claims->refresh) co_return token_invalid();
  const std::chrono::seconds lifetime(claims->expires - claims->issued);
  const Time now = context_.clock.now();
  const Time end = now + lifetime;
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto owner = co_await owner_of(tx, *claims, now);
    if (!owner) co_return std::unexpected(owner.error());
    co_await tx.execute(kRenew, claims->session, end);
    co_return Result<void>{};
  };
  const auto renewed = co_await context_.database.write(Actor::Anyone{}, body);
  if (!renewed) co_return std::unexpected(renewed.error());
  Claims bearer = *claims;
  ++bearer.generation;
  co_return issue(bearer, now, {lifetime, lifetime});
}

Task<Result<Tokens>> Sessions::refresh(std::string token) {
  const auto claims = verify(token);
  if (!claims) co_return std::unexpected(claims.error());
  const Time now = context_.clock.now();
  const Time end = now + context_.policy.refresh_lifetime;
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto owner = co_await owner_of(tx, *claims, now);
    if (!owner) co_return std::unexpected(owner.error());
    co_await tx.execute(kExtend, claims->session, end);
    co_return Result<void>{};
  };
  const auto extended = co_await context_.database.write(Actor::Anyone{}, body);
  if (!extended) co_return std::unexpected(extended.error());
  co_return issue(*claims, now, lifetimes());
}

Task<Result<Caller>> Sessions::authenticate(std::string access_token) {
  const auto claims = verify(access_token);
  if (!claims) co_return std::unexpected(claims.error());
  if (claims->refresh) co_return token_invalid();
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Result<Account>> {
    co_return co_await owner_of(tx, *claims, now);
  };
  auto account = co_await context_.database.read(body);
  if (!account) co_return std::unexpected(account.error());
  co_return Caller{.account = std::move(*account),
                   .credential = Credential::kSession,
                   .session = claims->session};
}

std::optional<Time> Sessions::expiry_of(const std::string& access_token) const {
  const auto claims = verify(access_token);
  if (!claims || claims->refresh) return std::nullopt;
  return Time(std::chrono::seconds(claims->expires));
}

Task<Result<TokenKind>> Sessions::inspect(std::string token) {
  const auto claims = verify(token);
  if (!claims) co_return std::unexpected(claims.error());
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Result<Account>> {
    co_return co_await owner_of(tx, *claims, now);
  };
  const auto account = co_await context_.database.read(body);
  if (!account) co_return std::unexpected(account.error());
  co_return claims->refresh ? TokenKind::kRefresh : TokenKind::kAccess;
}

Task<void> Sessions::end(SessionId session) {
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kEnd, session); };
  co_await context_.database.write(Actor::Anyone{}, body);
}

Task<std::uint64_t> Sessions::end_all(AccountId account) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    co_return co_await tx.execute(kEndAll, account);
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<std::uint64_t> Sessions::prune(std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    const Time now = context_.clock.now();
    co_return co_await tx.execute(kPrune, now - kExpiredKept, limit);
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Tokens Sessions::issue(const Claims& bearer, Time now, Lifetimes wanted) const {
  const auto token = [&](bool refresh, std::chrono::seconds lifetime) {
    Bytes id(kTokenIdBytes);
    context_.entropy.fill(id);
    Claims claims = bearer;
    claims.refresh = refresh;
    claims.issued = seconds_of(now);
    claims.expires = seconds_of(now + lifetime);
    claims.id = to_hex(id);
    return signer_.sign(claims);
  };
  return {.access = token(false, wanted.access),
          .refresh = token(true, wanted.refresh),
          .access_lifetime = wanted.access,
          .session = bearer.session};
}

Result<Sessions::Claims> Sessions::verify(const std::string& token) const {
  const Verified::Mac mac = verified_->mac_of(token);
  auto claims = verified_->find(mac);
  if (!claims) {
    const auto decoded = signer_.decode(token);
    if (!decoded) return decoded;
    claims = *decoded;
    verified_->add(mac, *claims);
  }
  if (claims->expires <= seconds_of(context_.clock.now())) {
    return fail(FailureCode::kTokenExpired, "the token has expired");
  }
  return *claims;
}

}  // namespace coffer::vault
