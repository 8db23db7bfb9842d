#include "vault/model/password_attempts.h"

#include <gtest/gtest.h>

namespace coffer::vault {
namespace {

using std::chrono::seconds;

class PasswordAttemptsTest : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kMax = 5;

  auto begin(const std::string& account, const std::string& address) {
    return attempts_.begin(clock_.now(), kMax, {account, address});
  }
  // How many are let through.
  int spend(const std::string& account, const std::string& address, int times = 20) {
    int spent = 0;
    for (int i = 0; i < times; ++i) spent += begin(account, address).has_value() ? 1 : 0;
    return spent;
  }

  ManualClock clock_{from_micros(1'700'000'003'000'000)};
  PasswordAttempts attempts_;
};

TEST_F(PasswordAttemptsTest, CountsByAccountWhereverTheyComeFrom) {
  int spent = 0;
  for (int i = 0; i < 20; ++i) spent += spend("ann", "address " + std::to_string(i), 1);
  EXPECT_EQ(spent, kMax);
  EXPECT_EQ(spend("bob", "elsewhere"), kMax) << "others are not held up";
}

TEST_F(PasswordAttemptsTest, CountsByAddressWhomeverTheyAreFor) {
  int spent = 0;
  for (int i = 0; i < 20; ++i) spent += spend("account " + std::to_string(i), "1.2.3.4", 1);
  EXPECT_EQ(spent, kMax);
  EXPECT_EQ(spend("account 19", "4.3.2.1"), kMax) << "what was refused was not counted";
}

TEST_F(PasswordAttemptsTest, LinksAndAccountsCountApart) {
  const auto try_link = [&](const std::string& link, const std::string& address) {
    return attempts_.begin(clock_.now(), kMax, {link, address, PasswordCheck::Kind::kLink});
  };
  int spent = 0;
  for (int i = 0; i < 20; ++i) spent += try_link(std::to_string(i), "1.2.3.4") ? 1 : 0;
  EXPECT_EQ(spent, kMax);
  EXPECT_EQ(spend("0", "1.2.3.4"), kMax) << "an account of the same number, from there";
  EXPECT_FALSE(try_link("20", "1.2.3.4"));
  EXPECT_TRUE(try_link("0", "4.3.2.1"));
  // Who knows a link's password is not known as the account of that number.
  const PasswordCheck right{"7", "home", PasswordCheck::Kind::kLink};
  attempts_.succeeded(clock_.now(), right, attempts_.begin(clock_.now(), kMax, right).value());
  EXPECT_EQ(spend("7", "elsewhere"), kMax);
  EXPECT_FALSE(begin("7", "home"));
}

TEST_F(PasswordAttemptsTest, SaysWhenToTryAgain) {
  spend("ann", "");
  const auto refused = begin("ann", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::kRateLimited);
  const RateLimit limit = refused.error().limit.value();
  EXPECT_EQ(limit.per_minute, kMax);
  EXPECT_EQ(limit.reset, clock_.now() + limit.retry_after);
  EXPECT_GE(limit.retry_after, seconds(60));
  EXPECT_LE(limit.retry_after, seconds(70));
  clock_.advance(limit.retry_after - seconds(1));
  EXPECT_FALSE(begin("ann", ""));
  clock_.advance(seconds(1));
  EXPECT_TRUE(begin("ann", ""));
}

// Two bursts, one at the end of a minute and one at the beginning of the next, are no more.
TEST_F(PasswordAttemptsTest, NoMinuteWhereverItBeginsHasMore) {
  std::vector<Time> passed;
  for (int i = 0; i < 600; ++i) {
    if (begin("ann", "")) passed.push_back(clock_.now());
    clock_.advance(seconds(1));
  }
  ASSERT_GT(passed.size(), 8 * kMax) << "and nobody is kept out for longer than it takes";
  for (std::size_t i = kMax; i < passed.size(); ++i) {
    EXPECT_GE(passed[i] - passed[i - kMax], seconds(60));
  }
}

TEST_F(PasswordAttemptsTest, WhatWasRightCountsNot) {
  for (int i = 0; i < 20; ++i) {
    const auto attempt = begin("ann", "1.2.3.4");
    ASSERT_TRUE(attempt);
    attempts_.succeeded(clock_.now(), {"ann", "1.2.3.4"}, *attempt);
  }
  for (int i = 0; i < 20; ++i) {
    const auto attempt = begin("bob", "1.2.3.4");
    ASSERT_TRUE(attempt);
    attempts_.withdraw(*attempt);
  }
}

TEST_F(PasswordAttemptsTest, WhoGuessesFromElsewhereLocksNobodyOut) {
  const auto attempt = begin("ann", "home");
  attempts_.succeeded(clock_.now(), {"ann", "home"}, attempt.value());
  EXPECT_EQ(spend("ann", "enemy"), kMax);
  EXPECT_EQ(spend("ann", "other enemy"), 0);
  EXPECT_TRUE(begin("ann", "home"));
  EXPECT_EQ(spend("ann", "home"), kMax - 1) << "but not without end";
  clock_.advance(std::chrono::hours(31 * 24));
  spend("ann", "enemy");
  EXPECT_FALSE(begin("ann", "home")) << "not for ever";
}

TEST_F(PasswordAttemptsTest, HoldsABoundedNumberAndForgets) {
  std::size_t held = 0;
  const std::size_t many = 16 * PasswordAttempts::kShardMax * 2;
  for (std::size_t i = 0; i < many; ++i) {
    const auto attempt = begin("account " + std::to_string(i), "");
    held += attempt ? 1 : 0;
    if (attempt) continue;
    EXPECT_EQ(attempt.error().code, FailureCode::kBusy);
  }
  EXPECT_LE(held, 16 * PasswordAttempts::kShardMax);
  EXPECT_GT(held, 15 * PasswordAttempts::kShardMax);
  clock_.advance(seconds(80));
  EXPECT_EQ(spend("somebody new", ""), kMax);
}

TEST_F(PasswordAttemptsTest, AClockSetBackKeepsNobodyOut) {
  spend("ann", "");
  clock_.advance(-std::chrono::hours(5));
  EXPECT_TRUE(begin("ann", ""));
}

TEST_F(PasswordAttemptsTest, WithoutALimitAnythingGoes) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(attempts_.begin(clock_.now(), std::nullopt, {"ann", "1.2.3.4"}));
  }
}

}  // namespace
}  // namespace coffer::vault
