// What the collector keeps and takes, where the index by digest is behind.
#include "vault/digest_index.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "vault/fixture.h"
#include "vault/test_landing.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement kCountEntered{"SELECT count(*) FROM blob_digest"};
constexpr db::Statement kCountBlobs{"SELECT count(*) FROM blob"};
constexpr db::Statement kIndexedUpTo{"SELECT up_to FROM blob_indexed"};
// Rows that nothing refers to since a moment long ago.
constexpr db::Statement kAddUnused{
    "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < $1)"
    " INSERT INTO blob (digest, size, refs, unused_since) SELECT randomblob(32), 1, 0, 1"
    " FROM counted"};

class ReferencesTest : public VaultTest {
 protected:
  std::int64_t number(const db::Statement& statement) {
    auto look = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(statement, [](const db::Row& row) { return row.integer(0); });
    };
    return run(stores_.database->scan(look)).value();
  }
  void add_unused(std::int64_t count) {
    auto add = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kAddUnused, count); };
    run(stores_.database->write(add));
  }
  bool index() { return run(vault_->digest_index().step()); }
  void index_all() {
    while (index()) {
    }
  }
  References& references() { return vault_->references(); }

  const Account anna_ = make_account("anna");
};

TEST_F(ReferencesTest, UploadsLeaveTheIndexToLater) {
  upload(anna_, "a", "one");
  upload(anna_, "b", "one");
  upload(anna_, "c", "another");
  EXPECT_EQ(number(kCountBlobs), 3);
  EXPECT_EQ(number(kCountEntered), 0);
  index_all();
  EXPECT_EQ(number(kCountEntered), 3);
  EXPECT_EQ(number(kIndexedUpTo), 3);
  EXPECT_FALSE(index()) << "nothing is new";
  EXPECT_EQ(number(kCountEntered), 3);
}

TEST_F(ReferencesTest, ALargeBacklogIsEnteredInShortSteps) {
  add_unused(100'001);
  EXPECT_TRUE(index());
  const std::int64_t entered = number(kCountEntered);
  EXPECT_GT(entered, 0);
  EXPECT_LT(entered, 50'000);
  EXPECT_EQ(number(kIndexedUpTo), 0);
  while (number(kIndexedUpTo) == 0) EXPECT_TRUE(index());
  EXPECT_EQ(number(kIndexedUpTo), 100'000);
  EXPECT_FALSE(vault_->digest_index().complete_at()) << "one is left";
  const Time before = clock_.now();
  index_all();
  EXPECT_EQ(number(kCountEntered), 100'001);
  EXPECT_EQ(vault_->digest_index().complete_at(), before);
}

TEST_F(ReferencesTest, NothingGoesBeforeTheIndexWasComplete) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "gone").id));
  ASSERT_TRUE(receive(anna_, "never committed"));
  clock_.advance(48h);
  EXPECT_FALSE(run(references().collect(16)));
  EXPECT_FALSE(run(references().sweep(std::nullopt, 16)));
  EXPECT_EQ(stored_blobs(), 2U);
  EXPECT_EQ(number(kCountBlobs), 1);
}

// The grace time is counted from then, not from now.
TEST_F(ReferencesTest, WhatCameAfterTheIndexWasCompleteStays) {
  index_all();
  const Entry first = upload(anna_, "a", "same bytes");
  ASSERT_TRUE(receive(anna_, "never committed"));
  ASSERT_TRUE(remove(anna_, first.id));
  const Entry second = upload(anna_, "b", "same bytes");
  clock_.advance(48h);
  EXPECT_FALSE(run(references().collect(16)));
  EXPECT_FALSE(run(references().sweep(std::nullopt, 16)));
  EXPECT_EQ(stored_blobs(), 2U);
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(second), "same bytes");
}

TEST_F(ReferencesTest, AClockThatIsSetBackMakesNothingOld) {
  clock_.advance(72h);
  index_all();
  clock_.advance(-72h);
  const Entry first = upload(anna_, "a", "same bytes");
  ASSERT_TRUE(remove(anna_, first.id));
  const Entry second = upload(anna_, "b", "same bytes");
  const Entry alone = upload(anna_, "c", "other bytes");
  EXPECT_FALSE(run(references().collect(16)));
  EXPECT_FALSE(run(references().sweep(std::nullopt, 16)));
  EXPECT_EQ(number(kCountBlobs), 3);

  // Nor when it has caught up, before all has been entered.
  add_unused(100'000);
  EXPECT_TRUE(index());
  clock_.advance(72h);
  EXPECT_FALSE(run(references().sweep(std::nullopt, 16)));
  EXPECT_EQ(content_of(second), "same bytes");
  EXPECT_EQ(content_of(alone), "other bytes");
}

// Its row is written, but is not there to be read before it is committed.
TEST_F(ReferencesTest, TheIndexIsNotCompleteWithoutACommitThatIsUnderWay) {
  Received received = *receive(anna_, "bytes");
  const auto landing = std::make_shared<TestLanding>(received);
  received.landing = landing;
  std::jthread committing([&] { EXPECT_TRUE(commit(anna_, {.received = received, .name = "a"})); });
  while (!landing->is_waited_for) std::this_thread::yield();
  std::atomic<bool> is_complete = false;
  std::jthread indexing([&] {
    index_all();
    is_complete = true;
  });
  std::this_thread::sleep_for(50ms);
  EXPECT_FALSE(is_complete);
  landing->land();
  indexing.join();
  EXPECT_EQ(number(kCountEntered), 1);
}

TEST_F(ReferencesTest, BytesStayForWhoeverSentThemAgainAndWasNotEntered) {
  const Entry first = upload(anna_, "a", "same bytes");
  index_all();
  const Entry second = upload(anna_, "b", "same bytes");
  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(number(kCountBlobs), 1);
  EXPECT_EQ(content_of(second), "same bytes");
}

TEST_F(ReferencesTest, ManyOfOneNameGoTogether) {
  for (int i = 0; i < 20; ++i) {
    const Entry entry = upload(anna_, "a", "same bytes");
    ASSERT_TRUE(remove(anna_, entry.id));
  }
  EXPECT_EQ(number(kCountBlobs), 20);
  clock_.advance(48h);
  index_all();
  EXPECT_TRUE(run(references().collect(16)));
  EXPECT_EQ(stored_blobs(), 1U) << "four are left";
  EXPECT_FALSE(run(references().collect(16)));
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(number(kCountBlobs), 0);
  EXPECT_EQ(number(kCountEntered), 0);
}

// A second one would be taken for what is in the index already.
TEST_F(ReferencesTest, NoNumberComesTwice) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "first bytes").id));
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(number(kCountBlobs), 0);
  const Entry second = upload(anna_, "b", "other bytes");
  ASSERT_TRUE(remove(anna_, upload(anna_, "c", "other bytes").id));
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(number(kCountEntered), 1);
  EXPECT_EQ(number(kIndexedUpTo), 3);
  EXPECT_EQ(content_of(second), "other bytes");
}

// Does something before a blob is removed.
class InterruptedStore final : public blobs::BlobStore {
 public:
  InterruptedStore(blobs::BlobStore& store, std::function<void()> before)
      : store_(store), before_(std::move(before)) {}

  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t> size) override {
    return store_.create(size);
  }
  Task<std::shared_ptr<const Content>> open(const Sha256Digest& digest) override {
    return store_.open(digest);
  }
  Task<bool> remove_unused(const Sha256Digest& digest, Time cutoff) override {
    before_();
    return store_.remove_unused(digest, cutoff);
  }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_.list(after, limit);
  }
  Task<std::uint64_t> free_bytes() override { return store_.free_bytes(); }

 private:
  blobs::BlobStore& store_;
  const std::function<void()> before_;
};

// Its row is in no index when the bytes are about to go.
TEST_F(ReferencesTest, AnUploadBetweenForgettingAndRemovingKeepsItsBytes) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "same bytes").id));
  clock_.advance(48h);
  std::optional<Entry> again;
  InterruptedStore interrupted(*stores_.blobs, [&] { again = upload(anna_, "b", "same bytes"); });
  const auto other = run(Vault::open({.database = *stores_.database,
                                      .blobs = interrupted,
                                      .clock = clock_,
                                      .entropy = system_entropy(),
                                      .passwords = passwords_,
                                      .classify = classify_by_extension,
                                      .policy = {}}));
  while (run(other->digest_index().step())) {
  }
  EXPECT_FALSE(run(other->references().collect(16)));
  ASSERT_TRUE(again);
  EXPECT_EQ(content_of(*again), "same bytes");
}

TEST_F(ReferencesTest, AllIsWellWhereEverythingHappensAtOnce) {
  constexpr int kWorkers = 4;
  std::atomic<int> working = kWorkers;
  in_parallel(kWorkers + 1, [&](int worker) {
    if (worker == kWorkers) {
      while (working > 0) {
        index();
        run(references().collect(16));
        run(references().sweep(std::nullopt, 16));
      }
      return;
    }
    for (int i = 0; i < 60; ++i) {
      const std::string content = "bytes " + std::to_string(i % 7);
      const auto made = try_upload(anna_, "a", content);
      clock_.advance(15min);
      if (!made) {
        EXPECT_EQ(made.error().stream, StreamFault::kTooSlow) << "the others' hours passed";
        continue;
      }
      EXPECT_EQ(content_of(*made), content);
      if (i % 3 != 0) {
        EXPECT_TRUE(remove(anna_, made->id));
      }
    }
    --working;
  });
  const EntryPage kept = list({.owner = anna_.id, .limit = 1000});
  EXPECT_GT(kept.entries.size(), 0U);
  for (const Entry& entry : kept.entries) EXPECT_TRUE(content_of(entry).starts_with("bytes "));
}

// For whoever has the database alone: all rows, whether or not they are entered.
TEST_F(ReferencesTest, TheReferredAreToldInOrderOfTheirNumbers) {
  const Entry first = upload(anna_, "a", "one");
  index_all();
  ASSERT_TRUE(remove(anna_, upload(anna_, "b", "gone").id));
  const Entry second = upload(anna_, "c", "one");
  const auto page = run(referenced(*stores_.database, BlobId{}, 1));
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page[0].digest, first.checksum);
  EXPECT_EQ(page[0].size, 3U);
  const auto rest = run(referenced(*stores_.database, page[0].id, 16));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].digest, second.checksum);
}

}  // namespace
}  // namespace coffer::vault::test
