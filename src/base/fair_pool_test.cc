#include "base/fair_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace coffer {
namespace {

using namespace std::chrono_literals;

// Jobs of several callers, whose order of running is written down.
class FairPoolTest : public testing::Test {
 protected:
  void open(FairPool::Limits limits) { pool_ = std::make_unique<FairPool>("fair", limits); }

  // Holds a thread of the pool until the gate is opened.
  void occupy(std::int64_t who) {
    ++asked_;
    coffer::start(hold(who), [this](std::exception_ptr, std::optional<bool>) { ++answered_; });
    while (held_ < asked_) std::this_thread::sleep_for(1ms);
  }
  void ask(std::int64_t who, std::string name) {
    ++asked_;
    coffer::start(job(who, std::move(name)), [this](std::exception_ptr, std::optional<bool> ran) {
      if (!ran.value_or(true)) ++refused_;
      ++answered_;
    });
  }
  // Once everything is answered.
  std::string order() {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (answered_ < asked_ && std::chrono::steady_clock::now() < end) {
      here_.run(nothing());
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(answered_, asked_);
    return order_;
  }

  Task<bool> hold(std::int64_t who) {
    const auto wait = [this] {
      ++held_;
      gate_.get_future().wait();
    };
    const bool ran = co_await pool_->run(who, wait);
    co_return ran;
  }
  Task<bool> job(std::int64_t who, std::string name) {
    const auto note = [&] {
      const std::lock_guard lock(mutex_);
      order_ += name + ' ';
    };
    const bool ran = co_await pool_->run(who, note);
    co_return ran;
  }
  static Task<void> nothing() { co_return; }

  InlineExecutor here_;
  Executor::Scope scope_{here_};
  std::promise<void> gate_;
  std::atomic<int> held_ = 0;
  int asked_ = 0;
  int answered_ = 0;
  int refused_ = 0;
  std::mutex mutex_;
  std::string order_;
  std::unique_ptr<FairPool> pool_;
};

TEST_F(FairPoolTest, ThoseWhoWaitAreServedInTurn) {
  open({.threads = 1});
  occupy(9);
  for (const char* name : {"a1", "a2", "a3", "a4"}) ask(1, name);
  ask(2, "b1");
  ask(3, "c1");
  ask(2, "b2");
  gate_.set_value();
  EXPECT_EQ(order(), "a1 b1 c1 a2 b2 a3 a4 ");
}

TEST_F(FairPoolTest, TheLineIsBoundedInAllAndForEach) {
  open({.threads = 1, .waiting = 5, .waiting_each = 3});
  occupy(9);
  for (const char* name : {"a1", "a2", "a3", "a4"}) ask(1, name);
  EXPECT_EQ(pool_->load().refused, 1U);
  for (const char* name : {"b1", "b2", "b3"}) ask(2, name);
  EXPECT_EQ(pool_->load().refused, 2U);
  EXPECT_EQ(pool_->load().waiting, 5U);
  ask(FairPool::kOwn, "own");
  EXPECT_EQ(pool_->load().refused, 2U);
  gate_.set_value();
  EXPECT_EQ(order(), "a1 b1 own a2 b2 a3 ");
  EXPECT_EQ(refused_, 2);
  EXPECT_EQ(pool_->load().waiting, 0U);
}

TEST_F(FairPoolTest, OneAloneNeverHasAllThreads) {
  open({.threads = 2});
  occupy(1);
  ask(1, "a");  // has to wait, though a thread is free
  ask(2, "b");
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (!order_.empty()) break;
    }
    std::this_thread::sleep_for(1ms);
  }
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(pool_->load().waiting, 1U);
  gate_.set_value();
  EXPECT_EQ(order(), "b a ");
}

TEST_F(FairPoolTest, WhatHasWaitedTooLongIsNotRun) {
  open({.threads = 1, .wait = 1ms});
  occupy(FairPool::kOwn);  // which may wait for its thread as long as that takes
  ask(1, "a");
  ask(FairPool::kOwn, "own");
  std::this_thread::sleep_for(20ms);
  gate_.set_value();
  EXPECT_EQ(order(), "own ");
  EXPECT_EQ(refused_, 1);
  EXPECT_EQ(pool_->load().refused, 1U);
}

TEST_F(FairPoolTest, WhatAJobThrowsComesToWhoAsked) {
  open({});
  const auto fail = [&] { here_.run(pool_->run(1, [] { throw std::out_of_range("here"); })); };
  EXPECT_THROW(fail(), std::out_of_range);
}

}  // namespace
}  // namespace coffer
