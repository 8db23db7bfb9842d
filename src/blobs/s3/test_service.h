// A real S3 service in tests: the one that the environment names, as tests/api/test_s3_service.py
// sets it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/entropy.h"
#include "base/executor.h"
#include "blobs/s3/errors.h"
#include "blobs/s3/s3_store.h"
#include "blobs/s3/signature.h"
#include "blobs/test_memory_ledger.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3::test {

inline std::string service_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

inline std::string service_endpoint() { return service_variable("COFFER_TEST_S3"); }

inline Credentials service_credentials() {
  return {.access_key = service_variable("COFFER_TEST_S3_ACCESS_KEY"),
          .secret_key = service_variable("COFFER_TEST_S3_SECRET_KEY"),
          .session_token = {}};
}

// A store in a new bucket of the service. REQUIRES: there is a service.
class ServiceUnderTest final : public blobs::test::StoreUnderTest {
 public:
  ServiceUnderTest(const Clock& clock, std::size_t memory_budget)
      : clock_(clock),
        memory_(std::make_shared<UploadMemory>(UploadMemory::Options{.bytes = memory_budget})) {
    call("PUT", {});
    reopen();
  }

  BlobStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    StoreOptions options{.bucket = {},
                         .http = {},
                         .scratch_folder = folder_.path().string(),
                         .ledger = ledger_,
                         .credentials = credentials_,
                         .clock = clock_,
                         .memory = memory_,
                         .part_bytes = std::uint64_t{5} << 20U};
    options.bucket.endpoint = service_endpoint();
    options.bucket.bucket = bucket_;
    store_ = open_s3_store(options);
  }
  std::size_t count() override {
    std::size_t count = 0;
    Query query{{"list-type", "2"}};
    for (;;) {
      const std::string page = call("GET", query);
      const auto keys = xml_elements(page, "Key");
      count += keys.size();
      // A page may have fewer than the thousand that it can have.
      if (keys.empty() || xml_text(page, "IsTruncated") != "true") return count;
      query = {{"list-type", "2"}, {"start-after", std::string(keys.back())}};
    }
  }
  std::size_t leftovers() override {
    store_.reset();
    const std::size_t uploads = xml_elements(call("GET", {{"uploads", ""}}), "Key").size();
    return uploads + blobs::test::count_entries(folder_.path());
  }

 private:
  using Query = std::vector<std::pair<std::string, std::string>>;

  std::string call(const std::string& method, const Query& query) {
    const Time now = system_clock().now();
    SignableRequest signable{
        .method = method, .path = "/" + bucket_, .query = query, .headers = {}, .payload_hash = {}};
    signable.payload_hash = Sha256::of({}).hex();
    signable.headers = {{"x-amz-date", signing_time(now)},
                        {"x-amz-content-sha256", signable.payload_hash}};
    http::UpstreamRequest request{.method = method, .url = service_endpoint() + signable.path};
    if (!query.empty()) request.url += "?" + encode_query(signable.query);
    for (const auto& [name, text] : signable.headers) request.headers.add(name, text);
    const std::string endpoint = service_endpoint();
    signable.headers.emplace_back("host", endpoint.substr(endpoint.find("://") + 3));
    const SigningScope scope{.region = "us-east-1"};
    request.headers.add("authorization",
                        authorization(signable, service_credentials(), scope, now));
    const auto reply = executor_.run(http_.send(std::move(request)));
    if (reply->status() != 200) throw Error("the service refuses a " + method);
    return executor_.run(reply->read_text(std::size_t{1} << 20U));
  }

  const Clock& clock_;
  const std::shared_ptr<UploadMemory> memory_;
  const std::string bucket_ = "contract-" + random_text(system_entropy(), 12, "abcdefghijklmnop");
  blobs::test::TemporaryFolder folder_;
  InlineExecutor executor_;
  http::UpstreamClient http_{{}};
  const std::shared_ptr<CredentialSource> credentials_ = fixed_credentials(service_credentials());
  const std::shared_ptr<blobs::test::MemoryLedger> ledger_ =
      std::make_shared<blobs::test::MemoryLedger>();
  std::unique_ptr<BlobStore> store_;
};

}  // namespace coffer::blobs::s3::test
