// For who runs the vault: is it alive, can it work, what does it do.
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"
#include "apis/gateway/metrics.h"
#include "http/server.h"

namespace coffer::apis {

// GET /healthz: the process answers. GET /readyz: so do database and store, 503 otherwise.
// GET /metrics: for Prometheus, with a session or an API key of an admin. REQUIRES: `metrics`
// outlives it.
std::unique_ptr<Dialect> make_operations(Metrics& metrics);

// GET /metrics for whoever asks, and nothing else: for addresses that only those reach who may see
// it. REQUIRES: `metrics` outlives it.
std::unique_ptr<http::Service> make_metrics_service(Metrics& metrics);

}  // namespace coffer::apis
