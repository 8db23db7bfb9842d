#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apis/gateway/client.h"
#include "apis/gateway/gateway.h"
#include "base/entropy.h"
#include "base/exhausted.h"
#include "base/log.h"
#include "base/memory_budget.h"
#include "base/thread.h"
#include "cli/application.h"
#include "cli/commands.h"
#include "cli/descriptors.h"
#include "cli/signals.h"
#include "http/server.h"
#include "jobs/collector.h"
#include "jobs/packages.h"

namespace coffer::cli {
namespace {

constexpr char kAdminName[] = "admin";
// What the end may take beyond http.drain_timeout.
constexpr std::chrono::milliseconds kStopTime{1500};

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

http::ServerOptions server_options(const Settings& settings, const DescriptorPlan& descriptors) {
  http::ServerOptions options;
  options.cores = settings.cores;
  for (const Endpoint& endpoint : settings.listen) {
    options.listen.push_back({endpoint.host, endpoint.port, std::nullopt});
  }
  for (const Endpoint& endpoint : settings.tls.listen) {
    options.listen.push_back(
        {endpoint.host, endpoint.port, net::TlsFiles{settings.tls.certificate, settings.tls.key}});
  }
  options.limits = {.head_bytes = settings.http.head_bytes,
                    .head_timeout = settings.http.head_timeout,
                    .idle_timeout = settings.http.idle_timeout,
                    .floor_bytes = settings.http.floor_bytes,
                    .floor_window = settings.http.floor_window,
                    .body_timeout = settings.http.body_timeout,
                    .max_connections = descriptors.max_connections};
  options.is_proxy = proxy_test(settings);
  return options;
}

apis::GatewayOptions gateway_options(const Settings& settings) {
  const auto narrow = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  return {.trusted_proxies = settings.trusted_proxies,
          .public_url = settings.public_url,
          .require_https = settings.require_https,
          .max_parts = settings.uploads.max_parts,
          .access_log = settings.log.access,
          .cors_origins = settings.cors.origins,
          .rate_limits = {.enabled = settings.rate_limits,
                          .anonymous = narrow(settings.limits.anonymous_per_minute),
                          .account = narrow(settings.limits.account_per_minute),
                          .api_key = narrow(settings.limits.api_key_per_minute),
                          .drops = narrow(settings.limits.fileuploader_upload_per_minute),
                          .logins = narrow(settings.limits.fileuploader_login_per_minute)}};
}

// Tells whoever watches the start. A server does not fail because nobody does: what is lost leaves
// no error on standard output, and is not tried again. False if it is lost.
bool say(const std::string& line) noexcept {
  const bool is_said = std::fputs(line.c_str(), stdout) >= 0 && std::fputc('\n', stdout) != EOF &&
                       std::fflush(stdout) == 0;
  std::clearerr(stdout);
  return is_said;
}

void tell_where(const http::ServerOptions& options, const http::Server& server) {
  const auto ports = server.ports();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& listen = options.listen[i];
    const bool is_v6 = listen.host.find(':') != std::string::npos;
    say(fmt::format("Coffer is ready: {}://{}:{}", listen.tls ? "https" : "http",
                    is_v6 ? "[" + listen.host + "]" : listen.host, ports[i]));
    log::info("listening",
              {{"host", listen.host}, {"port", ports[i]}, {"tls", listen.tls.has_value()}});
  }
}

void add_values(apis::Metrics& metrics, const MemoryBudget& memory) {
  metrics.gauge("coffer_request_memory_bytes", "Memory that requests hold of http.memory_budget",
                [&memory] { return static_cast<double>(memory.used()); });
  metrics.counter("coffer_request_memory_refusals_total",
                  "Requests refused because that budget, or their share of it, was spent",
                  [&memory] { return static_cast<double>(memory.refusals()); });
}

// On the first start the admin is made, and its password told, this once. A password that cannot
// be told is given up: the log says how to set another.
void ensure_admin(vault::Vault& vault) {
  InlineExecutor here;
  if (here.run(vault.accounts().any_admin())) return;
  const std::string password = generate_password();
  const auto made = here.run(vault.accounts().create(
      {.username = kAdminName, .email = std::nullopt, .password = password, .is_admin = true}));
  if (!made) {
    log::warning("no admin account", {{"reason", made.error().message},
                                      {"do", "make one with `coffer user create --admin NAME`"}});
    return;
  }
  const bool is_told =
      say(fmt::format("The admin's name is {}, the password {}\n"
                      "It is shown this once. Change it with `coffer user set-password {}`.",
                      kAdminName, password, kAdminName));
  if (is_told) return;
  log::warning("the admin's password was not shown",
               {{"reason", "cannot write to standard output"},
                {"do", fmt::format("set another with `coffer user set-password {}`", kAdminName)}});
}

void reload(http::Server& server) {
  try {
    server.reload_tls();
    log::info("certificates read again");
  } catch (const std::exception& error) {
    log::error("certificates not read again", {{"error", error.what()}});
  }
}

void tell_guests(const Settings& settings) {
  const bool is_default = settings.guests == config::Guests::kAuto;
  const bool served = serves_guests(settings);
  const std::string_view why = !is_default ? "as set"
                               : served    ? "listening on loopback only"
                                           : "listening beyond loopback";
  log::info("guests", {{"served", served}, {"why", why}});
}

void add_values(apis::Metrics& metrics, const http::Server& server) {
  const auto of_load = [&server](auto member) {
    return [&server, member] { return static_cast<double>(server.load().*member); };
  };
  using Load = http::Server::Load;
  metrics.gauge("coffer_http_connections", "Open connections", of_load(&Load::connections));
  metrics.gauge("coffer_http_connections_max", "Connections that may be open at the same time",
                of_load(&Load::max_connections));
  metrics.gauge("coffer_http_requests", "Requests being served", of_load(&Load::requests));
  metrics.counter("coffer_http_connections_refused_total",
                  "Connections refused at the limit of all, or of their address",
                  of_load(&Load::refused));
  metrics.counter("coffer_http_connections_closed_idle_total",
                  "Idle connections closed for new ones", of_load(&Load::closed_idle));
  metrics.counter("coffer_http_accept_failures_total",
                  "Connections not taken because the machine lacked something",
                  of_load(&Load::failed_accepts));
  metrics.counter("coffer_unexpected_exceptions_total", "Exceptions that nothing expected",
                  [] { return static_cast<double>(escaped_exceptions()); });
  metrics.counter("coffer_descriptors_exhausted_total",
                  "Files not opened because there was no descriptor left for them", [] {
                    return static_cast<double>(Exhausted::count(ExhaustedResource::kDescriptors));
                  });
  metrics.counter("coffer_log_lines_dropped_total", "Lines of the log that were not written",
                  [] { return static_cast<double>(log::dropped_lines()); });
}

void add_values(apis::Metrics& metrics, const blobs::BlobStore& blobs) {
  const auto of_load = [&blobs](auto member) {
    return [&blobs, member] { return static_cast<double>(blobs.memory_load().*member); };
  };
  using Load = blobs::UploadBudget::Load;
  metrics.gauge("coffer_upload_memory_bytes", "Memory of uploads.memory_budget that is lent",
                of_load(&Load::bytes));
  metrics.gauge("coffer_uploads", "Files being uploaded", of_load(&Load::uploads));
  metrics.gauge("coffer_uploads_waiting", "Uploads that wait for memory", of_load(&Load::waiting));
  metrics.counter("coffer_uploads_refused_total",
                  "Uploads answered with 503 for want of memory, or because one account had "
                  "uploads.max_concurrent of them",
                  of_load(&Load::refused));
}

void add_values(apis::Metrics& metrics, const db::Database& database) {
  metrics.gauge("coffer_db_scans_waiting", "Searches that wait for a thread",
                [&database] { return static_cast<double>(database.stats().scans_waiting); });
  metrics.counter("coffer_db_scans_refused_total", "Searches refused, or interrupted",
                  [&database] { return static_cast<double>(database.stats().scans_refused); });
}

int serve(const Settings& settings, LostDatabase if_lost) {
  log::set_level(settings.log.level);
  Signals signals(settings.http.drain_timeout + kStopTime);
  const DataFolderLock lock(settings.data);
  const DescriptorPlan descriptors = plan_descriptors(settings);
  Application application(settings, Scope::kWhole, if_lost, descriptors.max_open_blobs);
  // Before the first connection, so that nobody else can take the name.
  ensure_admin(application.vault());
  apis::Metrics metrics;
  MemoryBudget memory(settings.http.memory_budget);
  jobs::Packages packages;
  apis::Gateway gateway(gateway_options(settings), make_dialects(metrics, &packages),
                        application.vault(), metrics, system_clock(), memory);
  http::ServerOptions options = server_options(settings, descriptors);
  options.memory = &memory;
  http::Server server(options, gateway, system_entropy());
  add_values(metrics, server);
  add_values(metrics, memory);
  add_values(metrics, application.database());
  add_values(metrics, application.blobs());
  server.start();
  signals.begin_serving();
  tell_where(options, server);
  tell_guests(settings);
  const jobs::Collector collector(application.vault(),
                                  {.collect_every = settings.blobs.collect_every});
  while (signals.wait() == Signals::Request::kReload) reload(server);
  say("Coffer is stopping");
  packages.stop();
  const bool whole = server.drain(settings.http.drain_timeout);
  log::info("stopped", {{"all_requests_finished", whole}});
  if (server.load().connections > 0) {
    // Something they wait for (a disk, a hash) is not done and would come back to cores that
    // are gone. What was answered is durable, so nothing is lost by leaving it.
    log::flush();
    std::_Exit(kSuccess);
  }
  return kSuccess;
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("serve", "Serve a vault until SIGTERM");
  const auto flags = std::make_shared<SettingFlags>(*command, true);
  const auto begins_anew = std::make_shared<bool>(false);
  command->add_flag("--new", *begins_anew,
                    "If files are stored but coffer.db is missing or empty, discard the files and "
                    "begin an empty vault; their bytes are removed after blobs.grace. No effect if "
                    "there is a database");
  command->footer(
      "Each setting can also be given in the --config file or in the environment.\n"
      "SIGTERM lets running requests finish and stops the server; SIGHUP reads the certificates "
      "again.");
  command->callback([&run, flags, begins_anew] {
    run = [flags, begins_anew] {
      return serve(flags->load(), *begins_anew ? LostDatabase::kBeginAnew : LostDatabase::kStop);
    };
  });
}

}  // namespace coffer::cli
