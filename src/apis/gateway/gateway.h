// The skeleton that every dialect plugs into: finds the route, recognises the caller, admits,
// has the handler called, renders what went wrong, logs and counts.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/client.h"
#include "apis/gateway/dialect.h"
#include "apis/gateway/idempotency.h"
#include "apis/gateway/logged_path.h"
#include "apis/gateway/metrics.h"
#include "apis/gateway/rate_limit.h"
#include "apis/gateway/reply_streams.h"
#include "base/clock.h"
#include "base/memory_budget.h"
#include "http/router.h"
#include "http/server.h"
#include "vault/vault.h"

namespace coffer::apis {

struct GatewayOptions {
  std::vector<std::string> trusted_proxies;
  std::string public_url;
  bool require_https = false;            // but for Route::plain_http
  std::chrono::seconds hsts_max_age{0};  // sent over HTTPS; 0: not sent
  std::size_t max_parts = 1000;          // of a form
  bool access_log = true;
  std::vector<std::string> cors_origins;
  struct RateLimits {
    bool enabled = true;
    std::uint32_t anonymous = 60;  // a minute, by address
    std::uint32_t account = 1000;
    std::uint32_t api_key = 5000;
    std::uint32_t short_links = 2;  // RateClass::kShortLink
    std::uint32_t logins = 10;      // RateClass::kLogin
  } rate_limits;
};

// A route as it is served, for listings.
struct ServedRoute {
  std::string method;
  std::string path;
  std::string_view access;
  std::string_view rate;
  std::string_view dialect;
  std::string_view scope;  // that a key needs: `read`, `write` or `read, write`
  std::uint64_t body_limit;
};

class Gateway final : public http::Service {
 public:
  // The first dialect also answers for paths that belong to none, and for unknown paths that a
  // browser opens. `memory` is what bodies that are
  // read whole share. REQUIRES: `vault`, `metrics`, `clock` and `memory` outlive it. Throws
  // std::invalid_argument when two routes collide.
  Gateway(GatewayOptions options, std::vector<std::unique_ptr<Dialect>> dialects,
          vault::Vault& vault, Metrics& metrics, const Clock& clock, MemoryBudget& memory);
  ~Gateway() override;

  Task<http::Response> handle(http::Request& request) override;
  http::Response refuse(const http::Request& request, http::BadMessage why) override;
  void finished(const http::Request& request,
                const http::RequestOutcome& outcome) noexcept override;

  // Every route of `dialects` at every path, in the order of the tables.
  static std::vector<ServedRoute> list(const std::vector<std::unique_ptr<Dialect>>& dialects);

 private:
  struct RouteEntry;

  Task<Reply> answer(http::Request& request, const Client& client, const Dialect*& dialect,
                     http::Headers& extra);
  Task<Reply> refuse_plain_http(const http::Request& request, const Client& client,
                                http::Headers& extra);
  // REQUIRES: `found` is no Match.
  Task<Reply> answer_unrouted(http::Request& request, const Client& client,
                              http::Router::Result found, const Dialect*& dialect,
                              http::Headers& extra);
  Task<Reply> call(const RouteEntry& mounted, http::PathParameters path, http::Request& request,
                   const Client& client, http::Headers& extra);
  // The caller that the credentials name, or the guest; a Problem says why there is none.
  Task<std::expected<vault::Caller, Problem>> recognise(const RouteEntry& mounted,
                                                        const http::Request& request);
  Task<std::expected<vault::Caller, Problem>> recognise(const Dialect& dialect, Access access,
                                                        bool upload_key,
                                                        const http::Request& request);
  // What bounds a reply that is made while it is sent, and ends it with its caller's admission.
  std::optional<Problem> guard(const RouteEntry& mounted, const http::Request& request,
                               const Client& client, const vault::Caller* caller,
                               http::Response& response);
  struct RateLimitKey;
  RateLimitKey rate_limit_of(RateClass rate, const Client& client,
                             const vault::Caller* caller) const;
  // What of the budget `request` may hold: as `caller`, and at its client's address.
  MemoryBudget::Lease lease_of(const http::Request& request, const Client& client,
                               const vault::Caller* caller) const;
  // Counts the request against its limit, whose headers go to `extra`; a Problem keeps it out.
  std::optional<Problem> admit(RateClass rate, const Client& client, const vault::Caller* caller,
                               http::Headers& extra);
  // The same for a request that reaches no route of `dialect`, if that counts there.
  Task<std::optional<Problem>> admit_unrouted(const Dialect& dialect, const http::Request& request,
                                              const Client& client, http::Headers& extra);
  // The line of the access log.
  void tell(const http::Request& request, const http::RequestOutcome& outcome) const;
  std::string redacted_path(const http::Request& request) const;
  // Of a path that may be no route's.
  const Dialect& dialect_at(std::string_view path) const;
  // Who answers a request that found no route.
  const Dialect& dialect_for(const http::Request& request) const;
  // The methods that a path takes; all where nothing is.
  std::string allowed_at(const http::Target& target) const;
  std::optional<http::Response> preflight(const http::Request& request);
  // What every reply carries. `secure`: the client speaks TLS.
  void finish(const http::Request& request, bool secure, http::Response& response) const;
  void add_cors(const http::Request& request, http::Response& response) const;

  GatewayOptions options_;
  std::vector<std::unique_ptr<Dialect>> dialects_;
  std::vector<RouteEntry> routes_;
  http::Router router_;
  LoggedPaths logged_paths_;
  ClientResolver clients_;
  RateLimiter limiter_;
  ReplyStreams streams_;
  Idempotency idempotency_;
  vault::Vault& vault_;
  Metrics& metrics_;
  MemoryBudget& memory_;
  Metrics::RouteCounters& unmatched_;  // for what found no route
};

}  // namespace coffer::apis
