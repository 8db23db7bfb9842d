#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "apis/common/gateway.h"
#include "base/entropy.h"
#include "base/log.h"
#include "cli/application.h"
#include "cli/commands.h"
#include "http/server.h"
#include "jobs/collector.h"
#include "jobs/packages.h"

namespace coffer::cli {
namespace {

constexpr char kAdminName[] = "admin";

// The signals that the main thread waits for. Blocked before the first thread starts, so that
// every thread has them blocked.
class Signals {
 public:
  Signals() {
    std::signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set_);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }

  int wait() const {
    int signal = 0;
    sigwait(&set_, &signal);
    return signal;
  }

  // From now on a second SIGTERM or SIGINT ends the program at once: what was answered is
  // durable.
  void release() const {
    sigset_t ending = set_;
    sigdelset(&ending, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
  }

 private:
  sigset_t set_;
};

// A connection is a file descriptor: as many as the machine allows.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) log::warning("file descriptor limit not raised");
}

http::ServerOptions server_options(const Settings& settings) {
  http::ServerOptions options;
  options.cores = settings.cores;
  for (const Endpoint& endpoint : settings.listen) {
    options.listen.push_back({endpoint.host, endpoint.port, std::nullopt});
  }
  for (const Endpoint& endpoint : settings.tls.listen) {
    options.listen.push_back(
        {endpoint.host, endpoint.port, http::TlsFiles{settings.tls.certificate, settings.tls.key}});
  }
  options.limits = {.head_bytes = settings.http.head_bytes,
                    .head_timeout = settings.http.head_timeout,
                    .idle_timeout = settings.http.idle_timeout,
                    .floor_bytes = settings.http.floor_bytes,
                    .floor_window = settings.http.floor_window,
                    .max_connections = settings.http.max_connections};
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

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
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

// On the first start the admin is made, and its password told, this once.
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
  say(
      fmt::format("The admin's name is {}, the password {}\n"
                  "It is shown this once. Change it with `coffer user set-password {}`.",
                  kAdminName, password, kAdminName));
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
  const bool is_default = settings.guests == Guests::kAuto;
  const bool served = serves_guests(settings);
  const std::string_view why = !is_default ? "as set"
                               : served    ? "listening on loopback only"
                                           : "listening beyond loopback";
  log::info("guests", {{"served", served}, {"why", why}});
}

void add_gauges(apis::Metrics& metrics, const http::Server& server, const db::Database& database) {
  metrics.gauge("coffer_http_connections", "Open connections",
                [&server] { return static_cast<double>(server.load().connections); });
  metrics.gauge("coffer_http_requests", "Requests being served",
                [&server] { return static_cast<double>(server.load().requests); });
  metrics.gauge("coffer_db_scans_waiting", "Searches that wait for a thread",
                [&database] { return static_cast<double>(database.stats().scans_waiting); });
  metrics.gauge("coffer_db_scans_refused", "Searches refused, or interrupted, since the start",
                [&database] { return static_cast<double>(database.stats().scans_refused); });
}

int serve(const Settings& settings) {
  const Signals signals;
  log::set_level(settings.log.level);
  raise_file_limit();
  const DataFolderLock lock(settings.data);
  Application application(settings, Scope::kWhole);
  apis::Metrics metrics;
  jobs::Packages packages;
  apis::Gateway gateway(gateway_options(settings), make_dialects(metrics, &packages),
                        application.vault(), metrics, system_clock());
  const http::ServerOptions options = server_options(settings);
  http::Server server(options, gateway, system_entropy());
  add_gauges(metrics, server, application.database());
  server.start();
  tell_where(options, server);
  tell_guests(settings);
  ensure_admin(application.vault());
  const jobs::Collector collector(application.vault(),
                                  {.collect_every = settings.blobs.collect_every});
  for (int signal = signals.wait(); signal == SIGHUP; signal = signals.wait()) reload(server);
  signals.release();
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
  command->footer("SIGTERM lets running requests finish; SIGHUP reads the certificates again.");
  command->callback([&run, flags] { run = [flags] { return serve(flags->load()); }; });
}

}  // namespace coffer::cli
