// The job that tells webhooks, with the client that it sends by.
#pragma once

#include "apis/gateway/metrics.h"
#include "config/settings.h"
#include "http/client.h"
#include "jobs/webhooks.h"
#include "vault/vault.h"

namespace coffer::server {

// Works while it lives. Threads: made and destroyed by one.
class WebhookSender {
 public:
  // REQUIRES: `vault` outlives it.
  WebhookSender(const config::Settings& settings, vault::Vault& vault);

  // REQUIRES: nobody asks for values once this is gone.
  void add_values(apis::Metrics& metrics) const;

 private:
  http::OutboundClient client_;
  jobs::Webhooks job_;  // behind the client that it uses
};

}  // namespace coffer::server
