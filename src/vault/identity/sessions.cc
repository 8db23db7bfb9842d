#include "vault/identity/sessions.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <span>
#include <stdexcept>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "vault/identity/account_rows.h"
#include "vault/identity/credentials.h"
#include "vault/identity/write_uses.h"
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
// Bytes of what is kept of a session's client.
constexpr std::size_t kAddressMax = 64;
constexpr std::size_t kAgentMax = 256;

constexpr db::Statement kFindKey{"SELECT value FROM secret WHERE name = $1"};
constexpr db::Statement kInsertKey{
    "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};

constexpr db::Statement kInsert{
    "INSERT INTO session (account_id, created_at, expires_at, rotated_at, used_at, address, agent)"
    " VALUES ($1, $2, $3, $2, $2, $4, $5)"};
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
    "UPDATE session SET expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END,"
    " used_at = $3, address = $4, agent = $5 WHERE id = $1"};
constexpr db::Statement kKeep{
    "UPDATE session SET expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END"
    " WHERE id = $1"};
constexpr db::Statement kRotate{"UPDATE session SET rotation = $2, rotated_at = $3 WHERE id = $1"};
constexpr db::Statement kUse{"UPDATE session SET used_at = $2 WHERE id = $1 AND used_at < $2"};
// Its end may come nearer: the new tokens live as long as the one that they replace.
constexpr db::Statement kRenew{
    "UPDATE session SET generation = generation + 1, expires_at = $2, used_at = $3 WHERE id = $1"};
constexpr db::Statement kEnd{"DELETE FROM session WHERE id = $1"};
constexpr db::Statement kEndOwn{"DELETE FROM session WHERE id = $1 AND account_id = $2"};
constexpr db::Statement kEndAll{"DELETE FROM session WHERE account_id = $1"};
constexpr db::Statement kPrune{
    "DELETE FROM session WHERE id IN"
    " (SELECT id FROM session WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)"};

constexpr auto kFindText = sql("SELECT ", kAccountColumns,
                               ", s.expires_at, s.generation, s.rotation, s.rotated_at, s.used_at,"
                               " s.created_at"
                               " FROM session s JOIN account a ON a.id = s.account_id"
                               " WHERE s.id = $1");
constexpr db::Statement kFind{kFindText.data()};

constexpr db::Statement kList{
    "SELECT id, created_at, expires_at, used_at, address, agent FROM session"
    " WHERE account_id = $1 AND id > $2 AND expires_at > $3 ORDER BY id LIMIT $4"};

Session session_from(const db::Row& row) {
  return {.id = row.id<SessionId>(0),
          .created_at = row.time(1),
          .expires_at = row.time(2),
          .used_at = row.time(3),
          .client = {.address = std::string(row.text(4)), .agent = std::string(row.text(5))}};
}

// What is kept of what a client says: up to `max` bytes of text in one line.
std::string kept_text(std::string_view text, std::size_t max) {
  // A field of HTTP is bytes.
  const bool is_text = is_utf8(text);
  std::string kept;
  for (const char c : truncate_utf8(text, max)) {
    const auto byte = static_cast<unsigned char>(c);
    kept += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text) ? '?' : c;
  }
  return kept;
}

SessionClient kept_client(const SessionClient& client) {
  return {.address = kept_text(client.address, kAddressMax),
          .agent = kept_text(client.agent, kAgentMax)};
}

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

// Whose session a token is of, and what the session's row says of its tokens.
struct Sessions::Owner {
  Account account;
  Time session_ends;
  std::int64_t generation;
  std::int64_t rotation;
  Time rotated_at;
  Time used_at;
  Time began;

  // Whether the refresh token of `claims` has had its successor for so long that only somebody else
  // can still have it.
  bool has_replaced(const Claims& claims, Time now) const {
    if (!claims.refresh || claims.rotation >= rotation) return false;
    return claims.rotation + 1 < rotation || now - rotated_at > kRefreshRepeat;
  }
};

// The one question that every authenticated request asks.
Task<Sessions::OwnerRef> Sessions::find_owner(db::Transaction& tx, SessionId session) {
  thread_local SnapshotCache<std::int64_t, OwnerRef> cache(kCachedSessions);
  const OwnerRef* known = cache.find(tx.state(), session.value);
  if (known) co_return *known;
  const auto owner_from = [](const db::Row& row) {
    return std::make_shared<const Owner>(Owner{.account = account_from(row),
                                               .session_ends = row.time(kAccountWidth),
                                               .generation = row.integer(kAccountWidth + 1),
                                               .rotation = row.integer(kAccountWidth + 2),
                                               .rotated_at = row.time(kAccountWidth + 3),
                                               .used_at = row.time(kAccountWidth + 4),
                                               .began = row.time(kAccountWidth + 5)});
  };
  OwnerRef owner = (co_await tx.find(kFind, owner_from, session)).value_or(nullptr);
  if (owner) cache.add(tx.state(), session.value, owner);
  co_return owner;
}

Task<Result<Sessions::OwnerRef>> Sessions::owner_of(db::Transaction& tx, const Claims& claims,
                                                    Time now) {
  OwnerRef owner = co_await find_owner(tx, claims.session);
  if (!owner || owner->account.id != claims.account || owner->session_ends <= now ||
      owner->generation != claims.generation) {
    co_return session_gone();
  }
  // Of a session that has lost its last changes, as after a restored backup.
  if (claims.refresh && claims.rotation > owner->rotation) co_return session_gone();
  if (owner->account.disabled_at) co_return account_disabled();
  co_return owner;
}

Task<Result<Sessions::OwnerRef>> Sessions::owner_of(db::Transaction& tx, std::string_view token,
                                                    SessionId session, Time now) const {
  OwnerRef owner = co_await find_owner(tx, session);
  if (!owner) co_return session_gone();
  const std::string genuine = signer_.sign_opaque(session, owner->account.id, owner->began);
  if (sodium_memcmp(genuine.data(), token.data(), genuine.size()) != 0) co_return token_invalid();
  if (owner->session_ends <= now) co_return session_gone();
  if (owner->account.disabled_at) co_return account_disabled();
  co_return owner;
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
    auto begun = co_await begin(std::move(*checked), lifetime, request.client);
    if (!begun) co_return std::unexpected(std::move(begun.error()));
    if (*begun) co_return std::move(**begun);
  }
  co_return password_in_flux();
}

Task<Result<LogIn>> Sessions::sign_up(NewAccount account,
                                      std::optional<std::chrono::seconds> lifetime,
                                      SessionClient client) {
  auto made = co_await create_account(context_, std::move(account));
  if (!made) co_return std::unexpected(std::move(made.error()));
  auto begun = co_await begin(std::move(*made), lifetime, std::move(client));
  if (!begun) co_return std::unexpected(std::move(begun.error()));
  // The password was changed in the moment in which it was set.
  if (!*begun) co_return wrong_password();
  co_return std::move(**begun);
}

Task<Result<std::optional<LogIn>>> Sessions::begin(Credentials credentials,
                                                   std::optional<std::chrono::seconds> lifetime,
                                                   SessionClient client) {
  const SessionClient kept = kept_client(client);
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
    const auto id =
        co_await tx.insert<SessionId>(kInsert, account, now, end, kept.address, kept.agent);
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
  auto body = [&](db::Transaction& tx) -> Task<Result<std::int64_t>> {
    const auto owner = co_await owner_of(tx, *claims, now);
    if (!owner) co_return std::unexpected(owner.error());
    co_await tx.execute(kRenew, claims->session, end, now);
    co_return (*owner)->rotation;
  };
  const auto renewed = co_await context_.database.write(Actor::Anyone{}, body);
  if (!renewed) co_return std::unexpected(renewed.error());
  Claims bearer = *claims;
  ++bearer.generation;
  bearer.rotation = *renewed;
  co_return issue(bearer, now, {lifetime, lifetime});
}

Task<Result<Tokens>> Sessions::refresh(std::string token, Rotation mode, SessionClient client) {
  const auto claims = verify(token);
  if (!claims) co_return std::unexpected(claims.error());
  const SessionClient kept = kept_client(client);
  const Time now = context_.clock.now();
  const Time end = now + context_.policy.refresh_lifetime;
  // The rotation of the new refresh token; nothing: the session was ended, which has to be kept.
  auto body = [&](db::Transaction& tx) -> Task<Result<std::optional<std::int64_t>>> {
    const auto owner = co_await owner_of(tx, *claims, now);
    if (!owner) co_return std::unexpected(owner.error());
    if ((*owner)->has_replaced(*claims, now)) {
      co_await tx.execute(kEnd, claims->session);
      co_return std::optional<std::int64_t>();
    }
    std::int64_t rotation = (*owner)->rotation;
    if (mode == Rotation::kReplace && claims->refresh && claims->rotation == rotation) {
      co_await tx.execute(kRotate, claims->session, ++rotation, now);
    }
    co_await tx.execute(kExtend, claims->session, end, now, kept.address, kept.agent);
    co_return rotation;
  };
  const auto rotation = co_await context_.database.write(Actor::Anyone{}, body);
  if (!rotation) co_return std::unexpected(rotation.error());
  if (!*rotation) {
    ++reuses_;
    log::warning("a refresh token came back after it was replaced; its session was ended",
                 {{"account", claims->account.value},
                  {"session", claims->session.value},
                  {"address", kept.address}});
    co_return session_gone();
  }
  Claims bearer = *claims;
  bearer.rotation = **rotation;
  co_return issue(bearer, now, lifetimes());
}

Task<std::optional<std::string>> Sessions::keep(SessionId session, std::chrono::seconds lifetime) {
  const Time end = context_.clock.now() + lifetime;
  auto body = [&](db::Transaction& tx) -> Task<OwnerRef> {
    co_await tx.execute(kKeep, session, end);
    OwnerRef owner = co_await find_owner(tx, session);
    co_return owner;
  };
  const auto owner = co_await context_.database.write(Actor::System{}, body);
  if (!owner) co_return std::nullopt;
  co_return signer_.sign_opaque(session, owner->account.id, owner->began);
}

Task<Result<Caller>> Sessions::authenticate(std::string access_token) {
  const Time now = context_.clock.now();
  Result<Claims> claims = Claims{};
  const auto opaque = SessionTokens::read_opaque(access_token);
  if (opaque) {
    claims->session = *opaque;
  } else {
    claims = verify(access_token);
  }
  if (!claims) co_return std::unexpected(claims.error());
  if (claims->refresh) co_return token_invalid();
  auto body = [&](db::Transaction& tx) {
    return opaque ? owner_of(tx, access_token, *opaque, now) : owner_of(tx, *claims, now);
  };
  const auto owner = co_await context_.database.read(body);
  if (!owner) co_return std::unexpected(owner.error());
  context_.session_uses->note(claims->session, now, (*owner)->used_at);
  co_return Caller{
      .account = (*owner)->account, .credential = Credential::kSession, .session = claims->session};
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
  auto body = [&](db::Transaction& tx) { return owner_of(tx, *claims, now); };
  const auto owner = co_await context_.database.read(body);
  if (!owner) co_return std::unexpected(owner.error());
  if ((*owner)->has_replaced(*claims, now)) co_return session_gone();
  co_return claims->refresh ? TokenKind::kRefresh : TokenKind::kAccess;
}

Task<void> Sessions::end(SessionId session) {
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kEnd, session); };
  co_await context_.database.write(Actor::Anyone{}, body);
}

Task<Result<void>> Sessions::end(Actor actor, SessionId session) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto ended = co_await tx.execute(kEndOwn, session, actor.account());
    if (ended == 0) co_return fail(FailureCode::kNotFound, "there is no such session");
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<std::uint64_t> Sessions::end_all(AccountId account) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    co_return co_await tx.execute(kEndAll, account);
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<Result<std::uint64_t>> Sessions::end_all(Actor actor) {
  auto body = [&](db::Transaction& tx) -> Task<Result<std::uint64_t>> {
    co_return co_await tx.execute(kEndAll, actor.account());
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Page<Session>> Sessions::list(AccountId account, SessionId after, PageLimit limit) {
  const auto weigh = [](const Session& session) {
    return session.client.address.size() + session.client.agent.size();
  };
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Page<Session>> {
    co_return co_await read_page(tx, kList, limit, session_from, weigh, account, after, now,
                                 limit.to_fetch());
  };
  auto page = co_await context_.database.read(body);
  for (Session& session : page.items) {
    const auto used = context_.session_uses->find(session.id);
    if (used) session.used_at = std::max(session.used_at, *used);
  }
  co_return page;
}

Task<bool> Sessions::write_uses(std::size_t limit) {
  co_return co_await vault::write_uses(context_, *context_.session_uses, kUse, limit);
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
