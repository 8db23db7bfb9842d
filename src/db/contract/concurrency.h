// The contract about many units of work at the same time.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <expected>
#include <stdexcept>
#include <string>
#include <vector>

#include "db/contract/fixture.h"

namespace coffer::db::contract {

// Reads an amount and writes it back one higher: loses counts unless writes are serialized.
inline Task<void> count_up(Transaction& tx, const std::string& key) {
  const auto amount = co_await tx.find(kAmount, integer_from, key);
  co_await tx.execute(kSetCounter, key, amount.value_or(0) + 1);
}

TEST_P(DatabaseContract, ConcurrentWritesFollowOneAnother) {
  constexpr int kWriters = 64;
  constexpr int kRounds = 20;
  at_once(kWriters, [&](int writer) -> Task<void> {
    const std::string own = fmt::format("writer {}", writer);
    for (int round = 0; round < kRounds; ++round) {
      co_await database().write([&](Transaction& tx) -> Task<void> {
        co_await count_up(tx, "shared");
        co_await count_up(tx, own);
      });
    }
  });
  EXPECT_EQ(integer(kAmount, "shared"), kWriters * kRounds);
  EXPECT_EQ(integer(kAmount, "writer 63"), kRounds);
  EXPECT_EQ(integer(kTotal), 2 * kWriters * kRounds);
}

TEST_P(DatabaseContract, EachOfManyParallelWritesHasItsOwnFate) {
  constexpr int kWriters = 64;
  enum class Fate { kKept, kRefused, kThrown, kConstraint };
  std::vector<std::optional<Fate>> fates(kWriters);
  write(kAddKey, "taken");
  at_once(kWriters, [&](int writer) -> Task<void> {
    auto& fate = fates[static_cast<std::size_t>(writer)];
    try {
      const auto done =
          co_await database().write([&](Transaction& tx) -> Task<std::expected<int, int>> {
            const std::string key = fmt::format("writer {}", writer);
            co_await tx.execute(kAddKey, key);
            co_await count_up(tx, "kept");
            if (writer % 3 == 1) co_return std::unexpected(writer);
            if (writer % 6 == 2) throw std::out_of_range("on purpose");
            if (writer % 6 == 5) co_await tx.execute(kAddKey, "taken");
            co_return writer;
          });
      fate = done ? Fate::kKept : Fate::kRefused;
      if ((done ? *done : done.error()) != writer) throw std::logic_error("another's answer");
    } catch (const ConstraintError&) {
      fate = Fate::kConstraint;
    } catch (const std::out_of_range&) {
      fate = Fate::kThrown;
    }
  });
  std::vector<std::string> kept{"taken"};
  for (int writer = 0; writer < kWriters; ++writer) {
    const Fate expected = writer % 3 == 0   ? Fate::kKept
                          : writer % 3 == 1 ? Fate::kRefused
                          : writer % 6 == 2 ? Fate::kThrown
                                            : Fate::kConstraint;
    EXPECT_EQ(fates[static_cast<std::size_t>(writer)], expected) << writer;
    if (expected == Fate::kKept) kept.push_back(fmt::format("writer {}", writer));
  }
  EXPECT_THAT(texts(kAllKeys), testing::UnorderedElementsAreArray(kept));
  EXPECT_EQ(integer(kAmount, "kept"), static_cast<std::int64_t>(kept.size()) - 1);
}

TEST_P(DatabaseContract, WhoWasAnsweredReadsWhatWasWritten) {
  std::atomic<int> missed = 0;
  at_once(32, [&](int writer) -> Task<void> {
    const std::string key = fmt::format("writer {}", writer);
    for (std::int64_t round = 1; round <= 20; ++round) {
      co_await database().write(
          [&](Transaction& tx) -> Task<void> { co_await tx.execute(kSetCounter, key, round); });
      const auto look = [&](Transaction& tx) -> Task<std::optional<std::int64_t>> {
        co_return co_await tx.find(kAmount, integer_from, key);
      };
      const auto read = co_await database().read(look);
      const auto scanned = co_await database().scan(look);
      if (read != round || scanned != round) ++missed;
    }
  });
  EXPECT_EQ(missed, 0);
}

// Money moves between two accounts while others add it up, one account after the other.
TEST_P(DatabaseContract, AllStatementsOfAReadSeeOneState) {
  constexpr std::int64_t kMoney = 1000;
  write(kSetCounter, "left", kMoney);
  write(kSetCounter, "right", 0);
  std::atomic<int> wrong = 0;
  std::atomic<int> moved = 0;
  std::atomic<bool> reading = true;
  at_once(8, [&](int worker) -> Task<void> {
    if (worker % 4 == 0) {
      while (reading && moved < 100'000) {
        co_await database().write([&](Transaction& tx) -> Task<void> {
          const auto amount = co_await tx.find(kAmount, integer_from, "left");
          const std::int64_t step = amount.value_or(0) > 0 ? 1 : -kMoney;
          co_await tx.execute(kAdd, "left", -step);
          co_await tx.execute(kAdd, "right", step);
        });
        ++moved;
      }
      co_return;
    }
    for (int round = 0; round < 200 || moved == 0; ++round) {
      const auto add_up = [](Transaction& tx) -> Task<std::int64_t> {
        const auto left = co_await tx.find(kAmount, integer_from, "left");
        const auto right = co_await tx.find(kAmount, integer_from, "right");
        co_return left.value_or(0) + right.value_or(0);
      };
      const auto read = co_await database().read(add_up);
      const auto scanned = co_await database().scan(add_up);
      if (read != kMoney || scanned != kMoney) ++wrong;
    }
    reading = false;
  });
  EXPECT_EQ(wrong, 0);
}

TEST_P(DatabaseContract, ResultsAndExceptionsComeBackOnTheExecutorThatAsked) {
  std::atomic<int> strayed = 0;
  at_once(16, [&](int writer) -> Task<void> {
    Executor& home = Executor::current();
    const auto check = [&] {
      if (&Executor::current() != &home) ++strayed;
    };
    const std::string key = fmt::format("writer {}", writer);
    const auto count = [](Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(kCountSamples, integer_from);
    };
    co_await database().write(
        [&](Transaction& tx) -> Task<void> { co_await tx.execute(kAddKey, key); });
    check();
    co_await database().scan(count);
    check();
    co_await database().read(count);
    check();
    bool failed = false;
    try {
      co_await database().write(
          [&](Transaction& tx) -> Task<void> { co_await tx.execute(kAddKey, key); });
    } catch (const ConstraintError&) {
      check();
      failed = true;
    }
    if (!failed) ++strayed;
    try {
      co_await database().scan([](Transaction&) -> Task<void> {
        throw std::out_of_range("on purpose");
        co_return;
      });
    } catch (const std::out_of_range&) {
      check();
    }
  });
  EXPECT_EQ(strayed, 0);
}

// Whoever has read up to a number has missed nothing below it.
TEST_P(DatabaseContract, NumbersOfRowsAreSeenInTheirOrder) {
  static constexpr Statement kAddNumbered{"INSERT INTO numbered (name) VALUES ($1)"};
  static constexpr Statement kHighest{"SELECT coalesce(max(id), 0) FROM numbered"};
  static constexpr Statement kCountUpTo{"SELECT count(*) FROM numbered WHERE id <= $1"};
  struct Seen {
    std::int64_t highest = 0;
    std::int64_t rows = 0;
  };
  constexpr int kWriters = 8;
  std::atomic<int> writing = kWriters;
  std::vector<Seen> seen;
  at_once(kWriters + 1, [&](int writer) -> Task<void> {
    if (writer < kWriters) {
      for (int round = 0; round < 25; ++round) {
        const std::string name = fmt::format("{} of {}", round, writer);
        co_await database().write(
            [&](Transaction& tx) -> Task<void> { co_await tx.execute(kAddNumbered, name); });
      }
      --writing;
      co_return;
    }
    while (writing > 0) {
      seen.push_back(co_await database().scan([](Transaction& tx) -> Task<Seen> {
        const auto highest = co_await tx.find(kHighest, integer_from);
        const auto rows = co_await tx.find(kCountUpTo, integer_from, highest.value());
        co_return Seen{highest.value(), rows.value()};
      }));
    }
  });
  ASSERT_FALSE(seen.empty());
  for (const Seen& one : seen) EXPECT_EQ(integer(kCountUpTo, one.highest), one.rows);
}

TEST_P(DatabaseContract, TwoHandlesOnOneStorageSeeEachOther) {
  const auto other = storage().open();
  at_once(16, [&](int writer) -> Task<void> {
    Database& mine = writer % 2 == 0 ? database() : *other;
    for (int round = 0; round < 10; ++round) {
      co_await mine.write([](Transaction& tx) -> Task<void> { co_await count_up(tx, "shared"); });
    }
  });
  EXPECT_EQ(integer(kAmount, "shared"), 160);
}

}  // namespace coffer::db::contract
