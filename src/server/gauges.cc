#include "server/gauges.h"

#include "base/exhausted.h"
#include "base/log.h"
#include "base/thread.h"
#include "server/stores.h"

namespace coffer::server {

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

void add_values(apis::Metrics& metrics, const MemoryBudget& memory) {
  metrics.gauge("coffer_request_memory_bytes", "Memory that requests hold of http.memory_budget",
                [&memory] { return static_cast<double>(memory.used()); });
  metrics.counter("coffer_request_memory_refusals_total",
                  "Requests refused because that budget, or their share of it, was spent",
                  [&memory] { return static_cast<double>(memory.refusals()); });
}

void add_values(apis::Metrics& metrics, const db::Database& database) {
  metrics.gauge("coffer_db_scans_waiting", "Searches that wait for a thread",
                [&database] { return static_cast<double>(database.stats().scans_waiting); });
  metrics.counter("coffer_db_scans_refused_total", "Searches refused, or interrupted",
                  [&database] { return static_cast<double>(database.stats().scans_refused); });
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

void add_bucket_values(apis::Metrics& metrics, const blobs::BlobStore& blobs) {
  using Counts = blobs::s3::ClientCounts;
  const auto of_requests = [&blobs](auto member) {
    return [&blobs, member] {
      const auto* const bucket = find_bucket(blobs);
      return bucket ? static_cast<double>(bucket->requests().*member) : 0.0;
    };
  };
  metrics.counter("coffer_s3_requests_total", "Requests to the S3 service",
                  of_requests(&Counts::requests));
  metrics.gauge("coffer_s3_requests", "Requests whose answer is waited for",
                of_requests(&Counts::running));
  metrics.counter("coffer_s3_retries_total", "Requests that repeat one that failed",
                  of_requests(&Counts::retries));
  metrics.counter("coffer_s3_refused_total", "Requests that were answered with an error",
                  of_requests(&Counts::refused));
  metrics.counter("coffer_s3_unanswered_total",
                  "Requests without an answer, or whose answer broke off",
                  of_requests(&Counts::unanswered));
  metrics.counter("coffer_s3_failures_total",
                  "Requests that were given up, whatever was tried again",
                  of_requests(&Counts::failures));
  metrics.counter("coffer_s3_sent_bytes_total", "Bytes that the S3 service has taken",
                  of_requests(&Counts::sent_bytes));
  metrics.counter("coffer_s3_received_bytes_total", "Bytes of objects that were read",
                  of_requests(&Counts::received_bytes));
  const auto of_downloads = [&blobs](auto member) {
    return [&blobs, member] {
      const auto* const bucket = find_bucket(blobs);
      return bucket ? static_cast<double>(bucket->downloads().*member) : 0.0;
    };
  };
  using Load = blobs::UploadBudget::Load;
  metrics.gauge("coffer_s3_downloads", "Downloads from the bucket, those that wait included",
                of_downloads(&Load::uploads));
  metrics.gauge("coffer_s3_download_memory_bytes", "Memory of s3.download_memory that is lent",
                of_downloads(&Load::bytes));
  metrics.gauge("coffer_s3_downloads_waiting", "Downloads that wait for memory",
                of_downloads(&Load::waiting));
  metrics.counter("coffer_s3_downloads_refused_total",
                  "Downloads answered with 503 for want of memory", of_downloads(&Load::refused));
  const auto of_cache = [&blobs](auto member) {
    return [&blobs, member] {
      const auto* const bucket = find_bucket(blobs);
      return bucket ? static_cast<double>(bucket->cache().*member) : 0.0;
    };
  };
  using CacheCounts = blobs::s3::SmallBlobCache::Counts;
  metrics.counter("coffer_s3_cache_hits_total", "Small blobs that were found in memory",
                  of_cache(&CacheCounts::hits));
  metrics.counter("coffer_s3_cache_misses_total", "Small blobs that were not",
                  of_cache(&CacheCounts::misses));
  metrics.gauge("coffer_s3_cache_bytes", "Memory of s3.cache that is used",
                of_cache(&CacheCounts::bytes));
}

void add_values(apis::Metrics& metrics, const jobs::Migrator& migrator) {
  const auto of_stats = [&migrator](auto member) {
    return [&migrator, member] { return static_cast<double>(migrator.stats().*member); };
  };
  using Stats = jobs::Migrator::Stats;
  metrics.counter("coffer_migration_moved_blobs_total",
                  "Blobs that `coffer blobs migrate` had moved into the other store",
                  of_stats(&Stats::moved_blobs));
  metrics.counter("coffer_migration_moved_bytes_total", "Bytes of these",
                  of_stats(&Stats::moved_bytes));
  metrics.gauge("coffer_migration_left_blobs", "Blobs that are still to be moved",
                of_stats(&Stats::left_blobs));
  metrics.gauge("coffer_migration_left_bytes", "Bytes of these", of_stats(&Stats::left_bytes));
  metrics.gauge("coffer_migration_unmoved_blobs",
                "Of these, those whose bytes the store does not give, as of the last pass over all",
                of_stats(&Stats::unmoved));
}

void add_values(apis::Metrics& metrics, const realtime::Hub& hub) {
  const auto of_stats = [&hub](auto member) {
    return [&hub, member] { return static_cast<double>(hub.stats().*member); };
  };
  using Stats = realtime::Hub::Stats;
  metrics.gauge("coffer_realtime_connections", "WebSocket connections to /realtime",
                of_stats(&Stats::connections));
  metrics.counter("coffer_realtime_connections_refused_total",
                  "Such connections refused at the limit of all, or of their account",
                  of_stats(&Stats::refused));
  metrics.counter("coffer_realtime_events_total", "Events of accounts that were connected",
                  of_stats(&Stats::notices));
  metrics.counter("coffer_realtime_deliveries_total", "Of these, to single connections",
                  of_stats(&Stats::deliveries));
  metrics.counter("coffer_realtime_too_slow_total",
                  "Connections closed because their client was too slow",
                  of_stats(&Stats::too_slow));
  metrics.counter("coffer_realtime_gaps_total",
                  "Times that a client asked for events that are kept no longer",
                  of_stats(&Stats::gaps));
}

void add_values(apis::Metrics& metrics, vault::Vault& vault) {
  const auto of_kept = [&vault](auto member) {
    return [&vault, member] { return static_cast<double>(vault.kept_counts().last().*member); };
  };
  using Kept = vault::KeptCounts::Values;
  metrics.gauge("coffer_search_unindexed_entries",
                "Entries that wait for the search index, as of the last minute",
                of_kept(&Kept::unindexed));
  metrics.gauge("coffer_trash_files", "Files in the trash, as of the last minute",
                of_kept(&Kept::trashed_files));
  metrics.gauge("coffer_trash_bytes", "Bytes of these files, as of the last minute",
                of_kept(&Kept::trashed_bytes));
  metrics.gauge("coffer_events", "Events that are kept, at most, as of the last minute",
                of_kept(&Kept::events));
  const auto of_shares = [&vault](auto member) {
    return [&vault, member] { return static_cast<double>(vault.share_links().refusals().*member); };
  };
  using Refusals = vault::ShareLinks::Refusals;
  metrics.counter("coffer_share_wrong_passwords_total", "Wrong passwords of shares",
                  of_shares(&Refusals::wrong_passwords));
  metrics.counter("coffer_share_ended_total", "Requests for shares that have ended",
                  of_shares(&Refusals::ended));
  metrics.counter("coffer_share_used_up_total",
                  "Downloads refused because the share has had as many as it may",
                  of_shares(&Refusals::used_up));
}

}  // namespace coffer::server
