// The blob store in a bucket of an S3 service.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/entropy.h"
#include "blobs/blob_store.h"
#include "blobs/place_ledger.h"
#include "blobs/s3/client.h"
#include "blobs/s3/credentials.h"
#include "blobs/s3/download_memory.h"
#include "blobs/s3/s3_public_objects.h"
#include "blobs/s3/small_blob_cache.h"
#include "blobs/upload_memory.h"
#include "http/upstream.h"

namespace coffer::blobs::s3 {

struct StoreOptions {
  ClientOptions bucket;
  http::UpstreamClient::Options http;
  // An existing folder, for what is being sent.
  std::string scratch_folder;
  std::shared_ptr<PlaceLedger> ledger;
  std::shared_ptr<CredentialSource> credentials;
  // These outlive the store.
  const Clock& clock = system_clock();
  Entropy& entropy = system_entropy();
  // Of all writers; other stores may share it.
  std::shared_ptr<UploadMemory> memory = std::make_shared<UploadMemory>(UploadMemory::Options{});
  std::uint64_t part_bytes = std::uint64_t{8} << 20U;
  std::size_t io_threads = 4;
  // Of small blobs that were read lately (small_blob_cache.h); 0: none are kept.
  std::size_t cache_bytes = std::size_t{32} << 20U;
  // Of downloads with a client (FetchedContent).
  DownloadMemory::Options downloads = {};
  // How long the service may still carry out a request that was given up. What an upload left is
  // removed at once, and once more after that time; until then its place stays in the ledger.
  std::chrono::microseconds late_requests{0};
  // Of public objects; nothing: the store makes none.
  std::optional<PublicAccess> public_access = PublicAccess{};
};

// How a store in a bucket fares: a second base of what open_s3_store() returns. Threads: any.
class StoreMonitor {
 public:
  virtual ~StoreMonitor() = default;
  virtual ClientCounts requests() const noexcept = 0;  // of reads and writes together
  virtual SmallBlobCache::Counts cache() const noexcept = 0;
  virtual UploadBudget::Load downloads() const = 0;
};

// A store that keeps places, and small blobs in memory (CachingStore): each upload is an object of
// its own (keys.h). A blob is durable when it is sealed. Throws Error for an endpoint that is none;
// the service is first asked when something is stored, read or checked.
std::unique_ptr<BlobStore> open_s3_store(const StoreOptions& options);

}  // namespace coffer::blobs::s3
