// What the driver keeps when the disk fails or the power is cut.
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <set>
#include <thread>

#include "base/executor.h"
#include "db/sqlite/faulty_disk.h"
#include "db/sqlite/sqlite_database.h"
#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {

namespace {

using contract::at_once;

// Writes `number` and its negative in one unit, with enough text to fill the log.
Task<void> add_pair(Database& database, std::int64_t number) {
  static const std::string note(9000, 'n');
  co_await database.write([number](Transaction& tx) -> Task<void> {
    co_await tx.execute(kAddNote, number, note);
    co_await tx.execute(kAddNote, -number, note);
  });
}

class DiskTest : public testing::Test {
 protected:
  void SetUp() override {
    storage_.options.vfs = disk_.name();
    open();
  }
  void open() {
    database_.reset();
    database_ = storage_.open();
    database_->migrate(kItems);
  }
  Database& database() { return *database_; }

  // Cuts the power again and again while some write; nothing that was answered may be gone.
  void survive_power_cuts();

  // Starts `make(i)` for i below `count` so that all are in one group, and gives the numbers
  // of those that failed with an Error.
  template <class Make>
  std::set<int> failing_together(int count, Make make) {
    std::atomic<bool> held = false;
    std::atomic<int> asked = 0;
    std::mutex mutex;
    std::set<int> failed;
    at_once(count + 1, [&](int i) -> Task<void> {
      if (i == 0) {
        // Holds the writing thread, in a group of its own, until the others wait.
        try {
          co_await database().write([&](Transaction&) -> Task<void> {
            held = true;
            while (asked < count) std::this_thread::yield();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            co_return;
          });
        } catch (const Error&) {
          held = true;
        }
        co_return;
      }
      while (!held) std::this_thread::yield();
      ++asked;
      try {
        co_await make(i - 1);
      } catch (const Error&) {
        const std::lock_guard lock(mutex);
        failed.insert(i - 1);
      }
    });
    return failed;
  }

  FaultyDisk disk_;
  SqliteTestStorage storage_;
  std::unique_ptr<Database> database_;
};

void DiskTest::survive_power_cuts() {
  constexpr int kCuts = 25;
  std::mt19937 random(20231121);
  std::mutex mutex;
  std::set<std::int64_t> answered;
  std::atomic<bool> cutting = true;
  int checked = 0;
  std::thread cutter([&] {
    for (int cut = 0; cut < kCuts; ++cut) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));
      std::set<std::int64_t> promised;
      {
        const std::lock_guard lock(mutex);
        promised = answered;
      }
      SqliteTestStorage after;
      disk_.cut_power_into(after.folder(), random);
      try {
        const auto found = item_numbers(*after.open());
        const std::set<std::int64_t> kept(found.begin(), found.end());
        EXPECT_TRUE(std::includes(kept.begin(), kept.end(), promised.begin(), promised.end()));
        for (const auto number : kept) EXPECT_TRUE(kept.contains(-number)) << number;
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
      checked += static_cast<int>(promised.size());
    }
    cutting = false;
  });
  at_once(8, [&](int writer) -> Task<void> {
    for (std::int64_t number = writer + 1; cutting; number += 8) {
      co_await add_pair(database(), number);
      {
        const std::lock_guard lock(mutex);
        answered.insert(number);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
  });
  cutter.join();
  EXPECT_GT(checked, kCuts);
}

TEST_F(DiskTest, WhatWasAnsweredSurvivesAPowerCutAtAnyMoment) { survive_power_cuts(); }

// A unit changes seven pages or more, so that the log moves and starts over all the time.
TEST_F(DiskTest, WhatWasAnsweredSurvivesAPowerCutWhileTheLogMoves) {
  storage_.options.log_pages = 20;
  open();
  survive_power_cuts();
}

// One at a time, so that nothing is on its way when the power is cut.
TEST_F(DiskTest, EveryAnswerComesAfterItsSync) {
  std::mt19937 random(7);
  InlineExecutor executor;
  for (std::int64_t number = 1; number <= 30; ++number) {
    executor.run(add_item(database(), number));
    SqliteTestStorage after;
    disk_.cut_power_into(after.folder(), random);
    EXPECT_EQ(item_numbers(*after.open()).size(), static_cast<std::size_t>(number));
  }
}

TEST_F(DiskTest, AGroupIsSyncedOnce) {
  const int before = disk_.syncs();
  failing_together(60, [&](int i) { return add_item(database(), i); });
  EXPECT_LE(disk_.syncs() - before, 4);
  EXPECT_EQ(item_numbers(database()).size(), 60U);
}

// Where somebody reads from the log, not all of it can be moved, and SQLite leaves what was moved
// unsynced: for whoever moves the rest, which is the thread that commits.
TEST_F(DiskTest, WhatIsMovedBesideTheWriterIsSynced) {
  storage_.options.log_pages = 100;
  open();
  InlineExecutor executor;
  for (std::int64_t number = 1; number <= 4; ++number) {
    executor.run(add_pair(database(), number));
  }
  const auto& file = storage_.options.path;
  const std::size_t before = disk_.writes_to(file).all;
  std::latch reads(1);
  std::latch moved(1);
  at_once(2, [&](int who) -> Task<void> {
    if (who == 0) {
      co_await database().read([&](Transaction& tx) -> Task<void> {
        co_await tx.all(kItemNumbers, contract::integer_from);
        reads.count_down();
        moved.wait();
      });
      co_return;
    }
    reads.wait();
    for (std::int64_t number = 5; number <= 40; ++number) co_await add_pair(database(), number);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto writes = disk_.writes_to(file);
    while ((writes.all == before || writes.unsynced > 0) &&
           std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      writes = disk_.writes_to(file);
    }
    EXPECT_GT(writes.all, before);
    EXPECT_EQ(writes.unsynced, 0U);
    moved.count_down();
  });
}

TEST_F(DiskTest, ACommitThatCannotBeSyncedFailsAllAndKeepsNothing) {
  InlineExecutor().run(add_item(database(), 100));
  disk_.fail_syncs(SQLITE_IOERR_FSYNC, 1'000'000);
  const auto failed = failing_together(16, [&](int i) { return add_item(database(), i); });
  EXPECT_EQ(failed.size(), 16U);
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(100));
  disk_.fail_syncs(0, 0);
  InlineExecutor().run(add_item(database(), 101));
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(100, 101));
  open();
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(100, 101));
}

TEST_F(DiskTest, AFullDiskFailsWritesAndSparesReads) {
  InlineExecutor().run(add_item(database(), 100));
  disk_.fail_writes(SQLITE_FULL, 1'000'000);
  const auto failed = failing_together(16, [&](int i) { return add_item(database(), i); });
  EXPECT_EQ(failed.size(), 16U);
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(100));
  disk_.fail_writes(0, 0);
  InlineExecutor().run(add_item(database(), 101));
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(100, 101));
}

TEST_F(DiskTest, AFullDiskAndAReachedQuotaAreToldFromAFault) {
  const auto add = [&] { InlineExecutor().run(add_item(database(), 1)); };
  disk_.fail_writes(SQLITE_FULL, 1'000'000);
  EXPECT_THROW(add(), NoSpaceError);
  disk_.fail_writes(SQLITE_IOERR_WRITE, 1'000'000, EDQUOT);
  EXPECT_THROW(add(), NoSpaceError);
  disk_.fail_writes(SQLITE_IOERR_WRITE, 1'000'000, EIO);
  try {
    add();
    ADD_FAILURE() << "the write succeeded";
  } catch (const NoSpaceError&) {
    ADD_FAILURE() << "a broken disk is not a full one";
  } catch (const Error&) {
  }
}

// Whoever finds the disk full gets the room that was kept, and need not know.
TEST_F(DiskTest, TheReserveIsUsedWhenTheDiskIsFull) {
  constexpr std::uintmax_t kReserve = 1 << 20;
  storage_.options.reserve_bytes = kReserve;
  open();
  const auto reserve = storage_.folder() / "vault.db-reserve";
  ASSERT_EQ(std::filesystem::file_size(reserve), kReserve);
  disk_.fail_writes(SQLITE_FULL, 1);
  const auto failed = failing_together(16, [&](int i) { return add_item(database(), i); });
  EXPECT_TRUE(failed.empty());
  EXPECT_EQ(item_numbers(database()).size(), 16U);
  EXPECT_EQ(std::filesystem::file_size(reserve), kReserve / 2);
  open();
  EXPECT_EQ(std::filesystem::file_size(reserve), kReserve) << "kept again once there is room";
}

// The large unit does not fit the cache and fails in the middle of its body, upon which SQLite
// rolls back the transaction that it shares with the others.
TEST_F(DiskTest, OnesFailedWriteInABodyDoesNotCostTheOthers) {
  constexpr int kLarge = 5;
  storage_.options.writer_cache_bytes = 64 << 10;
  open();
  std::vector<int> runs(16, 0);
  const std::string note(9000, 'n');
  const auto failed = failing_together(16, [&](int i) -> Task<void> {
    co_await database().write([&, i](Transaction& tx) -> Task<void> {
      ++runs[static_cast<std::size_t>(i)];
      co_await tx.execute(kAddItem, i);
      if (i != kLarge) co_return;
      disk_.fail_writes(SQLITE_IOERR_WRITE, 1);
      for (int row = 1000; row < 1200; ++row) co_await tx.execute(kAddNote, row, note);
    });
  });
  EXPECT_THAT(failed, testing::ElementsAre(kLarge));
  std::vector<std::int64_t> expected;
  for (int i = 0; i < 16; ++i) {
    if (i != kLarge) expected.push_back(i);
  }
  EXPECT_EQ(item_numbers(database()), expected);
  EXPECT_GT(*std::max_element(runs.begin(), runs.end()), 1) << "no unit lost its transaction";
  open();
  EXPECT_EQ(item_numbers(database()), expected);
}

}  // namespace
}  // namespace coffer::db
