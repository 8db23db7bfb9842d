#include "vault/upkeep/reclaim.h"

#include "vault/test/fixture.h"
#include "vault/upkeep/storage_use.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

class ReclaimTest : public VaultTest {
 protected:
  Freed reclaim() { return reclaim(clock_.now()); }
  Freed reclaim(Time before) {
    Reclaim reclaim(vault_->references(), before);
    while (run(reclaim.step())) {
    }
    return reclaim.freed();
  }
  StorageUse use() { return run(storage_use(*stores_.database)); }

  const Account anna_ = make_account("anna");
  const std::string large_ = std::string(100'000, 'x');
};

TEST_F(ReclaimTest, TakesWhatTheGraceTimeWouldKeep) {
  const Entry kept = upload(anna_, "kept", "kept");
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(remove(anna_, upload(anna_, "a", "gone " + std::to_string(i)).id));
  }
  ASSERT_TRUE(remove(anna_, upload(anna_, "b", large_).id));
  const std::uint64_t bytes = 10 * 6 + 90 * 7 + 100 * 8 + large_.size();
  EXPECT_EQ(use().waiting, bytes);
  const Freed freed = reclaim();
  EXPECT_EQ(freed.blobs, 201U);
  EXPECT_EQ(freed.bytes, bytes);
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(kept), "kept");
  EXPECT_EQ(use().waiting_blobs, 0U);
  EXPECT_EQ(reclaim().blobs, 0U);
}

TEST_F(ReclaimTest, LeavesWhatCeasedToBeReferredToAfterItsMoment) {
  const Entry entry = upload(anna_, "a", "bytes");
  const Time before = clock_.now();
  clock_.advance(1s);
  ASSERT_TRUE(remove(anna_, entry.id));
  EXPECT_EQ(reclaim(before).blobs, 0U);
  EXPECT_EQ(stored_blobs(), 1U);
}

// However the clock was set meanwhile, and whether the store had the bytes or not.
TEST_F(ReclaimTest, SparesWhatAnUploadHasReceived) {
  for (const std::string& content : {std::string("small"), large_}) {
    for (const bool is_stored : {true, false}) {
      if (is_stored) {
        ASSERT_TRUE(remove(anna_, upload(anna_, "a", content).id));
      }
      auto staged = receive(anna_, content);
      ASSERT_TRUE(staged);
      clock_.advance(-1h);
      EXPECT_EQ(reclaim(clock_.now() + 2h).blobs, 0U);
      const auto made = commit(anna_, {.staged = std::move(*staged), .name = "b"});
      ASSERT_TRUE(made);
      EXPECT_EQ(content_of(made->at(0)), content);
      ASSERT_TRUE(remove(anna_, made->at(0).id));
      staged = std::unexpected(Failure{});
      EXPECT_EQ(reclaim(clock_.now() + 2h).blobs, 1U);
      EXPECT_EQ(stored_blobs(), 0U);
    }
  }
}

TEST_F(ReclaimTest, TakesWhatNoUploadCommitted) {
  leave_bytes("never committed");
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(reclaim().bytes, 15U);
  EXPECT_EQ(stored_blobs(), 0U);
}

// Uploads, deletes and reclaims of the same bytes at once: every answered upload can be read.
TEST_F(ReclaimTest, NothingIsLostWhereAllHappensAtOnce) {
  constexpr int kUploaders = 3;
  std::atomic<int> working = kUploaders;
  std::atomic<std::uint64_t> taken = 0;
  in_parallel(kUploaders + 1, [&](int number) {
    if (number == kUploaders) {
      while (working > 0) taken += reclaim(clock_.now() + 1h).blobs;
      return;
    }
    for (int i = 0; i < 150; ++i) {
      const std::string content = i % 2 == 0 ? "same " + std::to_string(i % 3) : large_;
      const auto made = try_upload(anna_, "f", content);
      EXPECT_TRUE(made) << made.error().message;
      if (!made) continue;
      EXPECT_EQ(content_of(*made), content);
      EXPECT_TRUE(remove(anna_, made->id));
    }
    --working;
  });
  EXPECT_GT(taken, 0U);
}

TEST_F(ReclaimTest, IsDoneByTheServerWhenItIsAskedFor) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "bytes").id));
  EXPECT_FALSE(run(vault_->reclaims().step())) << "nobody asked";
  const ReclaimId first = run(request_reclaim(*stores_.database, clock_.now()));
  const ReclaimId second = run(request_reclaim(*stores_.database, clock_.now()));
  EXPECT_FALSE(run(vault_->reclaims().step())) << "somebody may be about to open it";
  EXPECT_EQ(stored_blobs(), 1U);
  clock_.advance(5s);
  EXPECT_FALSE(run(finished_reclaim(*stores_.database, first)));
  while (run(vault_->reclaims().step())) {
  }
  EXPECT_EQ(stored_blobs(), 0U);
  for (const ReclaimId id : {first, second}) {
    const auto freed = run(finished_reclaim(*stores_.database, id));
    ASSERT_TRUE(freed);
    EXPECT_EQ(freed->bytes, 5U);
  }
  EXPECT_FALSE(run(vault_->reclaims().step()));
}

TEST_F(ReclaimTest, IsDoneThoughTheClockWasSetBackSinceItWasAskedFor) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "bytes").id));
  const ReclaimId id = run(request_reclaim(*stores_.database, clock_.now() + 1h));
  clock_.advance(6s);
  while (run(vault_->reclaims().step())) {
  }
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_TRUE(run(finished_reclaim(*stores_.database, id)));
}

TEST_F(ReclaimTest, MakesRoomForAMinuteAfterSomethingWasRefusedForWantOfIt) {
  const auto step_to_end = [&] {
    while (run(vault_->reclaims().step())) {
    }
  };
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "before").id));
  clock_.advance(10s);
  step_to_end();
  EXPECT_EQ(stored_blobs(), 1U) << "there is room";
  static_cast<void>(blobs::NoSpaceError("an upload finds no room"));  // counts itself
  step_to_end();
  EXPECT_EQ(stored_blobs(), 0U);
  ASSERT_TRUE(remove(anna_, upload(anna_, "b", "within the minute").id));
  step_to_end();
  EXPECT_EQ(stored_blobs(), 1U) << "somebody may be about to open it";
  clock_.advance(30s);
  step_to_end();
  EXPECT_EQ(stored_blobs(), 0U);
  clock_.advance(1min);
  ASSERT_TRUE(remove(anna_, upload(anna_, "c", "after it").id));
  clock_.advance(10s);
  step_to_end();
  EXPECT_EQ(stored_blobs(), 1U);
}

TEST_F(ReclaimTest, TheUseAddsUp) {
  const StorageUse empty = use();
  EXPECT_EQ(empty.live + empty.in_parts + empty.shared + empty.stored, 0U);
  EXPECT_FALSE(empty.waiting_since);
  upload(anna_, "a", "twelve bytes");
  upload(anna_, "b", "twelve bytes");
  make_folder(anna_, "folder");
  const UploadSession open = begin_parts(anna_, "parts");
  ASSERT_TRUE(put_part(anna_, open.uuid, 1, "twelve bytes"));
  ASSERT_TRUE(put_part(anna_, open.uuid, 2, "more"));
  upload_parts(anna_, "whole", {"one", "three"});
  ASSERT_TRUE(remove(anna_, upload(anna_, "c", "gone").id));
  const StorageUse full = use();
  EXPECT_EQ(full.live_files, 3U);
  EXPECT_EQ(full.live, 12U + 12 + 8);
  EXPECT_EQ(full.uploads, 1U);
  EXPECT_EQ(full.in_parts, 12U + 4);
  EXPECT_EQ(full.shared, 24U);
  EXPECT_EQ(full.waiting_blobs, 1U);
  EXPECT_EQ(full.waiting, 4U);
  EXPECT_EQ(full.waiting_since, clock_.now());
  EXPECT_EQ(full.blobs, 5U);
  EXPECT_EQ(full.stored, full.live + full.in_parts - full.shared + full.waiting);
}

}  // namespace
}  // namespace coffer::vault::test
