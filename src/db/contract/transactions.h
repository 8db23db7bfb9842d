// The contract about one unit of work: all or nothing.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <expected>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "db/contract/fixture.h"

namespace coffer::db::contract {

struct Refusal {
  int reason;
};

TEST_P(DatabaseContract, AThrowingBodyLeavesNothing) {
  bool saw_own_write = false;
  const auto attempt = [&] {
    run(database().write([&](Transaction& tx) -> Task<void> {
      co_await tx.execute(kAddKey, "a");
      co_await tx.execute(kAddKey, "b");
      const auto count = co_await tx.find(kCountSamples, integer_from);
      saw_own_write = count == 2;
      throw std::out_of_range("own exception");
    }));
  };
  EXPECT_THROW(attempt(), std::out_of_range);
  EXPECT_TRUE(saw_own_write);
  EXPECT_EQ(integer(kCountSamples), 0);
  EXPECT_EQ(write(kAddKey, "a"), 1U);
}

TEST_P(DatabaseContract, AnExpectedErrorLeavesNothingAndIsTheAnswer) {
  const auto attempt = [&](bool refuse) {
    return run(database().write([&](Transaction& tx) -> Task<std::expected<int, Refusal>> {
      co_await tx.execute(kAddKey, "a");
      if (refuse) co_return std::unexpected(Refusal{7});
      co_return 5;
    }));
  };
  const auto refused = attempt(true);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, 7);
  EXPECT_EQ(integer(kCountSamples), 0);
  EXPECT_EQ(attempt(false).value(), 5);
  EXPECT_EQ(integer(kCountSamples), 1);
}

TEST_P(DatabaseContract, ManyRowsAreRolledBackTogether) {
  const auto attempt = [&] {
    run(database().write([](Transaction& tx) -> Task<void> {
      for (int i = 0; i < 5000; ++i) {
        const std::string key = fmt::format("key {}", i);
        co_await tx.execute(kAddKey, key);
      }
      co_await tx.execute(kAddKey, "key 0");
    }));
  };
  EXPECT_THROW(attempt(), ConstraintError);
  EXPECT_EQ(integer(kCountSamples), 0);
}

TEST_P(DatabaseContract, BrokenRulesAreConstraintErrors) {
  static constexpr Statement kAddCounter{"INSERT INTO counter (key, amount) VALUES ($1, $2)"};
  write(kAddCounter, "a", 1);
  EXPECT_THROW(write(kAddCounter, "a", 2), ConstraintError);             // unique
  EXPECT_THROW(write(kAddCounter, "b", -1), ConstraintError);            // check
  EXPECT_THROW(write(kAdd, "a", -2), ConstraintError);                   // check, later
  EXPECT_THROW(write(kAddCounter, "b", std::nullopt), ConstraintError);  // not null
  EXPECT_THROW(write(kAddChild, 1, "nobody"), ConstraintError);          // foreign key
  EXPECT_EQ(integer(kAmount, "a"), 1);
  EXPECT_EQ(integer(kTotal), 1);
  EXPECT_EQ(write(kAddChild, 1, "a"), 1U);
}

TEST_P(DatabaseContract, DeferredForeignKeysAreCheckedAtTheEndOfTheUnit) {
  run(database().write([](Transaction& tx) -> Task<void> {
    co_await tx.execute(kAddChild, 1, "late");
    co_await tx.execute(kSetCounter, "late", 1);
  }));
  EXPECT_EQ(integer(kAmount, "late"), 1);
  const auto attempt = [&] {
    return run(database().write([](Transaction& tx) -> Task<std::uint64_t> {
      co_return co_await tx.execute(kAddChild, 2, "never");
    }));
  };
  EXPECT_THROW(attempt(), ConstraintError);
  static constexpr Statement kChildren{"SELECT count(*) FROM child"};
  EXPECT_EQ(integer(kChildren), 1);
}

TEST_P(DatabaseContract, NothingIsKeptAfterAFailedStatementEvenWhenTheBodyGoesOn) {
  write(kAddKey, "taken");
  bool later_failed = false;
  const auto attempt = [&] {
    run(database().write([&](Transaction& tx) -> Task<void> {
      co_await tx.execute(kAddKey, "mine");
      bool failed = false;
      try {
        co_await tx.execute(kAddKey, "taken");
      } catch (const ConstraintError&) {
        failed = true;
      }
      if (!failed) co_return;
      try {
        co_await tx.execute(kAddKey, "another");
      } catch (const Error&) {
        later_failed = true;
      }
    }));
  };
  EXPECT_THROW(attempt(), Error);
  EXPECT_TRUE(later_failed);
  EXPECT_THAT(texts(kAllKeys), testing::ElementsAre("taken"));
}

TEST_P(DatabaseContract, WrongSqlIsAnErrorThatNamesTheStatement) {
  static constexpr Statement kNonsense{"SELEC key FROM sample"};
  static constexpr Statement kNoTable{"SELECT key FROM missing_table"};
  static constexpr Statement kTwo{"DELETE FROM sample; DELETE FROM counter"};
  static constexpr Statement kEmpty{"   "};
  write(kAddKey, "a");
  for (const Statement& wrong : {kNonsense, kNoTable, kTwo, kEmpty}) {
    try {
      write(wrong);
      ADD_FAILURE() << "accepted: " << wrong.sql;
    } catch (const ConstraintError&) {
      ADD_FAILURE() << "a wrong statement is no broken rule: " << wrong.sql;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(wrong.sql));
    }
  }
  EXPECT_THROW(integer(kNoTable), Error);
  EXPECT_EQ(integer(kCountSamples), 1);
}

TEST_P(DatabaseContract, MessagesHoldTheStatementAndNoValue) {
  const std::string secret = "secret-4711";
  write(kAddKey, secret);
  try {
    write(kAddKey, secret);
    FAIL() << "a key was taken twice";
  } catch (const ConstraintError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(kAddKey.sql));
    EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr(secret)));
  }
}

TEST_P(DatabaseContract, ReadsCannotWrite) {
  const auto by_read = [&] {
    run(database().read([](Transaction& tx) -> Task<void> { co_await tx.execute(kAddKey, "a"); }));
  };
  const auto by_scan = [&] {
    run(database().scan([](Transaction& tx) -> Task<void> { co_await tx.execute(kAddKey, "a"); }));
  };
  EXPECT_THROW(by_read(), Error);
  EXPECT_THROW(by_scan(), Error);
  EXPECT_EQ(integer(kCountSamples), 0);
}

TEST_P(DatabaseContract, ReadsPassOnWhatTheirBodyThrows) {
  write(kAddKey, "a");
  const auto body = [&] {
    run(database().read([](Transaction& tx) -> Task<void> {
      co_await tx.for_each(kAllKeys, [](const Row&) { throw std::out_of_range("in a row"); });
    }));
  };
  EXPECT_THROW(body(), std::out_of_range);
  EXPECT_EQ(integer(kCountSamples), 1);
}

TEST_P(DatabaseContract, WhatWasAnsweredIsThereWhenOpenedAgain) {
  for (int i = 0; i < 20; ++i) write(kAddKey, fmt::format("key {}", i));
  reopen();
  EXPECT_EQ(integer(kCountSamples), 20);
}

TEST_P(DatabaseContract, ACommitWaitsForItsBarrier) {
  const auto barrier = std::make_shared<TestBarrier>();
  std::atomic<bool> answered = false;
  std::jthread writer([&] {
    InlineExecutor().run(database().write([&](Transaction& tx) -> Task<void> {
      co_await tx.execute(kAddKey, "a");
      tx.wait_before_commit(barrier);
    }));
    answered = true;
  });
  while (!barrier->is_waited_for) std::this_thread::yield();
  EXPECT_EQ(integer(kCountSamples), 0);
  EXPECT_FALSE(answered);
  barrier->reach();
  writer.join();
  EXPECT_TRUE(answered);
  EXPECT_EQ(integer(kCountSamples), 1);
}

TEST_P(DatabaseContract, ABarrierThatIsNeverReachedIsItsUnitsFailureAlone) {
  constexpr int kWriters = 60;
  std::atomic<int> failed = 0;
  at_once(kWriters, [&](int writer) -> Task<void> {
    const bool lucky = writer % 4 != 0;
    try {
      co_await database().write([&](Transaction& tx) -> Task<void> {
        const auto barrier = std::make_shared<TestBarrier>();
        if (!lucky) barrier->failure = std::make_exception_ptr(std::out_of_range("never"));
        barrier->reach();
        tx.wait_before_commit(barrier);
        const std::string key = fmt::format("writer {}", writer);
        co_await tx.execute(kAddKey, key);
      });
      EXPECT_TRUE(lucky) << writer;
    } catch (const std::out_of_range&) {
      EXPECT_FALSE(lucky) << writer;
      ++failed;
    }
  });
  EXPECT_EQ(failed, kWriters / 4);
  EXPECT_EQ(integer(kCountSamples), kWriters - kWriters / 4);
}

TEST_P(DatabaseContract, NobodyWaitsForTheBarrierOfWhatIsNotKept) {
  const auto barrier = std::make_shared<TestBarrier>();
  const auto refused =
      run(database().write([&](Transaction& tx) -> Task<std::expected<void, Refusal>> {
        tx.wait_before_commit(barrier);
        co_await tx.execute(kAddKey, "a");
        co_return std::unexpected(Refusal{1});
      }));
  EXPECT_FALSE(refused);
  EXPECT_FALSE(barrier->is_waited_for);
}

TEST_P(DatabaseContract, InsertTellsTheNumberOfTheRowThatItMade) {
  static constexpr Statement kAddNumbered{
      "INSERT INTO numbered (name) VALUES ($1) ON CONFLICT (name) DO NOTHING"};
  static constexpr Statement kNumberOf{"SELECT id FROM numbered WHERE name = $1"};
  const auto insert = [&](const char* name) {
    return run(database().write([&](Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.insert(kAddNumbered, name);
    }));
  };
  const auto first = insert("a");
  const auto second = insert("b");
  ASSERT_TRUE(first);
  ASSERT_TRUE(second);
  EXPECT_EQ(integer(kNumberOf, "a"), first);
  EXPECT_EQ(integer(kNumberOf, "b"), second);
  EXPECT_FALSE(insert("a")) << "the number of an earlier insert is not its own";
  EXPECT_EQ(integer(kNumberOf, "a"), first);
}

// Whether or not the driver had to keep their changes apart before.
TEST_P(DatabaseContract, UnitsThatFailLateLeaveNothingWhileOthersAreKept) {
  constexpr int kWriters = 64;
  for (int round = 0; round < 20; ++round) {
    at_once(kWriters, [&](int writer) -> Task<void> {
      const std::string key = fmt::format("{} of {}", writer, round);
      const bool fails = round % 2 == 1 && writer % 16 == 5;
      co_await database().write([&](Transaction& tx) -> Task<std::expected<void, Refusal>> {
        co_await tx.execute(kAddKey, key);
        if (fails) co_return std::unexpected(Refusal{writer});
        co_return std::expected<void, Refusal>{};
      });
    });
  }
  EXPECT_EQ(integer(kCountSamples), 10 * kWriters + 10 * (kWriters - kWriters / 16));
}

}  // namespace coffer::db::contract
