#include "jobs/collector.h"

#include <atomic>

#include "blobs/local/local_store.h"
#include "db/sqlite/sqlite_database.h"
#include "vault/test/fixture.h"

namespace coffer::jobs {
namespace {

// Fails as often as `failures` says, which outlives it.
class FailingRemoval final : public blobs::Removal {
 public:
  FailingRemoval(std::unique_ptr<blobs::Removal> removal, std::atomic<int>& failures)
      : removal_(std::move(removal)), failures_(failures) {}

  Task<bool> remove(blobs::BlobRef blob) override {
    if (failures_ > 0) {
      --failures_;
      throw blobs::Error("the disk has had enough");
    }
    return removal_->remove(blob);
  }

 private:
  std::unique_ptr<blobs::Removal> removal_;
  std::atomic<int>& failures_;
};

// A store that fails to remove as often as it is told to, and that is full when it is told to be.
class FailingStore final : public blobs::BlobStore {
 public:
  explicit FailingStore(std::unique_ptr<blobs::BlobStore> store) : store_(std::move(store)) {}

  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t> size,
                                                  std::string owner) override {
    return store_->create(size, std::move(owner));
  }
  Task<std::shared_ptr<const Content>> open(blobs::BlobRef blob) override {
    return store_->open(blob);
  }
  std::unique_ptr<blobs::Removal> begin_removal() override {
    return std::make_unique<FailingRemoval>(store_->begin_removal(), failures);
  }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_->list(after, limit);
  }
  Task<std::uint64_t> free_bytes() override {
    if (is_full) co_return 0;
    co_return co_await store_->free_bytes();
  }

  std::atomic<int> failures = 0;
  std::atomic<bool> is_full = false;

 private:
  std::unique_ptr<blobs::BlobStore> store_;
};

}  // namespace
}  // namespace coffer::jobs

namespace coffer::vault::test {

Stores open_stores(const std::filesystem::path& folder, const Clock& clock,
                   std::size_t io_threads) {
  db::SqliteOptions options;
  options.path = folder / "coffer.db";
  options.clock = &clock;
  auto store =
      blobs::open_local_store({.root = folder / "blobs", .clock = clock, .io_threads = io_threads});
  return {.database = db::open_sqlite(options),
          .blobs = std::make_unique<jobs::FailingStore>(std::move(store))};
}

}  // namespace coffer::vault::test

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;
using vault::test::eventually;

class CollectorTest : public vault::test::VaultTest {
 protected:
  static Collector::Options fast() {
    return {.collect_every = 5ms,
            .sweep_every = 5ms,
            .first_sweep = 5ms,
            .sweep_pause = 1ms,
            .digest_every = 5ms,
            .retry_after = 5ms,
            .step = 4,
            .sweep_page = 4};
  }

  const vault::Account anna_ = make_account("anna");
};

TEST_F(CollectorTest, RemovesWhatNobodyNeedsAndNothingElse) {
  const vault::Entry kept = upload(anna_, "kept", "kept");
  for (int i = 0; i < 20; ++i) {
    const vault::Entry gone = upload(anna_, "gone", "gone " + std::to_string(i));
    ASSERT_TRUE(remove(anna_, gone.id));
    leave_bytes("never committed " + std::to_string(i));
  }
  begin_session(anna_);
  clock_.advance(9 * 24h);
  const vault::Entry young = upload(anna_, "young", "young");
  ASSERT_TRUE(remove(anna_, young.id));
  const std::size_t recent = 2;
  const vault::Tokens tokens = begin_session(anna_);

  const Collector collector(*vault_, fast());
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 2; }));
  EXPECT_TRUE(eventually([&] { return events().size() == recent; }));
  EXPECT_EQ(content_of(kept), "kept");
  EXPECT_TRUE(vault::test::run(vault_->sessions().authenticate(tokens.access)));
}

TEST_F(CollectorTest, RunsAllThatIsDueWhenAskedTo) {
  const Collector::Options hourly;
  Collector collector(*vault_, hourly);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(remove(anna_, upload(anna_, "gone", "gone " + std::to_string(i)).id));
  }
  collector.run_all();
  EXPECT_EQ(stored_blobs(), 200u) << "the grace of all goes on";
  clock_.advance(25h);
  collector.run_all();
  EXPECT_EQ(stored_blobs(), 0u);
}

TEST_F(CollectorTest, ClearsRemovedBucketsAtOnce) {
  auto options = fast();
  options.collect_every = 1h;
  options.clear_step = 3;
  const auto fill = [&](const char* name) {
    const auto bucket =
        vault::test::run(vault_->buckets().create(vault::test::as(anna_), name)).value();
    for (int i = 0; i < 10; ++i) {
      std::vector<vault::PathFile> files;
      files.push_back(
          {.staged = receive(anna_, std::to_string(i)).value(), .name = std::to_string(i)});
      ASSERT_TRUE(vault::test::run(vault_->paths().put(vault::test::as(anna_), bucket.id, {"d"},
                                                       std::move(files), vault::Existing::kKept)));
    }
  };
  const auto remove_bucket = [&](const char* name) {
    return vault::test::run(vault_->buckets().remove(vault::test::as(anna_), name)).has_value();
  };
  // Before it runs, as after a restart.
  fill("before");
  ASSERT_TRUE(remove_bucket("before"));
  std::optional<Collector> collector(std::in_place, *vault_, options);
  EXPECT_TRUE(eventually([&] { return stored_entries() == 0; }));
  // While it sleeps.
  fill("while");
  std::this_thread::sleep_for(20ms);
  ASSERT_TRUE(remove_bucket("while"));
  EXPECT_TRUE(eventually([&] { return stored_entries() == 0; }));
  collector.reset();
  fill("after");
  ASSERT_TRUE(remove_bucket("after")) << "nobody listens any more";
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
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(remove(anna_, upload(anna_, "gone", "gone " + std::to_string(i)).id));
  }
  clock_.advance(24h);
  auto& store = static_cast<FailingStore&>(*stores_.blobs);
  store.failures = 3;
  auto options = fast();
  options.first_sweep = 1h;  // which would find what the collector has forgotten
  const Collector collector(*vault_, options);
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 0; }));
  EXPECT_EQ(store.failures, 0);
}

TEST_F(CollectorTest, MakesRoomOnAFullDiskBeforeTheGraceTimeIsOver) {
  const vault::Entry kept = upload(anna_, "kept", "kept");
  for (int i = 0; i < 150; ++i) {
    ASSERT_TRUE(remove(anna_, upload(anna_, "gone", "gone " + std::to_string(i)).id));
  }
  clock_.advance(10s);
  auto options = fast();
  options.reclaim_every = 5ms;
  auto& store = static_cast<FailingStore&>(*stores_.blobs);
  store.is_full = true;
  const Collector collector(*vault_, options);
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 1; }));
  EXPECT_EQ(content_of(kept), "kept");
}

TEST_F(CollectorTest, WorksOutTheChecksumsOfFilesThatCameInParts) {
  const std::string large(5'000'000, 'l');
  const vault::Entry small = upload_parts(anna_, "small", {"one ", "two ", "", "three"});
  const vault::Entry big = upload_parts(anna_, "big", {large, "x", large, large, large});
  const vault::Entry gone = upload_parts(anna_, "gone", {"a", "b"});
  const vault::Entry last = upload_parts(anna_, "last", {"c", "d"});
  lose_bytes("a");
  ASSERT_FALSE(small.checksum);

  const Collector collector(*vault_, fast());
  const auto checksum = [&](const vault::Entry& entry) {
    return vault::test::run(vault_->entries().find(anna_.id, entry.id))->checksum;
  };
  EXPECT_TRUE(eventually([&] { return checksum(last) && checksum(big); }));
  EXPECT_EQ(checksum(small), Sha256::of(as_bytes(std::string("one two three"))));
  EXPECT_EQ(checksum(big), Sha256::of(as_bytes(large + "x" + large + large + large)));
  EXPECT_EQ(checksum(last), Sha256::of(as_bytes(std::string("cd"))));
  EXPECT_FALSE(checksum(gone)) << "what is lost keeps nobody else waiting";

  const vault::Entry later = upload_parts(anna_, "later", {"e", "f"});
  EXPECT_TRUE(eventually([&] { return checksum(later).has_value(); }));
}

TEST_F(CollectorTest, ExpiresUploadsInParts) {
  for (int i = 0; i < 10; ++i) {
    const vault::UploadSession upload = begin_parts(anna_, "f");
    ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "part " + std::to_string(i)));
  }
  const vault::Entry removed = upload_parts(anna_, "removed", {"x", "y"});
  ASSERT_TRUE(remove(anna_, removed.id));
  clock_.advance(25h);
  const Collector collector(*vault_, fast());
  EXPECT_TRUE(eventually([&] { return account(anna_.id).used == 0; }));
  clock_.advance(25h);
  EXPECT_TRUE(eventually([&] { return stored_blobs() == 0; }));
}

}  // namespace
}  // namespace coffer::jobs
