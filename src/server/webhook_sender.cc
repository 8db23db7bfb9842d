#include "server/webhook_sender.h"

#include <chrono>
#include <utility>

#include "apis/mediavault/mediavault.h"

namespace coffer::server {
namespace {

// An attempt is written down within so long after it has ended.
constexpr std::chrono::seconds kLeaseMargin{15};

}  // namespace

WebhookSender::WebhookSender(const config::Settings& settings, vault::Vault& vault)
    : client_({.timeout = settings.webhooks.timeout,
               .body_kept = vault::kReplyKept,
               .allow_private = settings.webhooks.allow_private,
               .user_agent = "Coffer-Webhooks/1"}),
      job_(
          vault,
          {.lease = settings.webhooks.timeout + kLeaseMargin,
           .keep = std::chrono::duration_cast<std::chrono::seconds>(settings.events.retention)},
          [this](http::OutboundRequest request, http::OutboundClient::Done done) {
            client_.post(std::move(request), std::move(done));
          },
          apis::mediavault::webhook_payload) {}

void WebhookSender::add_values(apis::Metrics& metrics) const {
  using Stats = jobs::Webhooks::Stats;
  const auto of_stats = [this](auto member) {
    return [this, member] { return static_cast<double>(job_.stats().*member); };
  };
  metrics.counter("coffer_webhook_deliveries_total", "Messages that webhooks have accepted",
                  of_stats(&Stats::delivered));
  metrics.counter("coffer_webhook_failures_total", "Attempts to deliver that failed",
                  of_stats(&Stats::failed));
  metrics.counter("coffer_webhook_dead_total", "Deliveries that were given up",
                  of_stats(&Stats::dead));
  metrics.counter("coffer_webhook_gaps_total",
                  "Times that events were pruned before webhooks were told of them",
                  of_stats(&Stats::missed));
  metrics.gauge("coffer_webhook_attempts", "Attempts to deliver under way",
                of_stats(&Stats::under_way));
  metrics.gauge("coffer_webhook_waiting", "Deliveries that wait, at the last look",
                of_stats(&Stats::waiting));
}

}  // namespace coffer::server
