// Log-ins and keys: how a caller is recognised.
//
// Session tokens are JWTs (RFC 7519, HS256) with SimpleJWT's claims: token_type (`access` or
// `refresh`), exp, iat, jti, user_id, `sid`, the session they belong to, `gen`, the generation of
// its tokens, and in a refresh token `rot`, which of the session's refresh tokens it is. A token is
// worth nothing once its session is gone or has tokens of a later generation. For clients that keep
// one token, a session has an opaque one besides, which lives as long as it (SessionTokens). Keys
// are random; their SHA-256 is stored.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/identity/accounts.h"
#include "vault/identity/session_tokens.h"
#include "vault/model/actor.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/types.h"

namespace coffer::vault {

enum class TokenKind : std::uint8_t { kAccess, kRefresh };

struct Tokens {
  std::string access;
  std::string refresh;
  std::chrono::seconds access_lifetime;
  SessionId session;
};

// What a log-in gives.
struct LogIn {
  Account account;
  Tokens tokens;
};

// A session as its account sees it.
struct Session {
  SessionId id;
  Time created_at;
  Time expires_at;
  Time used_at;          // to about a minute
  SessionClient client;  // of its last log-in or refresh
};

// What a refresh does with the session's refresh token.
enum class Rotation : std::uint8_t {
  kReplace,  // gives another one; the one that was shown is good for kRefreshRepeat more
  kKeep,     // for clients that keep the one of their log-in
};
// A client whose reply was lost may show the refresh token that was replaced once more for so long.
inline constexpr std::chrono::seconds kRefreshRepeat{30};

// Of one account. A log-in beyond them ends the oldest.
inline constexpr std::size_t kSessionsMax = 1'000;
// Of one account: API keys, and as many master keys.
inline constexpr std::size_t kKeysMax = 1'000;
// Of one bucket.
inline constexpr std::size_t kBucketTokensMax = 10'000;
// Of one account.
inline constexpr std::size_t kUploadKeysMax = 100;

struct Credentials;

// Threads: any executor's.
class Sessions {
 public:
  ~Sessions();

  // Loads the signing key, and makes it when there is none yet. REQUIRES: `context` outlives it.
  static Task<std::unique_ptr<Sessions>> open(Context& context);

  // Checks name and password and begins a session: what every dialect's log-in is. `lifetime` is
  // that of the session and of both tokens, nothing: as the policy has it. What was checked is
  // compared once more in the transaction that begins the session, so a log-in under way while the
  // password changes begins none; a hash that costs less than new ones is replaced there. It costs
  // other accounts' log-ins no more than their turn. kNoSuchAccount, kWrongPassword,
  // kAccountDisabled (only with the right password), kBusy; kRateLimited for an account, or
  // an address, of policy.password_attempts wrong passwords in the last minute.
  Task<Result<LogIn>> log_in(LogInRequest request,
                             std::optional<std::chrono::seconds> lifetime = {});

  // Accounts::create() with a session of the new account.
  Task<Result<LogIn>> sign_up(NewAccount account, std::optional<std::chrono::seconds> lifetime = {},
                              SessionClient client = {});

  // From now on the session lives for so long at least, whatever its tokens do; its opaque token,
  // with which authenticate() finds it. Nothing where it has ended.
  Task<std::optional<std::string>> keep(SessionId session, std::chrono::seconds lifetime);

  // New tokens of a new generation for the session of `access_token`; they live as long as that one
  // did, which is invalid from now on. Requests under way go on, for the session does. Of several
  // calls with one token one succeeds. kTokenInvalid, kTokenExpired, kSessionGone,
  // kAccountDisabled.
  Task<Result<Tokens>> renew(std::string access_token);

  // New tokens for the session of `token`, a refresh token or an access token that is still
  // valid; the session lives on from now. Access tokens stay as they are. A refresh token that was
  // replaced before, and longer than kRefreshRepeat ago or more than one replacement ago, is in
  // other hands than its successor: the session ends (kSessionGone). Within that time it gives
  // tokens again, with the same place in the order as the ones that were lost. An access token
  // replaces no refresh token. kTokenInvalid, kTokenExpired, kSessionGone, kAccountDisabled.
  Task<Result<Tokens>> refresh(std::string token, Rotation rotation = Rotation::kReplace,
                               SessionClient client = {});
  // How many sessions ended because a refresh token came back; since the start.
  std::uint64_t reuses() const noexcept { return reuses_; }

  // Who bears the access token, or the opaque one. The same failures; a refresh token is
  // kTokenInvalid.
  Task<Result<Caller>> authenticate(std::string access_token);

  // When the access token ends, unless its session ends before; nothing for what is
  // none.
  std::optional<Time> expiry_of(const std::string& access_token) const;

  // What kind of token it is, if it is good for anything. kTokenInvalid, kTokenExpired,
  // kSessionGone, kAccountDisabled.
  Task<Result<TokenKind>> inspect(std::string token);

  // Ends the session; no token of it works from now on. Ending what has ended is no failure.
  Task<void> end(SessionId session);
  // The same for one of the actor's own. kNotFound without it.
  Task<Result<void>> end(Actor actor, SessionId session);

  // Ends all sessions of the account; how many.
  Task<std::uint64_t> end_all(AccountId account);
  Task<Result<std::uint64_t>> end_all(Actor actor);

  // Those that have not ended or expired, with ids above `after`, in order of ids.
  Task<Page<Session>> list(AccountId account, SessionId after, PageLimit limit = {});

  // Writes down when up to `limit` sessions were last used; whether there are more to write.
  Task<bool> write_uses(std::size_t limit);

  // Removes up to `limit` sessions that expired a day ago or before; how many. Until then a request
  // that began in time may still commit (vault/model/actor.h).
  Task<std::uint64_t> prune(std::size_t limit);

 private:
  using Claims = SessionClaims;
  class Verified;
  Sessions(Context& context, Bytes key);

  struct Owner;
  using OwnerRef = std::shared_ptr<const Owner>;
  // Whose session it is, or was to its end; null when there is no such session.
  static Task<OwnerRef> find_owner(db::Transaction& tx, SessionId session);
  // Whose live session the token is of; never null.
  static Task<Result<OwnerRef>> owner_of(db::Transaction& tx, const Claims& claims, Time now);
  // The same of an opaque token. kTokenInvalid for one of any other making.
  Task<Result<OwnerRef>> owner_of(db::Transaction& tx, std::string_view token, SessionId session,
                                  Time now) const;
  // How long tokens live.
  struct Lifetimes {
    std::chrono::seconds access;
    std::chrono::seconds refresh;
  };
  Lifetimes lifetimes() const;
  // Nothing: the account's hash is no longer what was checked. Long expired sessions of the account
  // are removed on the way.
  Task<Result<std::optional<LogIn>>> begin(Credentials credentials,
                                           std::optional<std::chrono::seconds> lifetime,
                                           SessionClient client);
  // For `bearer`: account, session, generation and rotation.
  Tokens issue(const Claims& bearer, Time now, Lifetimes lifetimes) const;
  Result<Claims> verify(const std::string& token) const;

  Context& context_;
  SessionTokens signer_;
  std::unique_ptr<Verified> verified_;
  std::atomic<std::uint64_t> reuses_ = 0;
};

// kUpload: for programs that upload and do nothing else.
enum class KeyKind : std::uint8_t { kApi = 0, kMaster = 1, kApplication = 2, kUpload = 3 };
// How an API key and an upload key begin; no session token does.
inline constexpr std::string_view kApiKeyPrefix = "cfa_";
inline constexpr std::string_view kUploadKeyPrefix = "cfu_";
// `api`, `master`, `application`, `upload`.
std::string_view name_of(KeyKind kind) noexcept;

struct ApiKey {
  ApiKeyId id;
  AccountId account;
  KeyKind kind;
  std::string name;
  std::string hint;  // its first characters, to tell keys apart
  KeyScopes scopes;
  std::optional<Time> expires_at;  // nothing: never
  std::optional<Time> used_at;     // to about a minute; nothing: never yet
  Time created_at;

  // Of all but its last use, which is no change of it.
  std::string state_tag() const;
};

// What a new key may do, and for how long.
struct KeyTerms {
  KeyScopes scopes = {};
  std::optional<Time> expires_at = {};
};

// Keys that programs use. Threads: any executor's.
class ApiKeys {
 public:
  explicit ApiKeys(Context& context) : context_(context) {}

  struct Created {
    ApiKey key;
    std::string secret;  // shown once, never stored
  };
  // kNotFound without that account; kInvalid for a name over 100 characters, and for an end that is
  // not in the future; kQuotaExceeded, for keys count too (vault/model/quota.h), and for an account
  // that has kUploadKeysMax of kUpload, or kKeysMax of another kind.
  Task<Result<Created>> create(Actor actor, KeyKind kind, std::string name, KeyTerms terms = {});
  // What create() finds wrong with the fields: see Accounts::faults_of().
  std::vector<FieldFault> faults_of(std::string_view name, const KeyTerms& terms) const;

  // A key for programs that use one bucket of the account; it goes with the bucket. The secret is
  // all there is to tell it by. kNotFound without that bucket; kQuotaExceeded, also for a bucket
  // that has kBucketTokensMax.
  Task<Result<std::string>> create_application(Actor actor, SpaceId bucket);

  // Who holds the key, of whatever kind. kTokenInvalid, kTokenExpired, kAccountDisabled.
  Task<Result<Caller>> authenticate(std::string secret);

  // Without those of its buckets, with ids above `after`, in order of ids.
  Task<Page<ApiKey>> list(AccountId account, ApiKeyId after, PageLimit limit = {});
  // kNotFound when the account has no such key; kPreconditionFailed, about ApiKey::state_tag().
  Task<Result<void>> revoke(Actor actor, ApiKeyId key, Precondition precondition = {});
  // All of the account, those of its buckets too; how many.
  Task<std::uint64_t> revoke_all(AccountId account);
  // An application's key. kNotFound when the account has none with that secret.
  Task<Result<void>> revoke_application(Actor actor, std::string secret);
  // All keys of the bucket, if it is the actor's.
  Task<Result<void>> revoke_applications(Actor actor, SpaceId bucket);

  // Writes down when up to `limit` keys were last used; whether there are more to write.
  Task<bool> write_uses(std::size_t limit);

 private:
  Context& context_;
};

}  // namespace coffer::vault
