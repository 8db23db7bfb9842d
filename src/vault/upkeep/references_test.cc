// What the collector keeps and takes.
#include "vault/upkeep/references.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "vault/test/fixture.h"
#include "vault/transfer/test_durable_blob.h"

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
  leave_bytes("never committed");
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

// Uploads under way, from their bytes to their commit.

TEST_F(ReferencesTest, BytesOfAnUploadUnderWayStayWhateverTheClockSays) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "same bytes").id));
  std::optional<StagedBlob> known = receive(anna_, "same bytes").value();
  std::optional<StagedBlob> fresh = receive(anna_, "other bytes").value();
  for (const auto step : {72h, -144h, 1'000h, -2'000h, 3'000h}) {
    clock_.advance(step);
    collect_all();
    EXPECT_EQ(stored_blobs(), 2U);
  }
  const auto first = commit(anna_, {.staged = std::move(*known), .name = "b"});
  const auto second = commit(anna_, {.staged = std::move(*fresh), .name = "c"});
  clock_.advance(-1'500h);
  known.reset();
  fresh.reset();
  collect_all();
  EXPECT_EQ(content_of(first->at(0)), "same bytes");
  EXPECT_EQ(content_of(second->at(0)), "other bytes");
}

TEST_F(ReferencesTest, AnUploadThatIsDroppedKeepsNothing) {
  for (const std::string& content : {std::string("small"), std::string(200'000, 'l')}) {
    {
      auto dropped = receive(anna_, content);
      clock_.advance(48h);
      collect_all();
      EXPECT_EQ(stored_blobs(), 1U);
    }
    EXPECT_EQ(stored_blobs(), 0U) << "without a collector";
  }
}

TEST_F(ReferencesTest, ARefusedUploadTakesNothingThatAnotherReliesOn) {
  for (const std::string& content : {std::string("small"), std::string(200'000, 'l')}) {
    std::optional<StagedBlob> refused = receive(anna_, content).value();
    clock_.advance(-100h);
    auto second = receive(anna_, content);
    EXPECT_TRUE(receive(anna_, content)) << "and dropped";
    refused.reset();
    EXPECT_GE(stored_blobs(), 1U);
    const auto made = commit(anna_, {.staged = std::move(*second), .name = "a"});
    EXPECT_EQ(content_of(made->at(0)), content);
    EXPECT_TRUE(receive(anna_, content)) << "and dropped";
    EXPECT_GE(stored_blobs(), 1U);
    EXPECT_EQ(content_of(made->at(0)), content) << "it has been committed";
  }
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
  Task<std::shared_ptr<const Content>> open(blobs::BlobRef blob) override {
    return store_.open(blob);
  }
  std::unique_ptr<blobs::Removal> begin_removal() override {
    return std::make_unique<InterruptedRemoval>(store_.begin_removal(), before_);
  }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_.list(after, limit);
  }
  Task<std::uint64_t> free_bytes() override { return store_.free_bytes(); }

 private:
  class InterruptedRemoval final : public blobs::Removal {
   public:
    InterruptedRemoval(std::unique_ptr<blobs::Removal> removal, std::function<void()> before)
        : removal_(std::move(removal)), before_(std::move(before)) {}
    Task<bool> remove(blobs::BlobRef blob) override {
      before_();
      return removal_->remove(blob);
    }

   private:
    const std::unique_ptr<blobs::Removal> removal_;
    const std::function<void()> before_;
  };

  blobs::BlobStore& store_;
  const std::function<void()> before_;
};

// The database has been asked, and the bytes are about to go.
class InterruptedTest : public ReferencesTest {
 protected:
  InterruptedTest() {
    other_ = run(Vault::open({.database = *stores_.database,
                              .blobs = interrupted_,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify_by_extension,
                              .policy = {}}));
  }
  References& interrupted() { return other_->references(); }

  std::function<void()> before_ = [] {};
  InterruptedStore interrupted_{*stores_.blobs, [this] { before_(); }};
  std::unique_ptr<Vault> other_;
  const std::vector<std::string> contents_{"same bytes", std::string(200'000, 's')};
};

TEST_F(InterruptedTest, AnUploadBetweenForgettingAndRemovingKeepsItsBytes) {
  for (const std::string& content : contents_) {
    for (const auto step : {0h, 100h, -100h}) {
      ASSERT_TRUE(remove(anna_, upload(anna_, "a", content).id));
      clock_.advance(48h);
      std::optional<Entry> again;
      before_ = [&] {
        clock_.advance(step);
        again = upload(anna_, "b", content);
      };
      EXPECT_FALSE(run(interrupted().collect(16)));
      ASSERT_TRUE(again);
      EXPECT_EQ(content_of(*again), content);
      before_ = [] {};
      ASSERT_TRUE(remove(anna_, again->id));
      clock_.advance(48h);
      EXPECT_FALSE(run(interrupted().collect(16)));
      EXPECT_EQ(stored_blobs(), 0U);
    }
  }
}

TEST_F(InterruptedTest, AnUploadWhileTheSweepRemovesKeepsItsBytes) {
  for (const std::string& content : contents_) {
    leave_bytes(content);
    clock_.advance(48h);
    std::optional<Entry> made;
    before_ = [&] { made = upload(anna_, "b", content); };
    EXPECT_FALSE(run(interrupted().sweep(std::nullopt, 16)));
    ASSERT_TRUE(made);
    EXPECT_EQ(content_of(*made), content);
  }
}

TEST_F(InterruptedTest, WhatWasSparedForAnUploadThatWasDroppedGoesLater) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "same bytes").id));
  clock_.advance(48h);
  before_ = [&] { ASSERT_TRUE(receive(anna_, "same bytes")); };
  EXPECT_FALSE(run(interrupted().collect(16)));
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(number(kCountBlobs), 0) << "the row has gone";
  clock_.advance(48h);
  before_ = [] {};
  EXPECT_FALSE(run(interrupted().sweep(std::nullopt, 16)));
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(ReferencesTest, AllIsWellWhereEverythingHappensAtOnce) {
  open({}, 16);
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
      // The others' days pass, too.
      clock_.advance(i % 5 == 0 ? -20h : 10h);
      ASSERT_TRUE(made);
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

TEST_F(ReferencesTest, TheReferredAreToldInOrderOfTheirDigests) {
  const Entry first = upload(anna_, "a", "one");
  ASSERT_TRUE(remove(anna_, upload(anna_, "b", "gone").id));
  upload(anna_, "c", "one");
  const Entry second = upload(anna_, "d", "two");
  const auto page = run(referenced(*stores_.database, std::nullopt, 1));
  ASSERT_EQ(page.size(), 1U);
  EXPECT_EQ(page[0].digest, std::min(first.checksum, second.checksum));
  EXPECT_EQ(page[0].size, 3U);
  const auto rest = run(referenced(*stores_.database, page[0].digest, 16));
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(rest[0].digest, std::max(first.checksum, second.checksum));
}

}  // namespace
}  // namespace coffer::vault::test
