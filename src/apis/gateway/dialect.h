// What a dialect is to the gateway: a table of routes and a way to say what went wrong.
#pragma once

#include <boost/json/monotonic_resource.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/client.h"
#include "apis/gateway/problem.h"
#include "http/message.h"
#include "http/router.h"
#include "vault/vault.h"

namespace coffer::apis {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();
// What a call takes that says nothing else, and what one takes that is given lists.
inline constexpr std::uint64_t kJsonLimit = 64U << 10U;
inline constexpr std::uint64_t kListLimit = 1U << 20U;

// Who may call a route.
enum class Access {
  kAnyone,    // credentials are not looked at
  kAccount,   // a caller with valid credentials
  kGuest,     // the same; or, without any and where guests are served, the guests' account
  kShared,    // the same, or nobody: the path may name what all may read who know it
  kOptional,  // everybody; auth_error of the RequestContext says what is wrong with the credentials
  kAdmin,     // a caller with valid credentials of an admin
};
// `anyone`, `account`, `guest`, `shared`, `optional`, `admin`.
std::string_view name_of(Access access) noexcept;

// Which limit counts a route's requests.
enum class RateClass {
  kStandard,   // that of the caller; without one, that of the anonymous by their address
  kVisitor,    // the same, but without a caller that of an account, by address
  kChunks,     // the same, but none for an account: many requests are one upload
  kShortLink,  // that of uploads which are short links, by address, whoever asks
  kLogin,      // that of a family of log-in calls, by address, whoever asks
  kNone,
};
std::string_view name_of(RateClass rate) noexcept;

// What a route does to what is stored: whether a key needs the scope `read` for it, `write`, or
// both.
enum class Effect {
  kByMethod,  // GET and HEAD read, all others change
  kReads,
  kChanges,
  // It changes something, and its reply shows what the request did not say, or the change lets the
  // caller, or others, read what they could not: a key that only writes must not gain reading.
  kDiscloses,
};

// One request on its way through a handler. Lives until the handler's task has ended.
struct RequestContext {
  http::Request& request;
  const http::PathParameters& path;
  const Client& client;
  std::string_view mount;               // the prefix under which the dialect was reached
  std::optional<vault::Caller> caller;  // set when the route's access asks for one, see Access
  vault::Vault& vault;
  // For kOptional: why there is no caller. Never a guest.
  std::optional<Problem> auth_error{};
  // For the values of a reply, all given back at once. What is made in it must not outlive
  // the context.
  boost::json::monotonic_resource memory{};
  // Of a request with an idempotency key; null without.
  vault::IdempotencyClaim* claim = nullptr;

  // REQUIRES: the route's access is kAccount or kGuest, or caller is set.
  const vault::Account& account() const { return caller->account; }
  // In whose name the vault's commands change something. REQUIRES: as account().
  vault::Actor actor() const { return vault::Actor::of(*caller).claiming(claim); }
  // Where the request comes from, for the list of the account's sessions.
  vault::SessionClient session_client() const;
};

// What a repeated POST with the same Idempotency-Key gets; see apis/gateway/idempotency.h.
enum class Repeat {
  kFirstReply,  // what the first one got, and nothing is done again
  // The same. The reply holds a secret: it is kept so that only the credentials of the first
  // request open it, and a repetition with others gets none.
  kSealedReply,
  kRunsAgain,  // it is carried out again: the key means nothing
};

// What a route that changes something makes of an If-Match (RFC 9110 section 13.1.1).
enum class IfMatch {
  kIgnored,   // the dialect's document knows of none
  kCompared,  // the handler compares it where the change is made
  // There is no tag to compare it with: 412 before anything is done, so that nobody believes that
  // it was compared. `*` is let through, since what is not there is refused anyway.
  kRefused,
};

using Handler = std::function<Task<Reply>(RequestContext&)>;

struct ApiDescription;  // description.h

struct Route {
  http::Method method;
  std::string pattern;  // below the dialect's prefix; see http/router.h
  Access access = Access::kAccount;
  Handler handler;
  std::uint64_t body_limit = kJsonLimit;  // bytes
  RateClass rate = RateClass::kStandard;
  // Whether an upload key is enough.
  bool upload_key = false;
  // Whether its path holds a secret, which the log must not tell. One that needs no credentials
  // always counts as such.
  bool path_is_secret = false;
  // Whether it is answered over plain HTTP even where HTTPS is required: it is asked by programs on
  // this machine or network, and tells nothing that is not for everybody.
  bool plain_http = false;
  // Of a POST with an account, where the dialect takes idempotency keys.
  Repeat repeat = Repeat::kFirstReply;
  Effect effect = Effect::kByMethod;
  IfMatch if_match = IfMatch::kIgnored;

  // Whether a key needs the scope `read`, and `write`: one of them, or both.
  bool reads() const noexcept;
  bool changes() const noexcept;
  // What a key needs: `read`, `write` or `read, write`.
  std::string_view scope() const noexcept;
};

// What a request shows of its sender's identity.
struct Credentials {
  enum class Kind { kNone, kSession, kKey, kMasterKey, kApplicationKey, kUploadKey, kMalformed };
  Kind kind = Kind::kNone;
  std::string secret;
};

// `Authorization: Bearer <token>`, or `X-API-Key: <key>`. An Authorization field of any other form
// is malformed, a bearer without a token a session's that is wrong.
Credentials bearer_or_api_key(const http::Request& request);

// How many of the fields in which dialects take credentials the request has, whatever they say:
// with one nobody takes it for a request without any, and with more nobody knows whose it is.
std::size_t count_credentials(const http::Request& request);

// The header with credentials that the request has more than once: of two, one reader would take
// the first and another the last.
std::optional<std::string_view> repeated_credentials(const http::Request& request);

// Threads: any core's, concurrently; so a dialect keeps no state of its own.
class Dialect {
 public:
  virtual ~Dialect() = default;

  // Where all dialects are served, as Client::base_path. Before the first request.
  void set_base_path(std::string_view path) { base_path_ = path; }

  virtual std::string_view name() const = 0;
  // Where its routes are: `/api/v1`.
  virtual std::vector<std::string> prefixes() const = 0;
  // Where unknown paths are answered in its shape. An empty one claims none.
  virtual std::vector<std::string> claims() const { return prefixes(); }
  virtual std::vector<Route> routes() const = 0;
  // The descriptions of its routes; empty where there are no programs to write for it. Not
  // for the hot path.
  virtual ApiDescription describe() const;
  virtual Credentials credentials(const http::Request& request) const {
    return bearer_or_api_key(request);
  }
  // Whether its POSTs take an Idempotency-Key (apis/gateway/idempotency.h).
  virtual bool takes_idempotency_keys() const { return false; }
  // The reply to a request that was carried out and whose reply was lost when the server was
  // stopped in that moment. `events`: those of its change; what they are about is shown as it is
  // now. Nothing where that is no reply. REQUIRES: `context` and `events` outlive the task.
  virtual Task<std::optional<http::Response>> reply_again(
      RequestContext& context, std::span<const vault::Event> events) const;
  // Whether requests that reach none of its routes count against a limit too: unknown paths, wrong
  // methods, requests that are refused unread. Then every reply below its paths has the headers.
  virtual bool counts_unrouted() const { return false; }
  // The one place where the dialect's error shape is made.
  virtual http::Response render(const Problem& problem, const http::Request& request) const = 0;

 protected:
  // What the links of pages begin with: see Client::base_path.
  const std::string& base_path() const noexcept { return base_path_; }

 private:
  std::string base_path_;
};

}  // namespace coffer::apis
