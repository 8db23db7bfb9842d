// What the parts of the server report to /metrics.
#pragma once

#include "apis/gateway/metrics.h"
#include "base/memory_budget.h"
#include "blobs/blob_store.h"
#include "db/database.h"
#include "http/server.h"
#include "jobs/migrator.h"
#include "realtime/hub.h"
#include "vault/vault.h"

namespace coffer::server {

// Each adds the values of one part, which outlives `metrics`' readers.
void add_values(apis::Metrics& metrics, const http::Server& server);
void add_values(apis::Metrics& metrics, const MemoryBudget& memory);
void add_values(apis::Metrics& metrics, const db::Database& database);
void add_values(apis::Metrics& metrics, const blobs::BlobStore& blobs);
// Of the bucket's part of the store, which may be opened later.
void add_bucket_values(apis::Metrics& metrics, const blobs::BlobStore& blobs);
void add_values(apis::Metrics& metrics, const jobs::Migrator& migrator);
void add_values(apis::Metrics& metrics, const realtime::Hub& hub);
void add_values(apis::Metrics& metrics, vault::Vault& vault);

}  // namespace coffer::server
