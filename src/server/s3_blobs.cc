#include "server/s3_blobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "blobs/s3/s3_store.h"
#include "vault/upkeep/place_ledger.h"

namespace coffer::server {
namespace {

namespace s3 = blobs::s3;

using std::chrono::milliseconds;

constexpr const char* kDefaultRegion = "us-east-1";
// Half of the time that a call has is for another attempt.
constexpr milliseconds kMinStall = std::chrono::seconds(1);
constexpr milliseconds kMaxStall = std::chrono::seconds(30);
constexpr milliseconds kMaxConnect = std::chrono::seconds(10);
// Services refuse what was signed more than 15 minutes ago.
constexpr std::chrono::minutes kLateRequests{20};

std::string region_of(const config::Settings& settings) {
  return settings.s3.region.empty() ? kDefaultRegion : settings.s3.region;
}

std::string endpoint_of(const config::Settings& settings) {
  if (!settings.s3.endpoint.empty()) return settings.s3.endpoint;
  return fmt::format("https://s3.{}.amazonaws.com", region_of(settings));
}

std::shared_ptr<s3::CredentialSource> credentials_of(const config::Settings& settings,
                                                     const Clock& clock) {
  const config::Settings::S3& of = settings.s3;
  if (of.access_key.empty()) return s3::credentials_file(of.credentials_file, of.profile, clock);
  return s3::fixed_credentials(
      {.access_key = of.access_key, .secret_key = of.secret_key, .session_token = {}});
}

s3::ClientOptions bucket_of(const config::Settings& settings) {
  return {.endpoint = endpoint_of(settings),
          .region = region_of(settings),
          .bucket = settings.s3.bucket,
          .path_style = settings.s3.path_style,
          .deadline = settings.s3.timeout};
}

std::chrono::microseconds late_requests_of(const config::Settings& settings) {
  return std::min<std::chrono::microseconds>(settings.blobs.grace, kLateRequests);
}

std::optional<s3::PublicAccess> public_access_of(const config::Settings& settings) {
  const std::string& acl = settings.s3.acl;
  if (acl == "private") return std::nullopt;
  s3::PublicAccess access{.domain = settings.s3.custom_domain};
  if (acl == "none") {
    access.acl.clear();
  } else if (!acl.empty()) {
    access.acl = acl;
  }
  return access;
}

http::UpstreamClient::Options transport_of(const config::Settings& settings) {
  http::UpstreamClient::Options options;
  options.certificates = settings.s3.certificates;
  options.connect_timeout =
      std::clamp<milliseconds>(settings.s3.timeout / 2, kMinStall, kMaxConnect);
  options.stall_timeout = std::clamp<milliseconds>(settings.s3.timeout / 2, kMinStall, kMaxStall);
  return options;
}

}  // namespace

std::string describe_bucket(const config::Settings& settings) {
  return fmt::format("the bucket {} of {}", settings.s3.bucket, endpoint_of(settings));
}

std::unique_ptr<blobs::BlobStore> open_s3_blobs(const config::Settings& settings,
                                                db::Database& database, const Clock& clock,
                                                std::shared_ptr<blobs::UploadMemory> memory) {
  const s3::StoreOptions options{.bucket = bucket_of(settings),
                                 .http = transport_of(settings),
                                 .scratch_folder = settings.data,
                                 .ledger = vault::open_place_ledger(database),
                                 .credentials = credentials_of(settings, clock),
                                 .clock = clock,
                                 .memory = std::move(memory),
                                 .cache_bytes = settings.s3.cache,
                                 .downloads = {.bytes = settings.s3.download_memory,
                                               .max_wait = settings.uploads.memory_timeout},
                                 .late_requests = late_requests_of(settings),
                                 .public_access = public_access_of(settings)};
  return s3::open_s3_store(options);
}

BucketAccess::BucketAccess(const config::Settings& settings, const Clock& clock)
    : credentials_(credentials_of(settings, clock)),
      http_(transport_of(settings)),
      client_(http_, *credentials_, clock, system_entropy(), bucket_of(settings)) {}

}  // namespace coffer::server
