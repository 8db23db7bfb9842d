// Several processes on one file, and processes that are killed.
#include <gmock/gmock.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <expected>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "base/executor.h"
#include "db/sqlite/faulty_disk.h"
#include "db/sqlite/sqlite_database.h"
#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {
namespace {

using contract::at_once;
using contract::integer_from;

constexpr Statement kCountUp{
    "INSERT INTO item (number, note) VALUES (1, '1')"
    " ON CONFLICT (number) DO UPDATE SET note = CAST(CAST(item.note AS INTEGER) + 1 AS TEXT)"};
constexpr Statement kCounted{"SELECT CAST(note AS INTEGER) FROM item WHERE number = 1"};

// Another process that runs `work` and can write numbers to this one. REQUIRES: no database is
// open here when it is made.
class Child {
 public:
  explicit Child(const std::function<void(Child&)>& work) {
    if (::pipe(pipe_) != 0) throw std::runtime_error("no pipe");
    id_ = ::fork();
    if (id_ != 0) {
      ::close(pipe_[1]);
      return;
    }
    ::close(pipe_[0]);
    int code = 0;
    try {
      work(*this);
    } catch (const std::exception& error) {
      fmt::print(stderr, "child: {}\n", error.what());
      code = 1;
    }
    ::_exit(code);
  }
  ~Child() {
    if (id_ > 0) end(SIGKILL);
    ::close(pipe_[0]);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // In the child.
  void tell(std::int64_t number) {
    if (::write(pipe_[1], &number, sizeof number) != sizeof number) ::_exit(2);
  }
  // In the parent: the next number, or nothing after `wait` or at the child's end.
  std::optional<std::int64_t> hear(std::chrono::milliseconds wait) {
    pollfd ready{pipe_[0], POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
    std::int64_t number = 0;
    if (::read(pipe_[0], &number, sizeof number) != sizeof number) return std::nullopt;
    return number;
  }
  // Sends `signal`, if it is not 0, and waits for the end; the exit status of waitpid().
  int end(int signal) {
    if (signal != 0) ::kill(id_, signal);
    int status = 0;
    ::waitpid(std::exchange(id_, -1), &status, 0);
    return status;
  }

 private:
  pid_t id_ = -1;
  int pipe_[2] = {-1, -1};
};

Task<void> count_up(Database& database) {
  co_await database.write([](Transaction& tx) -> Task<void> { co_await tx.execute(kCountUp); });
}

TEST(SqliteProcessesTest, AKilledProcessLosesNoAnsweredWriteAndLeavesNoHalfOne) {
  constexpr int kRounds = 12;
  SqliteTestStorage storage;
  storage.open()->migrate(kItems);
  std::mt19937 random(4711);
  std::set<std::int64_t> answered;
  for (int round = 0; round < kRounds; ++round) {
    Child child([&](Child& self) {
      const auto database = storage.open();
      at_once(8, [&](int writer) -> Task<void> {
        for (std::int64_t number = round * 1'000'000 + writer + 1;; number += 8) {
          co_await database->write([number](Transaction& tx) -> Task<void> {
            co_await tx.execute(kAddItem, number);
            co_await tx.execute(kAddItem, -number);
          });
          self.tell(number);
        }
      });
    });
    const auto first = child.hear(std::chrono::seconds(30));
    ASSERT_TRUE(first);
    answered.insert(*first);
    using Clock = std::chrono::steady_clock;
    const auto moment = Clock::now() + std::chrono::microseconds(random() % 40'000);
    while (Clock::now() < moment) {
      if (const auto number = child.hear(std::chrono::milliseconds(0))) answered.insert(*number);
    }
    EXPECT_EQ(child.end(SIGKILL), SIGKILL);
    while (const auto number = child.hear(std::chrono::milliseconds(0))) answered.insert(*number);

    const auto database = storage.open();
    const auto found = item_numbers(*database);
    const std::set<std::int64_t> kept(found.begin(), found.end());
    EXPECT_TRUE(std::includes(kept.begin(), kept.end(), answered.begin(), answered.end()));
    for (const auto number : kept) EXPECT_TRUE(kept.contains(-number)) << number;
  }
  EXPECT_GT(answered.size(), static_cast<std::size_t>(kRounds));
}

TEST(SqliteProcessesTest, TwoProcessesWriteAtTheSameTime) {
  constexpr int kWrites = 150;
  SqliteTestStorage storage;
  storage.open()->migrate(kItems);
  Child child([&](Child& self) {
    const auto database = storage.open();
    InlineExecutor executor;
    for (int i = 0; i < kWrites; ++i) {
      executor.run(count_up(*database));
      self.tell(i);
    }
  });
  ASSERT_TRUE(child.hear(std::chrono::seconds(30)));
  const auto database = storage.open();
  at_once(8, [&](int) -> Task<void> {
    for (int i = 0; i < kWrites; ++i) co_await count_up(*database);
  });
  EXPECT_EQ(child.end(0), 0);
  const auto counted =
      InlineExecutor().run(database->read([](Transaction& tx) -> Task<std::optional<std::int64_t>> {
        co_return co_await tx.find(kCounted, integer_from);
      }));
  EXPECT_EQ(counted, 9 * kWrites);
}

TEST(SqliteProcessesTest, AWriteWaitsForAnothersLockButNotForEver) {
  SqliteTestStorage storage;
  storage.options.lock_timeout = std::chrono::milliseconds(500);
  const auto database = storage.open();
  database->migrate(kItems);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(storage.options.path.c_str(), &other), SQLITE_OK);
  const auto run_there = [&](const char* sql) {
    EXPECT_EQ(sqlite3_exec(other, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  };
  run_there("BEGIN IMMEDIATE");
  EXPECT_FALSE(database->stats().is_locked);
  EXPECT_THROW(InlineExecutor().run(add_item(*database, 1)), LockedError);
  EXPECT_TRUE(database->stats().is_locked);
  EXPECT_TRUE(item_numbers(*database).empty());
  std::jthread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    run_there("COMMIT");
  });
  InlineExecutor().run(add_item(*database, 2));
  release.join();
  EXPECT_FALSE(database->stats().is_locked);
  EXPECT_THAT(item_numbers(*database), testing::ElementsAre(2));
  sqlite3_close(other);
}

TEST(SqliteProcessesTest, WhatWaitsBehindALockedWriteWaitsNoLonger) {
  SqliteTestStorage storage;
  storage.options.lock_timeout = std::chrono::milliseconds(400);
  const auto database = storage.open();
  database->migrate(kItems);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(storage.options.path.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto began = std::chrono::steady_clock::now();
  std::atomic<int> refused = 0;
  // More than one group has room for; they come while the first of them waits.
  at_once(100, [&](int i) -> Task<void> {
    try {
      co_await add_item(*database, i);
    } catch (const LockedError&) {
      ++refused;
    }
  });
  EXPECT_EQ(refused, 100);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(1'200));
  sqlite3_close(other);
}

// How a transaction ends that was too large for the cache, when part of it is in the log already.
enum class Failure { kRollback, kLostBarrier, kWriteError, kFullDisk, kSyncError };

struct LostBarrier final : DurabilityBarrier {
  void wait() override { throw Error("it will never be reached"); }
};

// Also whether the log holds commits before that: where it does, SQLite reads it to roll back.
class SqliteSpillTest : public testing::TestWithParam<std::tuple<Failure, bool>> {
 protected:
  static Failure failure() { return std::get<0>(GetParam()); }
  static bool has_rows_before() { return std::get<1>(GetParam()); }

  static constexpr std::int64_t kLarge = 1'000'000;  // from here on: rows of what fails
  static constexpr int kLargeRows = 1'000;           // 8 MiB

  static Task<std::expected<void, int>> write_large(Transaction& tx, FaultyDisk& disk) {
    static const std::string note(8 << 10, 'l');
    for (int row = 0; row < kLargeRows; ++row) {
      // What was spilled before stands in the log, and some of it has not left the cache yet.
      const bool is_half_done = row == kLargeRows / 2;
      if (is_half_done && failure() == Failure::kWriteError) {
        disk.fail_writes(SQLITE_IOERR_WRITE, 1);
      }
      if (is_half_done && failure() == Failure::kFullDisk) disk.fail_writes(SQLITE_FULL, 1);
      co_await tx.execute(kAddNote, kLarge + row, note);
    }
    if (failure() == Failure::kRollback) co_return std::unexpected(1);
    if (failure() == Failure::kLostBarrier) tx.wait_before_commit(std::make_shared<LostBarrier>());
    if (failure() == Failure::kSyncError) disk.fail_syncs(SQLITE_IOERR_FSYNC, 1);
    co_return std::expected<void, int>();
  }
  // Whether it failed, as it must.
  static bool fail_large(Database& database, FaultyDisk& disk) {
    auto body = [&](Transaction& tx) { return write_large(tx, disk); };
    try {
      return !InlineExecutor().run(database.write(body)).has_value();
    } catch (const Error&) {
      return true;
    }
  }
  static void add_note(Database& database, std::int64_t number) {
    static const std::string note(24 << 10, 'n');
    InlineExecutor().run(database.write(
        [number](Transaction& tx) -> Task<void> { co_await tx.execute(kAddNote, number, note); }));
  }
  static std::string integrity(Database& database) {
    static constexpr Statement kCheck{"PRAGMA integrity_check"};
    auto check = [](Transaction& tx) -> Task<std::optional<std::string>> {
      co_return co_await tx.find(kCheck, [](const Row& row) { return std::string(row.text(0)); });
    };
    return InlineExecutor().run(database.read(check)).value_or("nothing");
  }
};

// As `coffer user` and `coffer key` do beside a server.
TEST_P(SqliteSpillTest, WhatFailsInOneProcessHarmsNothingOfAnother) {
  const std::int64_t before = has_rows_before() ? 20 : 0;  // rows of the one process
  constexpr std::int64_t kOther = 420;  // up to here those of the other: 9 MiB, more than failed
  constexpr std::int64_t kFailed = -1;
  SqliteTestStorage storage;
  storage.options.writer_cache_bytes = 256 << 10;
  storage.open()->migrate(kItems);
  const auto go = storage.folder() / "go";
  Child child([&](Child& self) {
    FaultyDisk disk;
    storage.options.vfs = disk.name();
    const auto database = storage.open();
    for (std::int64_t number = 1; number <= before; ++number) {
      add_note(*database, number);
      self.tell(number);
    }
    if (!fail_large(*database, disk)) ::_exit(3);
    self.tell(kFailed);
    while (!std::filesystem::exists(go)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (std::int64_t number = kOther + 1;; ++number) {
      add_note(*database, number);
      self.tell(number);
    }
  });
  std::set<std::int64_t> answered;
  const auto hear = [&] {
    const auto number = child.hear(std::chrono::seconds(30));
    if (number && *number != kFailed) answered.insert(*number);
    return number;
  };
  for (;;) {
    const auto number = hear();
    ASSERT_TRUE(number);
    if (*number == kFailed) break;
  }
  const auto database = storage.open();
  for (std::int64_t number = before + 1; number <= kOther; ++number) {
    add_note(*database, number);
    answered.insert(number);
  }
  std::ofstream(go).flush();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(hear());
  EXPECT_EQ(child.end(SIGKILL), SIGKILL);
  while (hear()) {
  }
  // What is on the disk now is what a crash of both would leave.
  SqliteTestStorage after;
  for (const char* suffix : {"", "-wal"}) {
    std::filesystem::copy_file(storage.options.path.string() + suffix,
                               after.options.path.string() + suffix);
  }
  for (const auto& left : {after.open(), storage.open()}) {
    EXPECT_EQ(integrity(*left), "ok");
    const auto found = item_numbers(*left);
    const std::set<std::int64_t> kept(found.begin(), found.end());
    EXPECT_TRUE(std::includes(kept.begin(), kept.end(), answered.begin(), answered.end()));
    EXPECT_LT(*kept.rbegin(), kLarge) << "of what failed";
  }
}

INSTANTIATE_TEST_SUITE_P(AllFailures, SqliteSpillTest,
                         testing::Combine(testing::Values(Failure::kRollback, Failure::kLostBarrier,
                                                          Failure::kWriteError, Failure::kFullDisk,
                                                          Failure::kSyncError),
                                          testing::Bool()));

}  // namespace
}  // namespace coffer::db
