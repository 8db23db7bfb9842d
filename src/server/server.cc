#include "server/server.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <utility>

#include "apis/mediavault/mediavault.h"
#include "apis/operations/operations.h"
#include "base/log.h"
#include "db/commit_notifier.h"
#include "server/dialects.h"
#include "server/gauges.h"
#include "server/options.h"

namespace coffer::server {

Server::Server(const Settings& settings, Parts parts)
    : settings_(settings),
      vault_(settings, std::move(parts.stores), parts.clock, parts.entropy),
      memory_(settings.http.memory_budget),
      packages_(std::move(parts.packages)),
      hub_(realtime_limits(settings, parts.max_connections)),
      gateway_(gateway_options(settings),
               make_dialects(metrics_, parts.clock, &packages_,
                             {.hub = &hub_, .options = realtime_options(settings)}),
               vault_.vault(), metrics_, parts.clock, memory_),
      http_(http_options(settings, parts.max_connections, memory_), gateway_, parts.entropy) {
  add_values(metrics_, http_);
  add_values(metrics_, memory_);
  add_values(metrics_, vault_.database());
  add_values(metrics_, vault_.blobs());
  if (!settings.s3.bucket.empty()) add_bucket_values(metrics_, vault_.blobs());
  add_values(metrics_, vault_.vault());
  add_values(metrics_, hub_);
  if (settings.metrics.listen.empty()) return;
  metrics_service_ = apis::make_metrics_service(metrics_);
  metrics_http_ =
      std::make_unique<http::Server>(metrics_options(settings), *metrics_service_, parts.entropy);
}

Server::~Server() = default;

std::string Server::Address::url() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", is_tls ? "https" : "http", is_v6 ? "[" : "", host,
                     is_v6 ? "]" : "", port);
}

std::vector<Server::Address> Server::addresses() const {
  std::vector<Address> addresses;
  for (const auto& plain : settings_.listen) addresses.push_back({plain.host, 0, false});
  for (const auto& tls : settings_.tls.listen) addresses.push_back({tls.host, 0, true});
  const auto ports = http_.ports();
  for (std::size_t i = 0; i < ports.size(); ++i) addresses.at(i).port = ports[i];
  return addresses;
}

std::vector<Server::Address> Server::metrics_addresses() const {
  std::vector<Address> addresses;
  for (const auto& plain : settings_.metrics.listen) addresses.push_back({plain.host, 0, false});
  for (std::size_t i = 0; i < addresses.size(); ++i) addresses[i].port = metrics_http_->ports()[i];
  return addresses;
}

void Server::start() {
  webhooks_.emplace(settings_, vault_.vault());
  webhooks_->add_values(metrics_);
  if (settings_.media.enabled) {
    media_.emplace(settings_, vault_.vault());
    media_->add_values(metrics_);
  }
  feed_.emplace(vault_.vault(), dynamic_cast<db::CommitNotifier*>(&vault_.database()), hub_,
                realtime::Feed::Options(), apis::mediavault::event_message);
  migrator_.emplace(
      vault_.blob_mover(),
      [this](std::optional<vault::StoreKind> target) { vault_.direct_uploads(target); },
      jobs::Migrator::Options{});
  add_values(metrics_, *migrator_);
  http_.start();
  if (metrics_http_) metrics_http_->start();
  for (const Address& address : addresses()) {
    log::info("listening",
              {{"host", address.host}, {"port", address.port}, {"tls", address.is_tls}});
  }
  for (const Address& address : metrics_addresses()) {
    log::info("showing metrics", {{"host", address.host}, {"port", address.port}});
  }
  // A bucket that is named while blobs.store is not s3 shows here as not in use.
  const bool is_s3 = settings_.blobs.store == config::BlobStoreKind::kS3;
  log::info("files", {{"store", is_s3 ? "s3" : "local"}, {"bucket", settings_.s3.bucket}});
  log::info("guests", {{"served", settings_.guests}});
  log::info("media", {{"looked_into", settings_.media.enabled},
                      {"workers", settings_.media.enabled ? media_workers(settings_) : 0}});
  collector_.emplace(vault_.vault(),
                     jobs::Collector::Options{.collect_every = settings_.blobs.collect_every,
                                              .keep_events = settings_.events.retention,
                                              .max_events = settings_.events.max_per_account,
                                              .max_pictures = settings_.media.cache_files,
                                              .max_picture_bytes = settings_.media.cache_bytes});
}

void Server::reload_tls() {
  try {
    http_.reload_tls();
    log::info("certificates read again");
  } catch (const std::exception& error) {
    log::error("certificates not read again", {{"error", error.what()}});
  }
}

Server::Drained Server::drain() {
  packages_.stop();
  const bool whole = http_.drain(settings_.http.drain_timeout);
  if (metrics_http_) metrics_http_->drain(std::chrono::milliseconds(0));
  log::info("stopped", {{"all_requests_finished", whole}});
  if (http_.load().connections > 0) return Drained::kStuck;
  return whole ? Drained::kWhole : Drained::kCut;
}

}  // namespace coffer::server
