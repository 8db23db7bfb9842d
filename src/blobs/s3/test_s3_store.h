// The store over an S3 service in the process, for tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/fetched_content.h"
#include "blobs/caching_store.h"
#include "blobs/s3/s3_store.h"
#include "blobs/s3/test_s3_double.h"
#include "blobs/s3/test_service.h"
#include "blobs/test_memory_ledger.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {

using s3::test::S3Double;

inline constexpr std::size_t kDownloadMemory = std::size_t{1} << 20U;

class S3UnderTest final : public StoreUnderTest {
 public:
  static constexpr std::uint64_t kPart = std::uint64_t{256} * 1024;

  S3UnderTest(const Clock& clock, std::size_t memory_budget)
      : clock_(clock),
        memory_(std::make_shared<UploadMemory>(UploadMemory::Options{.bytes = memory_budget})),
        service_(clock) {
    credentials_ = s3::fixed_credentials(service_.credentials);
    reopen();
  }

  BlobStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    s3::StoreOptions options{.bucket = {},
                             .http = {},
                             .scratch_folder = folder_.path().string(),
                             .ledger = ledger_,
                             .credentials = credentials_,
                             .clock = clock_,
                             .memory = memory_,
                             .part_bytes = kPart,
                             .cache_bytes = cache_bytes_,
                             .downloads = {.bytes = kDownloadMemory},
                             .late_requests = std::chrono::minutes(20),
                             .public_access = access_};
    options.bucket.endpoint = service_.url();
    options.bucket.region = "test-1";
    options.bucket.bucket = S3Double::kBucket;
    options.bucket.first_delay = std::chrono::milliseconds(1);
    store_ = s3::open_s3_store(options);
  }
  std::size_t count() override { return service_.objects().size(); }
  std::size_t leftovers() override {
    store_.reset();
    return service_.unfinished_uploads() + count_entries(folder_.path());
  }

  S3Double& service() { return service_; }
  // The next reopen() is with these.
  void set_access(std::optional<s3::PublicAccess> access) { access_ = std::move(access); }
  void set_cache(std::size_t bytes) { cache_bytes_ = bytes; }
  MemoryLedger& ledger() { return *ledger_; }

 private:
  const Clock& clock_;
  const std::shared_ptr<UploadMemory> memory_;
  TemporaryFolder folder_;
  S3Double service_;
  std::shared_ptr<s3::CredentialSource> credentials_;
  std::optional<s3::PublicAccess> access_ = s3::PublicAccess{};
  std::size_t cache_bytes_ = std::size_t{1} << 20U;
  const std::shared_ptr<MemoryLedger> ledger_ = std::make_shared<MemoryLedger>();
  std::unique_ptr<BlobStore> store_;
};

// A blob with a row.
inline Task<StoredBlob> put_for_good(S3UnderTest& tested, Bytes bytes) {
  StoredBlob blob = co_await put(tested.store(), bytes);
  std::vector<Place> taken(1, blob.place);
  co_await tested.ledger().remove(std::move(taken));
  co_return blob;
}

// Leaves as soon as it has to wait for long.
class HastyClient final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
  Task<bool> wait(OneShotEvent&, std::chrono::milliseconds) override { co_return true; }
};

// As a download of all of it begins.
inline Task<std::optional<ReaderMemory>> begin(const Content& content, std::string owner = kOwner) {
  HastyClient client;
  ContentReader reader{.owner = std::move(owner), .client = client, .length = content.size()};
  co_return co_await dynamic_cast<const FetchedContent&>(content).begin(0, content.size(),
                                                                        std::move(reader));
}

class S3StoreTest : public testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  BlobStore& store() { return tested_.store(); }
  S3Double& service() { return tested_.service(); }
  const s3::StoreMonitor& monitor() { return dynamic_cast<const s3::StoreMonitor&>(store()); }
  UploadBudget::Load downloads() { return monitor().downloads(); }

  InlineExecutor executor_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  S3UnderTest tested_{clock_, std::size_t{4} << 20U};
};

}  // namespace coffer::blobs::test
