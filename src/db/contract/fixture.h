// What the contract's tests stand on: a driver under test and a small schema.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "db/database.h"

namespace coffer::db::contract {

// A place for one database, empty at first and removed at its end.
class Storage {
 public:
  virtual ~Storage() = default;
  // May be called while an earlier one is open. The storage outlives what it opened.
  virtual std::unique_ptr<Database> open() = 0;
};

struct Driver {
  std::function<std::unique_ptr<Storage>()> make_storage;
};

inline void PrintTo(const Driver&, std::ostream* out) { *out << "driver"; }

// Runs `make(i)`, a Task<void>, for every i below `count` at the same time on some executors
// of one thread each. Throws what the first of them threw.
template <class Make>
void at_once(int count, Make make) {
  constexpr int kExecutors = 4;
  std::latch done(count);
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::unique_ptr<ThreadPool>> executors;
  for (int i = 0; i < kExecutors; ++i) {
    executors.push_back(std::make_unique<ThreadPool>("executor", 1));
  }
  for (int i = 0; i < count; ++i) {
    executors[static_cast<std::size_t>(i % kExecutors)]->post([&, i] {
      start(make(i), [&](std::exception_ptr error) {
        {
          const std::lock_guard lock(mutex);
          if (error && !failure) failure = error;
        }
        done.count_down();
      });
    });
  }
  done.wait();
  executors.clear();
  if (failure) std::rethrow_exception(failure);
}

inline std::string text_from(const Row& row) { return std::string(row.text(0)); }
inline std::int64_t integer_from(const Row& row) { return row.integer(0); }

class Fixture : public ::testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    storage_ = GetParam().make_storage();
    database_ = storage_->open();
  }

  Database& database() { return *database_; }
  Storage& storage() { return *storage_; }
  void reopen() {
    database_.reset();
    database_ = storage_->open();
  }

  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  template <Awaiter A>
  auto run(A awaiter) {
    return run(as_task(awaiter));
  }

  // One statement as a write of its own; how many rows it changed.
  template <class... Args>
  std::uint64_t write(const Statement& statement, const Args&... args) {
    return run(database().write([&](Transaction& tx) -> Task<std::uint64_t> {
      co_return co_await tx.execute(statement, args...);
    }));
  }
  // The first column of the first row.
  template <class... Args>
  std::optional<std::int64_t> integer(const Statement& statement, const Args&... args) {
    return run(database().read([&](Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(statement, integer_from, args...);
    }));
  }
  // The first column of all rows.
  template <class... Args>
  std::vector<std::string> texts(const Statement& statement, const Args&... args) {
    return run(database().read([&](Transaction& tx) -> Task<std::vector<std::string>> {
      co_return co_await tx.all(statement, text_from, args...);
    }));
  }

 private:
  InlineExecutor executor_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Database> database_;
};

inline constexpr Statement kAddSample{
    "INSERT INTO sample (key, number, fraction, note, data) VALUES ($1, $2, $3, $4, $5)"};
inline constexpr Statement kAddKey{"INSERT INTO sample (key) VALUES ($1)"};
inline constexpr Statement kAllKeys{"SELECT key FROM sample ORDER BY key"};
inline constexpr Statement kCountSamples{"SELECT count(*) FROM sample"};
inline constexpr Statement kSetCounter{
    "INSERT INTO counter (key, amount) VALUES ($1, $2)"
    " ON CONFLICT (key) DO UPDATE SET amount = $2"};
inline constexpr Statement kAmount{"SELECT amount FROM counter WHERE key = $1"};
inline constexpr Statement kTotal{"SELECT CAST(sum(amount) AS BIGINT) FROM counter"};
inline constexpr Statement kAdd{"UPDATE counter SET amount = amount + $2 WHERE key = $1"};
inline constexpr Statement kAddChild{"INSERT INTO child (number, parent) VALUES ($1, $2)"};

// Reached when the test says so.
class TestBarrier final : public DurabilityBarrier {
 public:
  void wait() override {
    is_waited_for = true;
    done_.wait();
    if (failure) std::rethrow_exception(failure);
  }
  void reach() { done_.count_down(); }

  std::atomic<bool> is_waited_for = false;
  std::exception_ptr failure;  // instead

 private:
  std::latch done_{1};
};

// Tests over the tables sample, counter (amount never below 0), child (whose parent is checked when
// the transaction ends) and numbered.
class DatabaseContract : public Fixture {
 protected:
  void SetUp() override {
    Fixture::SetUp();
    constexpr const char* kSchema =
        "CREATE TABLE sample (key {text} NOT NULL PRIMARY KEY, number {integer}, fraction {real},"
        " note {text}, data {bytes}){options};"
        "CREATE TABLE counter (key {text} NOT NULL PRIMARY KEY, amount {integer} NOT NULL,"
        " CHECK (amount >= 0)){options};"
        "CREATE TABLE child (number {integer} NOT NULL PRIMARY KEY, parent {text} NOT NULL"
        " REFERENCES counter (key) DEFERRABLE INITIALLY DEFERRED){options};"
        "CREATE TABLE numbered (id {key}, name {text} NOT NULL UNIQUE){options};"
        "CREATE TABLE pair (one {integer} NOT NULL, other {text} NOT NULL,"
        " PRIMARY KEY (one, other)){clustered};";
    const std::array<Migration, 1> migrations{{{1, "base", kSchema}}};
    database().migrate(migrations);
  }
};

// Tests that begin with an empty storage.
class MigrationContract : public Fixture {};

}  // namespace coffer::db::contract
