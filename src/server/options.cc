#include "server/options.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apis/gateway/client.h"

namespace coffer::server {
namespace {

// At metrics.listen: of several Prometheus servers, not of a crowd.
constexpr std::size_t kMetricsConnections = 64;

// Whether an address is that of a trusted proxy.
std::function<bool(std::string_view)> proxy_test(const Settings& settings) {
  std::vector<apis::Network> proxies;
  for (const std::string& text : settings.trusted_proxies) {
    if (const auto network = apis::Network::parse(text)) proxies.push_back(*network);
  }
  if (proxies.empty()) return {};
  return [proxies = std::move(proxies)](std::string_view address) {
    return std::ranges::any_of(proxies, [&](const auto& proxy) { return proxy.contains(address); });
  };
}

}  // namespace

vault::Policy policy_of(const Settings& settings) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  vault::Policy policy;
  policy.password_min = settings.accounts.password_min;
  policy.registration_open = settings.accounts.registration == config::Registration::kOpen;
  if (settings.accounts.quota > 0) policy.quota = settings.accounts.quota;
  policy.password_attempts.reset();
  if (settings.rate_limits) {
    policy.password_attempts =
        static_cast<std::uint32_t>(settings.limits.wrong_passwords_per_minute);
  }
  policy.guests = settings.guests;
  policy.guest_quota.reset();
  if (settings.accounts.guest_quota > 0) policy.guest_quota = settings.accounts.guest_quota;
  policy.upload_session_lifetime = duration_cast<seconds>(settings.uploads.session_lifetime);
  policy.max_upload_sessions = settings.uploads.max_sessions;
  if (settings.uploads.max_bytes > 0) policy.max_file_bytes = settings.uploads.max_bytes;
  policy.access_lifetime = duration_cast<seconds>(settings.sessions.access_lifetime);
  policy.refresh_lifetime = duration_cast<seconds>(settings.sessions.refresh_lifetime);
  policy.blob_grace = settings.blobs.grace;
  policy.trash_retention = settings.trash.retention;
  return policy;
}

apis::GatewayOptions gateway_options(const Settings& settings) {
  const auto narrow = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  return {.trusted_proxies = settings.trusted_proxies,
          .public_url = settings.public_url,
          .require_https = settings.require_https,
          .hsts_max_age = settings.require_https ? std::chrono::duration_cast<std::chrono::seconds>(
                                                       settings.hsts_max_age)
                                                 : std::chrono::seconds(0),
          .max_parts = settings.uploads.max_parts,
          .access_log = settings.log.access,
          .cors_origins = settings.cors.origins,
          .rate_limits = {.enabled = settings.rate_limits,
                          .anonymous = narrow(settings.limits.anonymous_per_minute),
                          .account = narrow(settings.limits.account_per_minute),
                          .api_key = narrow(settings.limits.api_key_per_minute),
                          .short_links = narrow(settings.limits.fileuploader_upload_per_minute),
                          .logins = narrow(settings.limits.fileuploader_login_per_minute)}};
}

http::ServerOptions http_options(const Settings& settings, std::size_t max_connections,
                                 MemoryBudget& memory) {
  http::ServerOptions options;
  options.cores = settings.cores;
  for (const config::Endpoint& endpoint : settings.listen) {
    options.listen.push_back({endpoint.host, endpoint.port, std::nullopt});
  }
  for (const config::Endpoint& endpoint : settings.tls.listen) {
    options.listen.push_back(
        {endpoint.host, endpoint.port, net::TlsFiles{settings.tls.certificate, settings.tls.key}});
  }
  options.limits = {
      .head_bytes = settings.http.head_bytes,
      .head_timeout = settings.http.head_timeout,
      .idle_timeout = settings.http.idle_timeout,
      .floor_bytes = settings.http.floor_bytes,
      .floor_window = settings.http.floor_window,
      .body_timeout = settings.http.body_timeout,
      .max_connections = max_connections > 0 ? max_connections : settings.http.max_connections};
  options.is_proxy = proxy_test(settings);
  options.memory = &memory;
  return options;
}

realtime::Hub::Limits realtime_limits(const Settings& settings, std::size_t max_connections) {
  const std::size_t all = max_connections > 0 ? max_connections : settings.http.max_connections;
  return {.connections = std::min<std::size_t>(settings.realtime.max_connections, all - all / 4),
          .connections_of_account = settings.realtime.max_connections_per_account};
}

apis::mediavault::RealtimeOptions realtime_options(const Settings& settings) {
  const auto per_minute = static_cast<std::uint32_t>(settings.limits.account_per_minute);
  return {.origins = settings.cors.origins,
          .messages_per_minute = settings.rate_limits ? per_minute : 0};
}

http::ServerOptions metrics_options(const Settings& settings) {
  http::ServerOptions options;
  options.cores = 1;
  options.limits.max_connections = kMetricsConnections;
  for (const config::Endpoint& endpoint : settings.metrics.listen) {
    options.listen.push_back({endpoint.host, endpoint.port, std::nullopt});
  }
  return options;
}

}  // namespace coffer::server
