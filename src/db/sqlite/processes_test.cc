// Several processes on one file, and processes that are killed.
#include <gmock/gmock.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "base/executor.h"
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
  storage.options.lock_timeout = std::chrono::milliseconds(200);
  const auto database = storage.open();
  database->migrate(kItems);
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(storage.options.path.c_str(), &other), SQLITE_OK);
  const auto run_there = [&](const char* sql) {
    EXPECT_EQ(sqlite3_exec(other, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  };
  run_there("BEGIN IMMEDIATE");
  EXPECT_THROW(InlineExecutor().run(add_item(*database, 1)), Error);
  EXPECT_TRUE(item_numbers(*database).empty());
  std::thread release([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    run_there("COMMIT");
  });
  InlineExecutor().run(add_item(*database, 2));
  release.join();
  EXPECT_THAT(item_numbers(*database), testing::ElementsAre(2));
  sqlite3_close(other);
}

}  // namespace
}  // namespace coffer::db
