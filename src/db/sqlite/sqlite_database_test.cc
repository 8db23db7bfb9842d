#include "db/sqlite/sqlite_database.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/executor.h"
#include "db/contract/fixture.h"
#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {
namespace {

using contract::at_once;
using contract::integer_from;

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    database_.reset();
    database_ = storage_.open();
    database_->migrate(kItems);
  }
  void close() { database_.reset(); }
  Database& database() { return *database_; }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  template <Awaiter A>
  auto run(A awaiter) {
    return run(as_task(awaiter));
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(storage_.folder())) {
      names.push_back(file.path().filename());
    }
    return names;
  }

  InlineExecutor executor_;
  SqliteTestStorage storage_;
  std::unique_ptr<Database> database_;
};

TEST_F(SqliteTest, FilesAreTheOwnersAloneAndACleanCloseLeavesOne) {
  run(add_item(database(), 1));
  item_numbers(database());
  EXPECT_THAT(files(), testing::UnorderedElementsAre("vault.db", "vault.db-wal", "vault.db-shm"));
  for (const auto& file : std::filesystem::directory_iterator(storage_.folder())) {
    EXPECT_EQ(file.status().permissions(), std::filesystem::perms(0600)) << file.path();
  }
  close();
  EXPECT_THAT(files(), testing::ElementsAre("vault.db"));
  open();
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(1));
}

TEST_F(SqliteTest, WhatIsNoDatabaseIsRefused) {
  const auto path = storage_.folder() / "photo.jpg";
  std::ofstream(path) << std::string(10'000, 'x');
  EXPECT_THROW(open_sqlite({.path = path}), Error);
  EXPECT_EQ(std::filesystem::file_size(path), 10'000U);
  EXPECT_THROW(open_sqlite({.path = storage_.folder() / "missing" / "vault.db"}), Error);
  EXPECT_THROW(open_sqlite({.path = storage_.folder()}), Error);
}

TEST_F(SqliteTest, AColumnIsReadAsWhatItHoldsOrNotAtAll) {
  static constexpr Statement kRow{"SELECT 1, 'text', x'00', 1.5, NULL"};
  const auto read = [&](auto get) {
    return run(database().read([&](Transaction& tx) -> Task<void> {
      co_await tx.for_each(kRow, [&](const Row& row) { get(row); });
    }));
  };
  EXPECT_THROW(read([](const Row& row) { row.integer(1); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.integer(3); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.text(0); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.text(2); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.bytes(1); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.is_null(5); }), Error);
  EXPECT_THROW(read([](const Row& row) { row.integer(-1); }), Error);
  read([](const Row& row) { EXPECT_EQ(row.real(0), 1.0); });
}

// In a row's callback: the same statement again, and a read of its own.
TEST_F(SqliteTest, StatementsMayRunInsideAnothersRow) {
  for (int i = 1; i <= 3; ++i) run(add_item(database(), i));
  static constexpr Statement kAbove{"SELECT number FROM item WHERE number > $1 ORDER BY number"};
  std::string visited;
  const auto ignore = [](std::exception_ptr error) { EXPECT_FALSE(error); };
  run(database().read([&](Transaction& tx) -> Task<void> {
    std::function<Task<void>(std::int64_t)> descend = [&](std::int64_t above) -> Task<void> {
      co_await tx.for_each(
          kAbove,
          [&](const Row& row) {
            const auto number = row.integer(0);
            visited += fmt::format("{}>{} ", above, number);
            start(descend(number), ignore);
            EXPECT_EQ(row.integer(0), number);
          },
          above);
    };
    co_await descend(0);
  }));
  EXPECT_EQ(visited, "0>1 1>2 2>3 1>3 0>2 2>3 0>3 ");
}

TEST_F(SqliteTest, AReadInsideAReadSeesWhatWasAnsweredSince) {
  run(add_item(database(), 1));
  std::vector<std::int64_t> inner;
  std::optional<std::int64_t> outer;
  run(database().read([&](Transaction& tx) -> Task<void> {
    co_await tx.for_each(kCountItems, [&](const Row&) {
      std::thread([&] { InlineExecutor().run(add_item(database(), 2)); }).join();
      inner = item_numbers(database());
    });
    outer = co_await tx.find(kCountItems, integer_from);
  }));
  EXPECT_THAT(inner, testing::ElementsAre(1, 2));
  EXPECT_EQ(outer, 1);
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(1, 2));
}

TEST_F(SqliteTest, ThreadsOutliveDatabasesAndDatabasesOutliveThreads) {
  ThreadPool pool("reader", 1);
  SqliteTestStorage second_storage;
  auto second = second_storage.open();
  second->migrate(kItems);
  run(add_item(*second, 100));
  run(add_item(database(), 1));
  for (int round = 0; round < 5; ++round) {
    EXPECT_THAT(run(pool.run([&] { return item_numbers(database()); })), testing::ElementsAre(1));
    EXPECT_THAT(run(pool.run([&] { return item_numbers(*second); })), testing::ElementsAre(100));
    open();
  }
  const auto open_files = [] {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return std::distance(begin(files), end(files));
  };
  item_numbers(database());
  const auto before = open_files();
  for (int i = 0; i < 50; ++i) {
    std::thread([&] { EXPECT_THAT(item_numbers(database()), testing::ElementsAre(1)); }).join();
  }
  EXPECT_LE(open_files(), before + 2);
}

// The writing thread is held until all wait.
TEST_F(SqliteTest, WritesThatWaitTogetherShareACommit) {
  const auto before = database().stats();
  std::atomic<int> waiting = 0;
  constexpr int kWriters = 64;
  at_once(kWriters, [&](int writer) -> Task<void> {
    ++waiting;
    co_await database().write([&](Transaction& tx) -> Task<void> {
      while (waiting < kWriters) std::this_thread::yield();
      co_await tx.execute(kAddItem, writer);
    });
  });
  const auto after = database().stats();
  EXPECT_EQ(after.writes - before.writes, 64U);
  EXPECT_LE(after.commits - before.commits, 4U);
  EXPECT_EQ(item_numbers(database()).size(), 64U);
}

// Counts what is posted to it.
class CountingExecutor final : public Executor {
 public:
  void post(Work work) override {
    ++posts;
    thread_.post([this, work = std::move(work)]() mutable {
      const Scope scope(*this);
      work();
    });
  }
  std::atomic<int> posts = 0;

 private:
  ThreadPool thread_{"counting", 1};
};

// Writes that share a commit: one of another executor holds the writing thread until all wait.
class SqliteGroupTest : public SqliteTest {
 protected:
  static constexpr int kWriters = 16;

  // `each` is `void(Transaction&, int writer)`. How often the executor of all was called to answer.
  template <class Each>
  int write_together(Each each) {
    std::latch holding(1);
    std::latch asked(1);
    std::latch answered(kWriters);
    CountingExecutor home;
    std::jthread holder([&] {
      InlineExecutor().run(database().write([&](Transaction&) -> Task<void> {
        holding.count_down();
        asked.wait();
        co_return;
      }));
    });
    holding.wait();
    home.post([&] {
      for (int writer = 0; writer < kWriters; ++writer) {
        start(write(each, writer), [&](std::exception_ptr) { answered.count_down(); });
      }
      home.posts = 0;
      asked.count_down();
    });
    answered.wait();
    return home.posts;
  }

 private:
  template <class Each>
  Task<void> write(Each& each, int writer) {
    co_await database().write([&](Transaction& tx) -> Task<void> {
      co_await tx.execute(kAddItem, writer);
      each(tx, writer);
    });
  }
};

TEST_F(SqliteGroupTest, IsAnsweredByOneCallOfItsExecutor) {
  EXPECT_EQ(write_together([](Transaction&, int) {}), 1);
  EXPECT_EQ(item_numbers(database()).size(), 16U);
}

TEST_F(SqliteGroupTest, WaitsForItsLastBarrierFirst) {
  struct Noting final : DurabilityBarrier {
    Noting(std::vector<int>& all, int own) : waits(all), writer(own) {}
    void wait() override { waits.push_back(writer); }
    std::vector<int>& waits;
    const int writer;
  };
  std::vector<int> waits;
  write_together([&](Transaction& tx, int writer) {
    tx.wait_before_commit(std::make_shared<Noting>(waits, writer));
  });
  ASSERT_EQ(waits.size(), 16U);
  EXPECT_EQ(waits.front(), kWriters - 1);
}

// The undo log of a unit moves from memory to a file where it grows.
TEST_F(SqliteTest, AUnitMayChangeMorePagesThanItsUndoLogHoldsInMemory) {
  static constexpr Statement kFill{
      "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < $1)"
      " INSERT INTO item (number) SELECT n FROM counted"};
  static constexpr Statement kThin{"DELETE FROM item WHERE number % $1 <> 0"};
  run(database().write([](Transaction& tx) -> Task<void> { co_await tx.execute(kFill, 100'000); }));
  EXPECT_THROW(run(database().write([](Transaction& tx) -> Task<void> {
                 co_await tx.execute(kThin, 50'000);
                 throw std::runtime_error("not after all");
               })),
               std::runtime_error);
  EXPECT_EQ(item_numbers(database()).size(), 100'000U);
  run(database().write([](Transaction& tx) -> Task<void> { co_await tx.execute(kThin, 50'000); }));
  EXPECT_THAT(item_numbers(database()), testing::ElementsAre(50'000, 100'000));
}

TEST_F(SqliteTest, DestructionFinishesWhatWasBegun) {
  std::atomic<int> answered = 0;
  {
    ThreadPool pool("asker", 1);
    std::latch asked(1);
    pool.post([&] {
      for (int i = 0; i < 1000; ++i) {
        start(add_item(database(), i), [&](std::exception_ptr error) {
          if (!error) ++answered;
        });
      }
      asked.count_down();
    });
    asked.wait();
    close();
  }
  EXPECT_EQ(answered, 1000);
  open();
  EXPECT_EQ(item_numbers(database()).size(), 1000U);
}

// One that fails for want of room must not take others' rows with it, though SQLite then rolls
// back the transaction they share.
TEST_F(SqliteTest, WhereTheFileMayNotGrowOnlyTheAnsweredIsKept) {
  storage_.options.max_bytes = 256 << 10;
  open();
  const std::string long_note(9000, 'n');
  std::vector<int> outcome(64, 0);
  std::atomic<int> waiting = 0;
  at_once(64, [&](int writer) -> Task<void> {
    ++waiting;
    try {
      co_await database().write([&](Transaction& tx) -> Task<void> {
        while (waiting < 64) std::this_thread::yield();
        co_await tx.execute(
            kAddNote, writer,
            writer % 4 == 0 ? std::string_view("short") : std::string_view(long_note));
      });
      outcome[static_cast<std::size_t>(writer)] = 1;
    } catch (const Error&) {
      outcome[static_cast<std::size_t>(writer)] = 2;
    }
  });
  std::vector<std::int64_t> kept;
  for (int i = 0; i < 64; ++i) {
    const int got = outcome[static_cast<std::size_t>(i)];
    EXPECT_NE(got, 0);
    if (got == 1) kept.push_back(i);
  }
  EXPECT_EQ(item_numbers(database()), kept);
  EXPECT_GT(kept.size(), 4U);
  EXPECT_LT(kept.size(), 64U);
  open();
  EXPECT_EQ(item_numbers(database()), kept);
}

// On an executor of one thread, reads share transactions.
class SqliteTurnsTest : public SqliteTest {
 protected:
  static Task<std::int64_t> count(Database& database) {
    co_return co_await database.read([](Transaction& tx) -> Task<std::int64_t> {
      const auto found = co_await tx.find(kCountItems, integer_from);
      co_return found.value_or(-1);
    });
  }
  static Task<void> insert(Database& database, std::int64_t number) {
    co_await database.write(
        [&](Transaction& tx) -> Task<void> { co_await tx.execute(kInsertItem, number); });
  }
  template <class T>
  T core_run(Task<T> task) {
    auto there = [](ThreadPool& core, Task<T> inner) -> Task<T> {
      co_await resume_on(core);
      co_return co_await std::move(inner);
    };
    return run(there(core_, std::move(task)));
  }

  static constexpr Statement kCountItems{"SELECT count(*) FROM item"};
  static constexpr Statement kInsertItem{"INSERT INTO item (number) VALUES ($1)"};
  ThreadPool core_{"core", 1};
};

TEST_F(SqliteTurnsTest, EveryReadSeesWhatWasAnsweredBefore) {
  auto work = [&]() -> Task<int> {
    int wrong = 0;
    for (int i = 1; i <= 200; ++i) {
      co_await insert(database(), i);
      for (int j = 0; j < 3; ++j) {
        const auto seen = co_await count(database());
        if (seen != i) ++wrong;
      }
    }
    co_return wrong;
  };
  EXPECT_EQ(core_run(work()), 0);
}

TEST_F(SqliteTurnsTest, AWriteOfAnotherThreadIsSeenWithinTheTurn) {
  auto work = [&]() -> Task<int> {
    int wrong = 0;
    InlineExecutor other;
    for (int i = 1; i <= 50; ++i) {
      co_await count(database());
      std::thread writer([&] { other.run(insert(database(), i)); });
      writer.join();
      const auto seen = co_await count(database());
      if (seen != i) ++wrong;
    }
    co_return wrong;
  };
  EXPECT_EQ(core_run(work()), 0);
}

TEST_F(SqliteTurnsTest, AnotherProcessIsSeenInTheNextTurn) {
  auto second = storage_.open();
  auto work = [&]() -> Task<std::int64_t> {
    co_await count(database());
    std::thread writer([&] {
      InlineExecutor other;
      other.run(insert(*second, 1));
    });
    writer.join();
    co_await yield(core_);
    co_return co_await count(database());
  };
  EXPECT_EQ(core_run(work()), 1);
}

TEST_F(SqliteTurnsTest, AStateKeepsItsNumberUntilSomebodyCommits) {
  auto second = storage_.open();
  auto state = [&]() -> Task<std::uint64_t> {
    co_return co_await database().read([](Transaction& tx) -> Task<std::uint64_t> {
      co_await tx.find(kCountItems, integer_from);
      co_return tx.state();
    });
  };
  const std::uint64_t first = core_run(state());
  EXPECT_NE(first, 0u);
  EXPECT_EQ(core_run(state()), first);
  run(insert(database(), 1));
  const std::uint64_t after_own = core_run(state());
  EXPECT_NE(after_own, first);
  EXPECT_EQ(core_run(state()), after_own);
  run(insert(*second, 2));
  const std::uint64_t after_other = core_run(state());
  EXPECT_NE(after_other, first);
  EXPECT_NE(after_other, after_own);
  auto of_write = [](Transaction& tx) -> Task<std::uint64_t> { co_return tx.state(); };
  EXPECT_EQ(run(database().write(of_write)), 0u);
}

TEST_F(SqliteTurnsTest, NoTransactionIsLeftOpenWhenNothingIsRead) {
  storage_.options.log_pages = 1000;
  database_ = storage_.open();
  core_run(count(database()));
  for (int i = 1; i <= 3000; ++i) run(insert(database(), i));
  // A reader that stayed would keep the log from starting over.
  std::uintmax_t log = 0;
  for (const auto& file : std::filesystem::directory_iterator(storage_.folder())) {
    if (file.path().string().ends_with("-wal")) log = file.file_size();
  }
  EXPECT_LT(log, 6U << 20U);
}

// There is never a moment without a commit, in which the log could start over by itself.
TEST_F(SqliteTest, TheLogStartsOverWhileOthersGoOnWriting) {
  storage_.options.log_pages = 200;
  database_ = storage_.open();
  at_once(8, [&](int writer) -> Task<void> {
    for (int i = 0; i < 1000; ++i) co_await add_item(database(), 10'000 * writer + i);
  });
  std::uintmax_t log = 0;
  for (const auto& file : std::filesystem::directory_iterator(storage_.folder())) {
    if (file.path().string().ends_with("-wal")) log = file.file_size();
  }
  EXPECT_LT(log, 8U << 20U);
  EXPECT_EQ(item_numbers(database()).size(), 8000U);
}

TEST_F(SqliteTest, ABodyThatWaitsForSomethingElseEndsTheProgram) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  const auto wait = [](Transaction&) -> Task<void> { co_await std::suspend_always{}; };
  EXPECT_DEATH(run(database().read(wait)), "waits for something else");
  EXPECT_DEATH(run(database().scan(wait)), "waits for something else");
  EXPECT_DEATH(run(database().write(wait)), "waits for something else");
}

TEST_F(SqliteTest, AMigrationMayNotBreakForeignKeysNorEndItsTransaction) {
  const auto migrate = [&](const char* sql) {
    const std::vector<Migration> list{kItems[0], {2, "second", sql}};
    database().migrate(list);
  };
  EXPECT_THROW(migrate("CREATE TABLE part (item INTEGER REFERENCES item (number)) STRICT;"
                       "INSERT INTO part VALUES (7)"),
               Error);
  EXPECT_THROW(migrate("COMMIT"), Error);
  // The way SQLite rebuilds a table: it must not take along what refers to it.
  run(add_item(database(), 1));
  migrate(
      "CREATE TABLE part (item INTEGER REFERENCES item (number) ON DELETE CASCADE) STRICT;"
      "INSERT INTO part VALUES (1);"
      "CREATE TABLE wider (number INTEGER PRIMARY KEY, note TEXT, more TEXT) STRICT;"
      "INSERT INTO wider (number, note) SELECT number, note FROM item;"
      "DROP TABLE item;"
      "ALTER TABLE wider RENAME TO item");
  static constexpr Statement kParts{"SELECT item FROM part"};
  const auto part = run(database().read([](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kParts, integer_from);
  }));
  EXPECT_EQ(part, 1);
  static constexpr Statement kRemove{"DELETE FROM item"};
  run(database().write([](Transaction& tx) -> Task<void> { co_await tx.execute(kRemove); }));
  const auto left = run(database().read([](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kParts, integer_from);
  }));
  EXPECT_EQ(left, std::nullopt);
}

// Figures, by name: --gtest_also_run_disabled_tests --gtest_filter='*Figures*'
TEST_F(SqliteTest, DISABLED_Figures) {
  using Clock = std::chrono::steady_clock;
  const auto per_second = [](int count, Clock::duration time) {
    return count / std::chrono::duration<double>(time).count();
  };
  for (const int writers : {1, 8, 64}) {
    const int rounds = writers == 1 ? 5000 : 60'000 / writers;
    const auto before = database().stats();
    const auto begun = Clock::now();
    at_once(writers, [&](int writer) -> Task<void> {
      for (int round = 0; round < rounds; ++round) {
        const std::int64_t number =
            (static_cast<std::int64_t>(writers) << 40) + round * 64 + writer;
        co_await add_item(database(), number);
      }
    });
    const auto time = Clock::now() - begun;
    const auto after = database().stats();
    fmt::print("{} writers: {:.0f} durable rows/s, {:.1f} a commit\n", writers,
               per_second(writers * rounds, time),
               static_cast<double>(after.writes - before.writes) /
                   static_cast<double>(after.commits - before.commits));
  }
  static constexpr Statement kOne{"SELECT number FROM item WHERE number = $1"};
  for (const int readers : {1, 4}) {
    constexpr int kReads = 200'000;
    const auto begun = Clock::now();
    at_once(readers, [&](int) -> Task<void> {
      for (int i = 0; i < kReads; ++i) {
        co_await database().read([i](Transaction& tx) -> Task<std::optional<std::int64_t>> {
          co_return co_await tx.find(kOne, integer_from, i);
        });
      }
    });
    fmt::print("{} threads: {:.0f} reads/s\n", readers,
               per_second(readers * kReads, Clock::now() - begun));
  }
}

// Steps of SQLite that would take minutes.
constexpr Statement kEndless{
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000)"
    " SELECT max(i) FROM n"};

TEST(SqliteScans, OneThatTakesTooLongIsBusyAndTheNextOneIsNot) {
  SqliteTestStorage storage;
  SqliteOptions options = storage.options;
  options.scan_time = std::chrono::milliseconds(50);
  const auto database = open_sqlite(options);
  InlineExecutor here;
  const auto count = [](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kEndless, integer_from);
  };
  EXPECT_THROW(here.run(database->scan(7, count)), Busy);
  EXPECT_EQ(database->stats().scans_refused, 1U);
  static constexpr Statement kOne{"SELECT 1"};
  const auto one = [](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kOne, integer_from);
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(here.run(database->scan(7, one)), 1);
  EXPECT_EQ(here.run(database->read(one)), 1);
}

TEST(SqliteScans, ManyOfOneAreBusyAndThoseOfAnotherAreNot) {
  SqliteTestStorage storage;
  SqliteOptions options = storage.options;
  options.scans = {.threads = 2, .waiting = 10, .waiting_each = 1};
  options.scan_time = std::chrono::seconds(1);
  const auto database = open_sqlite(options);
  InlineExecutor here;
  const Executor::Scope scope(here);
  std::atomic<int> busy = 0;
  std::atomic<int> ended = 0;
  const auto endless = [](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kEndless, integer_from);
  };
  const auto scan = [&]() -> Task<void> { co_await database->scan(7, endless); };
  for (int i = 0; i < 20; ++i) {
    start(scan(), [&](std::exception_ptr error) {
      if (error) ++busy;
      ++ended;
    });
  }
  EXPECT_GE(busy, 18) << "at most one runs and one waits";
  static constexpr Statement kOne{"SELECT 1"};
  const auto one = [](Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kOne, integer_from);
  };
  EXPECT_EQ(here.run(database->scan(8, one)), 1) << "has a thread that 7 cannot take";
  EXPECT_LT(ended, 20);
  const auto nothing = []() -> Task<void> { co_return; };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (ended < 20 && std::chrono::steady_clock::now() < end) {
    here.run(nothing());
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_EQ(ended, 20);
}

}  // namespace
}  // namespace coffer::db
