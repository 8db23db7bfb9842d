// The blob store in a bucket, as the settings of [s3] have it.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "blobs/blob_store.h"
#include "blobs/s3/client.h"
#include "blobs/s3/credentials.h"
#include "blobs/upload_memory.h"
#include "config/settings.h"
#include "db/database.h"

namespace coffer::server {

// The service and the bucket, for messages: `the bucket files of https://s3.example.org`.
std::string describe_bucket(const config::Settings& settings);

// With its ledger in the database, and `memory` for its uploads. Asks the service nothing. Throws
// blobs::Error for keys that cannot be read. REQUIRES: the settings name a bucket and its keys, as
// those of blobs.store = s3 do; database and clock outlive the store; the database is migrated
// before the first call.
std::unique_ptr<blobs::BlobStore> open_s3_blobs(const config::Settings& settings,
                                                db::Database& database, const Clock& clock,
                                                std::shared_ptr<blobs::UploadMemory> memory);

// The bucket itself, for a check of its objects.
class BucketAccess {
 public:
  // Throws and REQUIRES as open_s3_blobs().
  explicit BucketAccess(const config::Settings& settings, const Clock& clock = system_clock());

  blobs::s3::Client& client() noexcept { return client_; }

 private:
  const std::shared_ptr<blobs::s3::CredentialSource> credentials_;
  http::UpstreamClient http_;
  blobs::s3::Client client_;
};

}  // namespace coffer::server
