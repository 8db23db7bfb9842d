#include "server/stores.h"

#include <gtest/gtest.h>

#include <chrono>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "blobs/s3/test_s3_double.h"
#include "blobs/test_support.h"

namespace coffer::server {
namespace {

using blobs::s3::test::S3Double;

class StoresTest : public testing::Test {
 protected:
  Stores open() {
    config::SettingsSources sources;
    sources.environment = {"COFFER_S3_SECRET_KEY=" + service_.credentials.secret_key};
    sources.flags = {{"data", folder_.path().string()},
                     {"uploads.memory_budget", "1MiB"},
                     {"uploads.memory_timeout", "1s"},
                     {"s3.endpoint", service_.url()},
                     {"s3.region", "test-1"},
                     {"s3.bucket", S3Double::kBucket},
                     {"s3.acl", "private"},
                     {"s3.access_key", service_.credentials.access_key}};
    return open_stores(config::load_settings(sources));
  }

  blobs::test::TemporaryFolder folder_;
  S3Double service_{system_clock()};
};

// Waits for nothing.
class HastyClient final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
  Task<bool> wait(OneShotEvent&, std::chrono::milliseconds) override { co_return true; }
};

// Uploads that hold what is lent to them.
class Holding {
 public:
  Task<std::expected<ByteSpan, blobs::Refusal>> begin(blobs::BlobStore& store, std::string owner) {
    writers_.push_back(co_await store.create(std::nullopt, std::move(owner)));
    HastyClient client;
    co_return co_await writers_.back()->prepare(client);
  }

 private:
  std::vector<std::unique_ptr<blobs::BlobWriter>> writers_;
};

// Whichever store they go to, and whenever it was opened.
TEST_F(StoresTest, UploadsShareOneBudget) {
  constexpr std::size_t kBudget = std::size_t{1} << 20U;
  InlineExecutor here;
  const Stores stores = open();
  blobs::BlobStore& store = *stores.blobs;
  Holding holding;
  std::size_t count = 0;
  // Half of the budget is one owner's.
  for (; store.memory_load().bytes < kBudget / 2; ++count) {
    ASSERT_TRUE(here.run(holding.begin(store, "a")).has_value());
  }
  stores.direct_uploads(vault::StoreKind::kS3);
  EXPECT_EQ(store.memory_load().uploads, count) << "those under way go on";
  for (; store.memory_load().bytes < kBudget; ++count) {
    ASSERT_TRUE(here.run(holding.begin(store, "b")).has_value());
  }
  EXPECT_EQ(store.memory_load().bytes, kBudget);
  EXPECT_EQ(store.memory_load().uploads, count);
  for (const auto target : {vault::StoreKind::kS3, vault::StoreKind::kLocal}) {
    stores.direct_uploads(target);
    const auto refused = here.run(holding.begin(store, "c"));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error(), blobs::Refusal::kBusy);
    EXPECT_EQ(store.memory_load().bytes, kBudget);
  }
  EXPECT_EQ(store.memory_load().refused, 2U);
}

}  // namespace
}  // namespace coffer::server
