// Every dialect that is served.
#pragma once

#include <memory>
#include <vector>

#include "apis/gateway/dialect.h"
#include "apis/gateway/metrics.h"
#include "apis/mediavault/mediavault.h"
#include "apis/reference/reference.h"
#include "base/clock.h"
#include "server/packages.h"

namespace coffer::server {

struct RealtimeParts {
  realtime::Hub* hub = nullptr;  // null: nobody connects
  apis::mediavault::RealtimeOptions options = {};
};

// The first answers for paths that belong to none. `packages` may be null: then none are
// upgradable. REQUIRES: `metrics`, `clock`, `packages` and the hub outlive them.
std::vector<std::unique_ptr<apis::Dialect>> make_dialects(apis::Metrics& metrics,
                                                          const Clock& clock, Packages* packages,
                                                          RealtimeParts realtime = {});

// What is told of them to programs.
using ApiDocument = apis::reference::Document;
std::vector<ApiDocument> make_documents(apis::Metrics& metrics, const Clock& clock);

}  // namespace coffer::server
