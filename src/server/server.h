// A whole server from its parts: the vault, the dialects over it, the sockets, the background work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apis/gateway/gateway.h"
#include "apis/gateway/metrics.h"
#include "base/clock.h"
#include "base/entropy.h"
#include "base/memory_budget.h"
#include "config/settings.h"
#include "http/server.h"
#include "jobs/collector.h"
#include "jobs/migrator.h"
#include "realtime/feed.h"
#include "realtime/hub.h"
#include "server/media_service.h"
#include "server/open_vault.h"
#include "server/packages.h"
#include "server/stores.h"
#include "server/webhook_sender.h"

namespace coffer::server {

// What a server works on and with. What is referred to outlives it.
struct Parts {
  Stores stores;
  const Clock& clock = system_clock();
  Entropy& entropy = system_entropy();
  // At the same time; 0: as settings.http.max_connections has it.
  std::size_t max_connections = 0;
  Packages::Options packages{};
};

// Made, started, drained and destroyed by one thread.
class Server {
 public:
  // Opens the sockets; what comes in waits for start(). Where the settings say port 0, one that is
  // free is taken. Throws std::runtime_error with the address, or the file, and the reason.
  Server(const Settings& settings, Parts parts);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Also before start(), on a thread that serves nothing.
  vault::Vault& vault() { return vault_.vault(); }

  struct Address {
    std::string host;  // a name or an address, as in the settings
    std::uint16_t port;
    bool is_tls;

    // `https://[::1]:8443`
    std::string url() const;
  };
  // Where it listens: the plain endpoints of the settings, then those of TLS, in their order.
  std::vector<Address> addresses() const;
  // Where it shows /metrics to whoever asks: settings.metrics.listen, in its order.
  std::vector<Address> metrics_addresses() const;

  // Answers from now on, and begins the background work.
  void start();

  // REQUIRES: start() was called. Valid until this is destroyed.
  jobs::Collector& collector() { return *collector_; }
  // The same; null where media.enabled is off.
  jobs::MediaJobs* media_jobs() { return media_ ? &media_->jobs() : nullptr; }

  // Reads certificates and keys again; the old ones stay where that fails, which is logged.
  void reload_tls();

  enum class Drained : std::uint8_t {
    kWhole,  // every request that was running has ended
    kCut,    // what was left was cut
    kStuck,  // the same, and some of it waits for the machine (a disk, a hash) and would go on in
             // a server that is gone: this must not be destroyed. What was answered is durable.
  };
  // Takes no new connections, and gives running requests settings.http.drain_timeout to end.
  Drained drain();

 private:
  const Settings settings_;
  OpenVault vault_;
  apis::Metrics metrics_;
  MemoryBudget memory_;
  Packages packages_;
  std::optional<WebhookSender> webhooks_;   // metrics_ refers to it
  std::optional<jobs::Migrator> migrator_;  // the same
  realtime::Hub hub_;                       // the connections of http_ refer to it
  apis::Gateway gateway_;
  http::Server http_;
  // A server of its own, so that it answers while the other is full. Null where it has no address.
  std::unique_ptr<http::Service> metrics_service_;
  std::unique_ptr<http::Server> metrics_http_;
  std::optional<jobs::Collector> collector_;
  std::optional<realtime::Feed> feed_;  // behind http_, on whose cores it has work done
  // The same: those who wait for a picture are told there. metrics_ refers to it.
  std::optional<MediaService> media_;
};

}  // namespace coffer::server
