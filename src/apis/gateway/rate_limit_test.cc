#include "apis/gateway/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace coffer::apis {
namespace {

using namespace std::chrono_literals;

class RateLimitTest : public ::testing::Test {
 protected:
  int admitted(std::string_view who, std::uint32_t limit, int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += limiter_.admit(who, limit).admitted ? 1 : 0;
    return count;
  }

  // 13:00:59.9, so that a full minute comes soon.
  ManualClock clock_{Time(std::chrono::hours(500'000)) + 59'900ms};
  RateLimiter limiter_{clock_};
};

TEST_F(RateLimitTest, NoDoubleFitsAroundAFullMinute) {
  EXPECT_EQ(admitted("a", 2, 5), 2);
  clock_.advance(200ms);
  EXPECT_EQ(admitted("a", 2, 5), 0);
  clock_.advance(59'799ms);
  EXPECT_EQ(admitted("a", 2, 5), 0);
  clock_.advance(1ms);
  EXPECT_EQ(admitted("a", 2, 5), 2);
}

TEST_F(RateLimitTest, WhatIsRefusedDoesNotCount) {
  EXPECT_EQ(admitted("a", 1, 1), 1);
  for (int i = 0; i < 59; ++i) {
    clock_.advance(1s);
    EXPECT_EQ(admitted("a", 1, 10), 0);
  }
  clock_.advance(1s);
  EXPECT_EQ(admitted("a", 1, 1), 1);
}

TEST_F(RateLimitTest, TellsWhenToComeAgain) {
  const auto first = limiter_.admit("a", 2);
  EXPECT_EQ(first.remaining, 1U);
  clock_.advance(10s);
  EXPECT_EQ(limiter_.admit("a", 2).remaining, 0U);
  clock_.advance(500ms);
  const auto refused = limiter_.admit("a", 2);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.remaining, 0U);
  EXPECT_EQ(refused.retry_after, 50);  // 49.5 s, rounded up
  EXPECT_EQ(refused.reset, first.reset);
  clock_.advance(std::chrono::seconds(refused.retry_after));
  EXPECT_TRUE(limiter_.admit("a", 2).admitted);
  EXPECT_FALSE(limiter_.admit("a", 2).admitted);
}

TEST_F(RateLimitTest, LookingCountsNothing) {
  const auto reset = [&](Time time) {
    return std::chrono::ceil<std::chrono::seconds>(time).time_since_epoch().count();
  };
  const auto unknown = limiter_.look("a", 2);
  EXPECT_TRUE(unknown.admitted);
  EXPECT_EQ(unknown.remaining, 2U);
  EXPECT_EQ(unknown.reset, reset(clock_.now()));
  EXPECT_EQ(limiter_.callers(), 0U);
  limiter_.admit("a", 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter_.look("a", 2).remaining, 1U);
  EXPECT_EQ(limiter_.look("a", 2).reset, reset(clock_.now() + 60s));
  EXPECT_EQ(admitted("a", 2, 5), 1);
  EXPECT_EQ(limiter_.look("a", 2).remaining, 0U);
  clock_.advance(60s);
  EXPECT_EQ(limiter_.look("a", 2).remaining, 2U);
}

TEST_F(RateLimitTest, ManyAtOnceGetNoMoreThanTheLimit) {
  for (const std::uint32_t limit : {7U, 1000U}) {
    std::atomic<std::uint32_t> count = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
          const std::string who = "a" + std::to_string(limit);
          for (int j = 0; j < 500; ++j) {
            if (limiter_.admit(who, limit).admitted) ++count;
          }
        });
      }
    }
    EXPECT_EQ(count, limit);
  }
}

TEST_F(RateLimitTest, CallersDoNotShare) {
  EXPECT_EQ(admitted("a", 3, 5), 3);
  EXPECT_EQ(admitted("b", 3, 5), 3);
}

// Whatever comes when, no window of a minute has more than the limit, and one that asks often
// enough gets nearly all of it.
TEST_F(RateLimitTest, EveryMinuteKeepsItsLimit) {
  std::mt19937 random(7);
  for (const std::uint32_t limit : {1U, 2U, 10U, 60U, 61U, 1000U, 5000U}) {
    const std::string who = std::to_string(limit);
    std::deque<Time> window;
    std::size_t most = 0;
    for (int step = 0; step < 20'000; ++step) {
      const bool is_pause = random() % 2000 == 0;
      clock_.advance(is_pause ? 70'000ms : std::chrono::milliseconds(random() % 20));
      const Time now = clock_.now();
      while (!window.empty() && window.front() <= now - 60s) window.pop_front();
      if (limiter_.admit(who, limit).admitted) window.push_back(now);
      ASSERT_LE(window.size(), limit) << step;
      most = std::max(most, window.size());
    }
    EXPECT_EQ(most, limit);
  }
}

TEST_F(RateLimitTest, ALargeLimitIsRefilledWithinASecondMore) {
  EXPECT_EQ(admitted("a", 1000, 1500), 1000);
  clock_.advance(61s);
  EXPECT_EQ(admitted("a", 1000, 1500), 1000);
}

TEST_F(RateLimitTest, AClockThatIsSetBackLocksNobodyOut) {
  EXPECT_EQ(admitted("a", 2, 2), 2);
  clock_.advance(-24h);
  EXPECT_EQ(admitted("a", 2, 5), 2);
}

TEST_F(RateLimitTest, RemembersNoMoreCallersThanItMay) {
  const std::size_t many = RateLimiter::kCallersMax + RateLimiter::kCallersMax / 4;
  for (std::size_t i = 0; i < many; ++i) limiter_.admit(std::to_string(i), 1);
  EXPECT_LE(limiter_.callers(), RateLimiter::kCallersMax);
  EXPECT_FALSE(limiter_.admit(std::to_string(many - 1), 1).admitted) << "the last ones are known";
}

TEST_F(RateLimitTest, ForgetsWhoAsksNoMore) {
  for (int i = 0; i < 10'000; ++i) limiter_.admit(std::to_string(i), 5);
  clock_.advance(61s);
  for (int i = 0; i < 20'000; ++i) limiter_.admit("busy " + std::to_string(i % 100), 1000);
  EXPECT_LE(limiter_.callers(), 200U);
}

}  // namespace
}  // namespace coffer::apis
