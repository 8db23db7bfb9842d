// What the settings mean to each part of the server.
#pragma once

#include <cstddef>

#include "apis/gateway/gateway.h"
#include "apis/mediavault/mediavault.h"
#include "base/memory_budget.h"
#include "config/settings.h"
#include "http/server.h"
#include "realtime/hub.h"
#include "vault/model/context.h"

namespace coffer::server {

using config::Settings;

vault::Policy policy_of(const Settings& settings);
apis::GatewayOptions gateway_options(const Settings& settings);
// `max_connections`: at the same time; 0: as the settings have it. REQUIRES: `memory` outlives the
// server.
http::ServerOptions http_options(const Settings& settings, std::size_t max_connections,
                                 MemoryBudget& memory);
// At most three quarters of all connections, so that others find a place. `max_connections`: as in
// http_options().
realtime::Hub::Limits realtime_limits(const Settings& settings, std::size_t max_connections);
apis::mediavault::RealtimeOptions realtime_options(const Settings& settings);
// Of the server at settings.metrics.listen. REQUIRES: there are addresses.
http::ServerOptions metrics_options(const Settings& settings);

}  // namespace coffer::server
