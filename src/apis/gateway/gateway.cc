#include "apis/gateway/gateway.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "apis/gateway/accept.h"
#include "apis/gateway/begin_content.h"
#include "apis/gateway/conditional.h"
#include "base/log.h"
#include "base/text.h"
#include "base/thread.h"
#include "vault/identity/passwords.h"

namespace coffer::apis {
namespace {

// Whose share of what is bounded a request takes.
std::string share_of(const vault::Caller* caller, const Client& client) {
  const bool is_account = caller && !caller->account.is_guest;
  return is_account ? "account " + std::to_string(caller->account.id.value)
                    : "address " + client.limit_key();
}

constexpr std::string_view kMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr std::string_view kCorsMaxAge = "600";
constexpr std::string_view kIdentity = "identity";
constexpr std::string_view kNotStored = "no-store";
constexpr std::string_view kNoReferrer = "no-referrer";

// A prefix covers whole segments: `/v1` covers `/v1/x` and not `/v12`.
bool covers(std::string_view prefix, std::string_view path) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

// Whether a key is good where one of that kind was shown.
bool fits(Credentials::Kind shown, vault::Credential credential) {
  switch (shown) {
    case Credentials::Kind::kMasterKey: return credential == vault::Credential::kMasterKey;
    case Credentials::Kind::kApplicationKey:
      return credential == vault::Credential::kApplicationKey;
    case Credentials::Kind::kUploadKey: return credential == vault::Credential::kUploadKey;
    default: return credential == vault::Credential::kApiKey;
  }
}

bool hides_path(const Route& route) {
  return route.path_is_secret || route.access == Access::kAnyone ||
         route.access == Access::kGuest || route.access == Access::kShared ||
         route.access == Access::kOptional;
}

// A key without the scopes of the route is refused here, for every dialect.
std::optional<Problem> refuse_scope(const Route& route, const vault::Caller& caller) {
  const bool lacks_read = route.reads() && !caller.scopes.read;
  const bool lacks_write = route.changes() && !caller.scopes.write;
  if (!lacks_read && !lacks_write) return std::nullopt;
  const std::string scope = lacks_read ? "read" : "write";
  return Problem(ProblemKind::kForbidden,
                 "This key lacks the scope " + scope + "; use a key that has it");
}

// Nobody here undoes a coding: what is stored is what was sent (RFC 9110 section 15.5.16).
std::optional<Problem> refuse_coded(const http::Request& request) {
  if (request.body->length() == 0) return std::nullopt;
  const auto codings = request.headers.joined("Content-Encoding");
  if (!codings || trim(*codings).empty() || equal_ignoring_case(trim(*codings), kIdentity)) {
    return std::nullopt;
  }
  Problem problem(ProblemKind::kUnsupportedContentCoding,
                  "Send the body as it is, without Content-Encoding");
  problem.headers.add("Accept-Encoding", kIdentity);
  return problem;
}

}  // namespace

struct Gateway::RouteEntry {
  const Dialect* dialect;
  std::string mount;
  Route route;
  Metrics::RouteCounters* counters;
};

Gateway::Gateway(GatewayOptions options, std::vector<std::unique_ptr<Dialect>> dialects,
                 vault::Vault& vault, Metrics& metrics, const Clock& clock, MemoryBudget& memory)
    : options_(std::move(options)),
      dialects_(std::move(dialects)),
      clients_(options_.trusted_proxies, options_.public_url),
      limiter_(clock),
      idempotency_(vault, metrics),
      vault_(vault),
      metrics_(metrics),
      memory_(memory),
      unmatched_(metrics.route("", "", "")) {
  metrics_.gauge("coffer_http_streamed_replies", "Replies that are made while they are sent",
                 [this] { return static_cast<double>(streams_.count()); });
  metrics_.counter("coffer_http_streamed_replies_refused_total",
                   "Such replies refused, for want of places",
                   [this] { return static_cast<double>(streams_.refused()); });
  metrics_.gauge("coffer_rate_limit_clients",
                 "Accounts, keys and addresses whose requests of the last minute are counted",
                 [this] { return static_cast<double>(limiter_.callers()); });
  metrics_.gauge("coffer_password_hashes", "Passwords being hashed, and waiting for it",
                 [this] { return static_cast<double>(vault_.passwords().load().waiting); });
  metrics_.counter("coffer_password_hashes_refused_total",
                   "Passwords not hashed because too many waited",
                   [this] { return static_cast<double>(vault_.passwords().load().refused); });
  metrics_.counter("coffer_refresh_tokens_reused_total",
                   "Sessions ended because a refresh token came back after it was replaced",
                   [this] { return static_cast<double>(vault_.sessions().reuses()); });
  for (const auto& dialect : dialects_) {
    dialect->set_base_path(clients_.base_path());
    for (const std::string& prefix : dialect->prefixes()) {
      for (Route& route : dialect->routes()) {
        const std::string path = prefix + route.pattern;
        router_.add(route.method, path, routes_.size());
        logged_paths_.add(path);
        auto& counters = metrics_.route(dialect->name(), http::name_of(route.method), path);
        routes_.push_back({dialect.get(), prefix, std::move(route), &counters});
      }
    }
  }
}

Gateway::~Gateway() = default;

std::vector<ServedRoute> Gateway::list(const std::vector<std::unique_ptr<Dialect>>& dialects) {
  std::vector<ServedRoute> out;
  for (const auto& dialect : dialects) {
    for (const std::string& prefix : dialect->prefixes()) {
      for (const Route& route : dialect->routes()) {
        out.push_back({std::string(http::name_of(route.method)), prefix + route.pattern,
                       name_of(route.access), name_of(route.rate), dialect->name(), route.scope(),
                       route.body_limit});
      }
    }
  }
  return out;
}

const Dialect& Gateway::dialect_for(const http::Request& request) const {
  // Somebody has typed or followed an address: an API's document would say nothing to them.
  if (prefers_page(request)) return *dialects_.front();
  return dialect_at(request.uri.raw_path);
}

const Dialect& Gateway::dialect_at(std::string_view path) const {
  const Dialect* best = dialects_.front().get();
  std::size_t length = 0;
  for (const auto& dialect : dialects_) {
    for (const std::string& prefix : dialect->claims()) {
      if (prefix.size() > length && covers(prefix, path)) {
        best = dialect.get();
        length = prefix.size();
      }
    }
  }
  return *best;
}

Task<http::Response> Gateway::handle(http::Request& request) {
  if (auto response = preflight(request)) co_return std::move(*response);
  if (request.uri.raw_path == "*") {
    http::Response whole_server;
    whole_server.status = 204;
    whole_server.headers.add("Allow", std::string(kMethods));
    co_return whole_server;
  }
  const Dialect* dialect = nullptr;
  http::Headers extra;  // what every answer of this request carries
  std::optional<Reply> reply;
  bool secure = request.secure;
  try {
    const Client client = clients_.resolve(request);
    secure = client.secure;
    request.client_address = client.address;
    reply.emplace(co_await answer(request, client, dialect, extra));
  } catch (const std::exception& error) {
    log::error("request failed", {{"request_id", request.id}, {"error", error.what()}});
    reply.emplace(std::unexpected(Problem::of(error)));
  }
  http::Response response;
  const Problem* problem = nullptr;
  if (*reply) {
    response = std::move(**reply);
  } else {
    problem = &reply->error();
    response = (dialect ? *dialect : dialect_for(request)).render(*problem, request);
  }
  for (const auto& field : extra) response.headers.set(field.name, field.value);
  // Last: of two limits, what is told is the one that refuses.
  if (problem) {
    for (const auto& field : problem->headers) response.headers.set(field.name, field.value);
  }
  // Tokens, keys and what else is for the caller alone are in replies of every dialect.
  if (!response.headers.get("Cache-Control")) response.headers.set("Cache-Control", kNotStored);
  // RFC 9110 section 15.5.2: a 401 says how to do better.
  if (response.status == 401 && !response.headers.get("WWW-Authenticate")) {
    response.headers.set("WWW-Authenticate", "Bearer");
  }
  finish(request, secure, response);
  co_return response;
}

Task<Reply> Gateway::answer(http::Request& request, const Client& client, const Dialect*& dialect,
                            http::Headers& extra) {
  auto found = router_.find(request.method, request.uri);
  auto* const matched = std::get_if<http::Router::Match>(&found);
  const bool may_be_plain = matched && routes_[matched->route].route.plain_http;
  if (options_.require_https && !client.secure && !may_be_plain) {
    return refuse_plain_http(request, client, extra);
  }
  if (!matched) return answer_unrouted(request, client, std::move(found), dialect, extra);
  const RouteEntry& mounted = routes_[matched->route];
  dialect = mounted.dialect;
  request.route = matched->route;
  request.body->set_limit(mounted.route.body_limit);
  if (request.method != http::Method::kGet) request.body->set_sender(client.limit_key());
  request.max_parts = options_.max_parts;
  return call(mounted, std::move(matched->parameters), request, client, extra);
}

Task<Reply> Gateway::refuse_plain_http(const http::Request& request, const Client& client,
                                       http::Headers& extra) {
  // What it shows of credentials is not looked at.
  if (dialect_at(request.uri.raw_path).counts_unrouted()) {
    if (auto problem = admit(RateClass::kStandard, client, nullptr, extra)) {
      co_return std::unexpected(std::move(*problem));
    }
  }
  co_return std::unexpected(
      Problem(ProblemKind::kHttpsRequired, "This vault is served over HTTPS only"));
}

Task<Reply> Gateway::answer_unrouted(http::Request& request, const Client& client,
                                     http::Router::Result found, const Dialect*& dialect,
                                     http::Headers& extra) {
  const auto* wrong = std::get_if<http::Router::WrongMethod>(&found);
  const Dialect& there = wrong ? *routes_[wrong->route].dialect : dialect_at(request.uri.raw_path);
  auto refused = co_await admit_unrouted(there, request, client, extra);
  if (refused) {
    dialect = &there;
    co_return std::unexpected(std::move(*refused));
  }
  if (!wrong) {
    co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is nothing at this path"));
  }
  dialect = &there;
  request.route = wrong->route;  // whose path may be a secret under any method
  if (request.method == http::Method::kOptions) {
    http::Response options;
    options.status = 204;
    options.headers.add("Allow", wrong->allow);
    co_return options;
  }
  Problem problem(ProblemKind::kMethodNotAllowed, "This path does not take " + request.method_name);
  problem.headers.add("Allow", wrong->allow);
  co_return std::unexpected(std::move(problem));
}

Task<Reply> Gateway::call(const RouteEntry& mounted, http::PathParameters path,
                          http::Request& request, const Client& client, http::Headers& extra) {
  if (const auto name = repeated_credentials(request)) {
    // Nobody knows whose request it is.
    if (auto problem = admit(mounted.route.rate, client, nullptr, extra)) {
      co_return std::unexpected(std::move(*problem));
    }
    co_return std::unexpected(
        Problem(ProblemKind::kMalformedMessage, "Send the header " + std::string(*name) + " once"));
  }
  RequestContext context{request, path, client, mounted.mount, std::nullopt, vault_};
  std::optional<Problem> refused;
  if (mounted.route.access != Access::kAnyone) {
    auto caller = co_await recognise(mounted, request);
    if (caller) {
      context.caller = std::move(*caller);
      request.account = context.account().id.value;
    } else {
      refused = std::move(caller.error());
    }
  }
  const vault::Caller* caller = context.caller ? &*context.caller : nullptr;
  request.memory = lease_of(request, client, caller);
  if (auto problem = admit(mounted.route.rate, client, caller, extra)) {
    co_return std::unexpected(std::move(*problem));
  }
  if (caller) {
    if (auto problem = refuse_scope(mounted.route, *caller)) {
      co_return std::unexpected(std::move(*problem));
    }
  }
  if (mounted.route.access == Access::kAdmin && caller && !caller->account.is_admin) {
    refused = Problem(ProblemKind::kForbidden, "Only an admin may do this");
  }
  if (refused && mounted.route.access == Access::kShared &&
      refused->kind == ProblemKind::kNoCredentials) {
    refused.reset();
  }
  if (mounted.route.access == Access::kOptional) context.auth_error = std::exchange(refused, {});
  if (refused) co_return std::unexpected(std::move(*refused));
  if (auto problem = refuse_coded(request)) co_return std::unexpected(std::move(*problem));
  if (auto problem = refuse_if_match(mounted.route, request)) {
    co_return std::unexpected(std::move(*problem));
  }
  const bool has_key = Idempotency::applies(*mounted.dialect, mounted.route, context);
  auto check = BodyCheck::begin(request, has_key);
  if (!check) co_return std::unexpected(std::move(check.error()));
  Task<Reply> making = has_key
                           ? idempotency_.call(*mounted.dialect, mounted.route, context, **check)
                           : mounted.route.handler(context);
  Reply made = co_await std::move(making);
  making = {};
  // What follows asks the request's own body whether its sender is still there.
  check->reset();
  Reply reply = conditional(request, std::move(made));
  if (reply && request.method != http::Method::kHead && is_fetched(*reply)) {
    std::string owner = share_of(caller, client);
    const bool has_begun = co_await begin_content(*reply, std::move(owner), *request.body);
    if (!has_begun) {
      co_return std::unexpected(
          Problem(ProblemKind::kBusy,
                  "Too many downloads are under way; end one, or try again in a moment"));
    }
  }
  if (reply && reply->rest) {
    if (auto problem = guard(mounted, request, client, caller, *reply)) {
      co_return std::unexpected(std::move(*problem));
    }
  }
  co_return reply;
}

std::optional<Problem> Gateway::guard(const RouteEntry& mounted, const http::Request& request,
                                      const Client& client, const vault::Caller* caller,
                                      http::Response& response) {
  auto place = streams_.take(share_of(caller, client));
  if (!place) {
    return Problem(ProblemKind::kBusy,
                   "Too many long lists are being read; finish one, or try again in a moment");
  }
  MayGoOn may_go_on = [this, &mounted, &request,
                       account = caller ? caller->account.id : vault::AccountId{}]() -> Task<bool> {
    if (account == vault::AccountId{}) co_return true;
    const auto now = co_await recognise(mounted, request);
    // A token that was good when the reply began need not last as long as the reply.
    if (!now) co_return now.error().kind == ProblemKind::kTokenExpired;
    co_return now->account.id == account;
  };
  response.rest = guarded(std::move(response.rest), std::move(*place), std::move(may_go_on));
  return std::nullopt;
}

Task<std::expected<vault::Caller, Problem>> Gateway::recognise(const RouteEntry& mounted,
                                                               const http::Request& request) {
  return recognise(*mounted.dialect, mounted.route.access, mounted.route.upload_key, request);
}

Task<std::expected<vault::Caller, Problem>> Gateway::recognise(const Dialect& dialect,
                                                               Access access, bool upload_key,
                                                               const http::Request& request) {
  Credentials credentials = dialect.credentials(request);
  const bool open = access == Access::kGuest || access == Access::kShared;
  const bool goes_without = open || access == Access::kOptional;
  const std::size_t shown = count_credentials(request);
  const bool is_anothers =
      goes_without && credentials.kind == Credentials::Kind::kNone && shown > 0;
  // Of two, the one that is not looked at may be wrong, or somebody else's.
  if (is_anothers || shown > 1) credentials.kind = Credentials::Kind::kMalformed;
  if (credentials.kind == Credentials::Kind::kNone) {
    if (open && vault_.accounts().guests_allowed()) {
      vault::Caller guest;
      guest.account = co_await vault_.accounts().guest();
      co_return guest;
    }
    co_return std::unexpected(
        Problem(ProblemKind::kNoCredentials, "Log in and send the token with the request"));
  }
  if (credentials.kind == Credentials::Kind::kMalformed) {
    co_return std::unexpected(
        Problem(ProblemKind::kMalformedCredentials,
                "These credentials are not understood here; send one, as Authorization: Bearer "
                "<token>"));
  }
  if (credentials.kind == Credentials::Kind::kSession) {
    if (credentials.secret.starts_with(vault::kApiKeyPrefix)) {
      co_return std::unexpected(
          Problem(ProblemKind::kTokenInvalid,
                  "This is an API key; send it as X-API-Key: <key>, without Authorization"));
    }
    auto caller = co_await vault_.sessions().authenticate(credentials.secret);
    if (!caller) co_return std::unexpected(Problem(caller.error()));
    co_return std::move(*caller);
  }
  const bool is_upload_key = credentials.kind == Credentials::Kind::kUploadKey;
  if (is_upload_key && !upload_key) {
    co_return std::unexpected(
        Problem(ProblemKind::kTokenInvalid, "An upload key is good for uploads only"));
  }
  auto caller = co_await vault_.api_keys().authenticate(credentials.secret);
  if (!caller && is_upload_key && caller.error().code == vault::FailureCode::kTokenInvalid) {
    // Its holder is a program that was let in once: what it had has ended.
    co_return std::unexpected(Problem(ProblemKind::kSessionGone, "The upload key was revoked"));
  }
  if (!caller) co_return std::unexpected(Problem(caller.error()));
  if (!fits(credentials.kind, caller->credential)) {
    co_return std::unexpected(Problem(ProblemKind::kTokenInvalid, "The key is of another kind"));
  }
  co_return std::move(*caller);
}

// Who is counted, and against what; 0: nobody.
struct Gateway::RateLimitKey {
  std::string who;
  std::uint32_t per_minute = 0;
};

Gateway::RateLimitKey Gateway::rate_limit_of(RateClass rate, const Client& client,
                                             const vault::Caller* caller) const {
  const auto& limits = options_.rate_limits;
  if (!limits.enabled || rate == RateClass::kNone) return {};
  if (rate == RateClass::kShortLink) {
    return {"short link " + client.limit_key(), limits.short_links};
  }
  if (rate == RateClass::kLogin) return {"login " + client.limit_key(), limits.logins};
  if (!caller || caller->account.is_guest) {
    if (rate == RateClass::kStandard) return {"address " + client.limit_key(), limits.anonymous};
    return {"visitor " + client.limit_key(), limits.account};
  }
  if (rate == RateClass::kChunks) return {};
  if (caller->credential == vault::Credential::kSession) {
    return {"account " + std::to_string(caller->account.id.value), limits.account};
  }
  return {"key " + std::to_string(caller->key->value), limits.api_key};
}

MemoryBudget::Lease Gateway::lease_of(const http::Request& request, const Client& client,
                                      const vault::Caller* caller) const {
  if (request.body->length() == 0) return {};
  const bool is_account = caller && !caller->account.is_guest;
  return {memory_, client.limit_key(),
          is_account ? "account " + std::to_string(caller->account.id.value) : std::string()};
}

std::optional<Problem> Gateway::admit(RateClass rate, const Client& client,
                                      const vault::Caller* caller, http::Headers& extra) {
  const RateLimitKey limit = rate_limit_of(rate, client, caller);
  if (limit.per_minute == 0) return std::nullopt;
  const auto decision = limiter_.admit(limit.who, limit.per_minute);
  decision.describe(extra);
  if (decision.admitted) return std::nullopt;
  Problem problem(ProblemKind::kRateLimited, "Too many requests; try again in " +
                                                 std::to_string(decision.retry_after) + " seconds");
  problem.headers.add("Retry-After", std::to_string(decision.retry_after));
  return problem;
}

Task<std::optional<Problem>> Gateway::admit_unrouted(const Dialect& dialect,
                                                     const http::Request& request,
                                                     const Client& client, http::Headers& extra) {
  if (!dialect.counts_unrouted() || !options_.rate_limits.enabled) co_return std::nullopt;
  std::expected<vault::Caller, Problem> caller =
      std::unexpected(Problem(ProblemKind::kNoCredentials, ""));
  if (!repeated_credentials(request)) {
    caller = co_await recognise(dialect, Access::kAccount, false, request);
  }
  co_return admit(RateClass::kStandard, client, caller ? &*caller : nullptr, extra);
}

http::Response Gateway::refuse(const http::Request& request, http::BadMessage why) {
  // The target may not have been understood; its text still tells whose shape is expected.
  const Dialect* dialect = nullptr;
  if (const auto target = http::parse_target(request.target)) {
    const auto found = router_.find(request.method, *target);
    if (const auto* match = std::get_if<http::Router::Match>(&found)) {
      dialect = routes_[match->route].dialect;
    } else if (const auto* wrong = std::get_if<http::Router::WrongMethod>(&found)) {
      dialect = routes_[wrong->route].dialect;
    }
  }
  if (!dialect) dialect = &dialect_at(request.target);
  const Problem problem = Problem::of(why);
  http::Response response = dialect->render(problem, request);
  for (const auto& field : problem.headers) response.headers.set(field.name, field.value);
  const Client client = clients_.resolve(request);
  if (dialect->counts_unrouted()) {
    // It counts, but says what is wrong with it even when there were too many.
    http::Headers extra;
    admit(RateClass::kStandard, client, nullptr, extra);
    for (const auto& field : extra) response.headers.set(field.name, field.value);
  }
  finish(request, client.secure, response);
  return response;
}

void Gateway::finished(const http::Request& request, const http::RequestOutcome& outcome) noexcept {
  const bool known = request.route != http::Request::kNoRoute;
  Metrics::count(known ? *routes_[request.route].counters : unmatched_, outcome.status,
                 static_cast<double>(outcome.duration.count()) / 1e6, outcome.bytes_received,
                 outcome.bytes_sent);
  if (options_.access_log) contain_exceptions("access log", [&] { tell(request, outcome); });
}

void Gateway::tell(const http::Request& request, const http::RequestOutcome& outcome) const {
  const bool known = request.route != http::Request::kNoRoute;
  log::info(
      "request",
      {{"request_id", request.id},
       {"address", request.client_address.empty() ? request.peer_address : request.client_address},
       {"method", request.method_name},
       {"path", redacted_path(request)},
       {"route", known ? routes_[request.route].route.pattern : std::string_view()},
       {"account", request.account},
       {"status", outcome.status},
       {"bytes_in", outcome.bytes_received},
       {"bytes_out", outcome.bytes_sent},
       {"micros", outcome.duration.count()},
       {"complete", outcome.complete}});
}

// Without its query, which may carry a key. Where the path itself is what permits, it is shown as
// in the table of routes.
std::string Gateway::redacted_path(const http::Request& request) const {
  std::size_t route = request.route;
  if (route == http::Request::kNoRoute) {  // also of what was answered before it was looked for
    const auto found = router_.find(request.method, request.uri);
    if (const auto* match = std::get_if<http::Router::Match>(&found)) route = match->route;
    if (const auto* wrong = std::get_if<http::Router::WrongMethod>(&found)) route = wrong->route;
  }
  if (route != http::Request::kNoRoute) {
    const RouteEntry& mounted = routes_[route];
    std::string pattern = mounted.mount + mounted.route.pattern;
    if (hides_path(mounted.route)) return pattern;
    return LoggedPaths::known(pattern, request.uri.segments);
  }
  return logged_paths_.unknown(request.uri.segments);
}

std::string Gateway::allowed_at(const http::Target& target) const {
  auto found = router_.find(http::Method::kOther, target);
  if (auto* known = std::get_if<http::Router::WrongMethod>(&found)) return std::move(known->allow);
  return std::string(kMethods);
}

std::optional<http::Response> Gateway::preflight(const http::Request& request) {
  if (request.method != http::Method::kOptions || !request.header("Origin") ||
      !request.header("Access-Control-Request-Method")) {
    return std::nullopt;
  }
  http::Response response;
  response.status = 204;
  response.headers.add("Allow", allowed_at(request.uri));
  const Client client = clients_.resolve(request);
  // A browser's question before its page's request: shown with the limit, but not counted.
  const RateLimitKey limit = rate_limit_of(RateClass::kStandard, client, nullptr);
  if (limit.per_minute > 0 && dialect_at(request.uri.raw_path).counts_unrouted()) {
    limiter_.look(limit.who, limit.per_minute).describe(response.headers);
  }
  finish(request, client.secure, response);
  if (response.headers.get("Access-Control-Allow-Origin")) {
    response.headers.set("Access-Control-Allow-Methods", std::string(kMethods));
    response.headers.set(
        "Access-Control-Allow-Headers",
        std::string(request.header("Access-Control-Request-Headers").value_or("")));
    response.headers.set("Access-Control-Max-Age", std::string(kCorsMaxAge));
  }
  return response;
}

void Gateway::finish(const http::Request& request, bool secure, http::Response& response) const {
  http::Headers& headers = response.headers;
  headers.set("X-Content-Type-Options", "nosniff");
  if (!headers.get("Referrer-Policy")) headers.set("Referrer-Policy", kNoReferrer);
  // RFC 6797 section 7.2: never over plain HTTP, where anybody could have written it.
  if (secure && options_.hsts_max_age.count() > 0) {
    headers.set("Strict-Transport-Security",
                "max-age=" + std::to_string(options_.hsts_max_age.count()));
  }
  add_cors(request, response);
}

void Gateway::add_cors(const http::Request& request, http::Response& response) const {
  if (options_.cors_origins.empty()) return;
  response.headers.add("Vary", "Origin");
  const auto origin = request.header("Origin");
  if (!origin) return;
  const bool listed = std::ranges::any_of(options_.cors_origins, [&](const std::string& allowed) {
    return allowed == "*" || allowed == *origin;
  });
  if (!listed) return;
  response.headers.set("Access-Control-Allow-Origin", std::string(*origin));
  response.headers.set("Access-Control-Expose-Headers",
                       "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, "
                       "Idempotency-Replayed, Link, Location, Repr-Digest, Retry-After, "
                       "WWW-Authenticate, X-RateLimit-Limit, "
                       "X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id");
}

}  // namespace coffer::apis
