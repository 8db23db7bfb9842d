#include "jobs/collector.h"

#include <atomic>

#include "blobs/local/local_store.h"
#include "db/sqlite/sqlite_database.h"
#include "vault/fixture.h"

namespace coffer::jobs {
namespace {

// A store that fails to remove, as often as it is told to.
class FailingStore final : public blobs::BlobStore {
 public:
  explicit FailingStore(std::unique_ptr<blobs::BlobStore> store) : store_(std::move(store)) {}

  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t> size) override {
    return store_->create(size);
  }
  Task<std::shared_ptr<const Content>> open(const Sha256Digest& digest) override {
    return store_->open(digest);
  }
  Task<bool> remove_unused(const Sha256Digest& digest, Time cutoff) override {
    if (failures > 0) {
      --failures;
      throw blobs::Error("the disk has had enough");
    }
    return store_->remove_unused(digest, cutoff);
  }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_->list(after, limit);
  }
  Task<std::uint64_t> free_bytes() override { return store_->free_bytes(); }

  std::atomic<int> failures = 0;

 private:
  std::unique_ptr<blobs::BlobStore> store_;
};

}  // namespace
}  // namespace coffer::jobs

namespace coffer::vault::test {

Stores open_stores(const std::filesystem::path& folder, const Clock& clock) {
  db::SqliteOptions options;
  options.path = folder / "coffer.db";
  options.clock = &clock;
  auto store = blobs::open_local_store({.root = folder / "blobs", .clock = clock});
  return {.database = db::open_sqlite(options),
          .blobs = std::make_unique<jobs::FailingStore>(std::move(store))};
}

}  // namespace coffer::vault::test

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;

class CollectorTest : public vault::test::VaultTest {
 protected:
  static Collector::Options fast() {
    return {.collect_every = 5ms,
            .sweep_every = 5ms,
            .first_sweep = 5ms,
            .sweep_pause = 1ms,
            .retry_after = 5ms,
            .step = 4,
            .sweep_page = 4};
  }

  template <class Condition>
  static bool eventually(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      if (condition()) return true;
      std::this_thread::sleep_for(2ms);
    }
    return false;
  }

  const vault::Account anna_ = make_account("anna");
};

TEST_F(CollectorTest, RemovesWhatNobodyNeedsAndNothingElse) {
  const vault::Entry kept = upload(anna_, "kept", "kept");
  for (int i = 0; i < 20; ++i) {
    const vault::Entry gone = upload(anna_, "gone", "gone " + std::to_string(i));
    ASSERT_TRUE(remove(anna_, gone.id));
    ASSERT_TRUE(receive(anna_, "never committed " + std::to_string(i)));
  }
  vault::test::run(vault_->sessions().begin(anna_.id));
  clock_.advance(8 * 24h);
  const vault::Entry young = upload(anna_, "young", "young");
  ASSERT_TRUE(remove(anna_, young.id));
  const std::size_t recent = 2;
  const vault::Tokens tokens = vault::test::run(vault_->sessions().begin(anna_.id));

  const Collector collector(*vault_, fast());
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 2; }));
  EXPECT_TRUE(eventually([&] { return events().size() == recent; }));
  EXPECT_EQ(content_of(kept), "kept");
  EXPECT_TRUE(vault::test::run(vault_->sessions().authenticate(tokens.access)));
}

TEST_F(CollectorTest, StopsPromptly) {
  for (const auto every : {std::chrono::milliseconds(1h), 1ms}) {
    auto options = fast();
    options.collect_every = options.sweep_every = options.first_sweep = every;
    std::optional<Collector> collector(std::in_place, *vault_, options);
    std::this_thread::sleep_for(20ms);
    const auto begin = std::chrono::steady_clock::now();
    collector.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 100ms);
  }
}

TEST_F(CollectorTest, TriesAgainAfterAFailure) {
  const vault::Entry gone = upload(anna_, "gone", "gone");
  ASSERT_TRUE(remove(anna_, gone.id));
  clock_.advance(24h);
  auto& store = static_cast<FailingStore&>(*stores_.blobs);
  store.failures = 3;
  const Collector collector(*vault_, fast());
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 0; }));
  EXPECT_EQ(store.failures, 0);
}

}  // namespace
}  // namespace coffer::jobs
