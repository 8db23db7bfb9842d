// What the collector keeps and takes.
#include "vault/references.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "vault/fixture.h"
#include "vault/test_landing.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement kCountBlobs{"SELECT count(*) FROM blob"};
constexpr db::Statement kCountReferences{"SELECT sum(refs) FROM blob"};

class ReferencesTest : public VaultTest {
 protected:
  std::int64_t number(const db::Statement& statement) {
    auto look = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(statement, [](const db::Row& row) { return row.integer(0); });
    };
    return run(stores_.database->scan(look)).value();
  }
  References& references() { return vault_->references(); }

  const Account anna_ = make_account("anna");
};

TEST_F(ReferencesTest, EqualBytesHaveOneRowThatCountsThem) {
  const Entry first = upload(anna_, "a", "one");
  const Entry second = upload(anna_, "b", "one");
  upload(anna_, "c", "another");
  EXPECT_EQ(number(kCountBlobs), 2);
  EXPECT_EQ(number(kCountReferences), 3);
  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(content_of(second), "one");
  ASSERT_TRUE(remove(anna_, second.id));
  EXPECT_EQ(number(kCountBlobs), 2) << "for the grace time";
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U);
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(number(kCountBlobs), 1);
  EXPECT_EQ(stored_blobs(), 1U);
}

TEST_F(ReferencesTest, AnUploadOfBytesThatNobodyNeedsAnyMoreKeepsThem) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "same bytes").id));
  clock_.advance(48h);
  const Entry again = upload(anna_, "b", "same bytes");
  EXPECT_EQ(number(kCountBlobs), 1) << "the row is used again";
  collect_all();
  EXPECT_EQ(content_of(again), "same bytes");
  EXPECT_EQ(number(kCountReferences), 1);
}

TEST_F(ReferencesTest, WhatWasNeverCommittedGoesAfterTheGraceTime) {
  ASSERT_TRUE(receive(anna_, "never committed"));
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
  clock_.advance(48h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(ReferencesTest, ManyGoAFewAtATime) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(remove(anna_, upload(anna_, "a", "bytes " + std::to_string(i)).id));
  }
  clock_.advance(48h);
  EXPECT_TRUE(run(references().collect(16)));
  EXPECT_EQ(number(kCountBlobs), 4);
  EXPECT_EQ(stored_blobs(), 4U);
  EXPECT_FALSE(run(references().collect(16)));
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(number(kCountBlobs), 0);
}

// Does something before a blob is removed.
class InterruptedStore final : public blobs::BlobStore {
 public:
  InterruptedStore(blobs::BlobStore& store, std::function<void()> before)
      : store_(store), before_(std::move(before)) {}

  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t> size,
                                                  std::string owner) override {
    return store_.create(size, std::move(owner));
  }
  Task<std::shared_ptr<const Content>> open(const Sha256Digest& digest) override {
    return store_.open(digest);
  }
  Task<bool> remove_unused(const Sha256Digest& digest, Time cutoff) override {
    before_();
    return store_.remove_unused(digest, cutoff);
  }
  std::unique_ptr<blobs::Removal> begin_removal() override { return store_.begin_removal(); }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_.list(after, limit);
  }
  Task<std::uint64_t> free_bytes() override { return store_.free_bytes(); }

 private:
  blobs::BlobStore& store_;
  const std::function<void()> before_;
};

// Its row is a new one when the bytes are about to go.
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

TEST_F(ReferencesTest, TheReferredAreToldInOrderOfTheirNumbers) {
  const Entry first = upload(anna_, "a", "one");
  ASSERT_TRUE(remove(anna_, upload(anna_, "b", "gone").id));
  upload(anna_, "c", "one");
  const Entry second = upload(anna_, "d", "two");
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
