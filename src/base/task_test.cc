#include "base/task.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"

namespace coffer {
namespace {

Task<int> answer() { co_return 42; }
Task<int> failing() {
  throw std::runtime_error("no");
  co_return 0;
}

TEST(Task, GivesItsValueAndItsException) {
  InlineExecutor here;
  EXPECT_EQ(here.run(answer()), 42);
  EXPECT_THROW(here.run(failing()), std::runtime_error);
}

TEST(Task, AwaitsAMillionFinishedTasksInConstantStack) {
  InlineExecutor here;
  auto sum = []() -> Task<long> {
    long total = 0;
    for (int i = 0; i < 1'000'000; ++i) total += co_await answer();
    co_return total;
  };
  EXPECT_EQ(here.run(sum()), 42'000'000);
}

TEST(Task, DestroysWhatItHoldsWhenItIsNeverAwaited) {
  auto held = std::make_shared<int>(1);
  {
    auto hold = [](std::shared_ptr<int> value) -> Task<int> { co_return *value; };
    const Task<int> task = hold(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, RunsAtOnceWhatNeedNotWait) {
  Task<int> good = answer();
  EXPECT_TRUE(good.run_at_once());
  EXPECT_EQ(good.take(), 42);
  Task<int> bad = failing();
  EXPECT_TRUE(bad.run_at_once());
  EXPECT_THROW(bad.take(), std::runtime_error);
  auto wait = []() -> Task<int> {
    co_await std::suspend_always();
    co_return 1;
  };
  Task<int> waiting = wait();
  EXPECT_FALSE(waiting.run_at_once());
}

TEST(Task, ThatEndedElsewhereDidNotEndAtOnce) {
  ThreadPool there("there", 1);
  for (int i = 0; i < 1000; ++i) {
    std::atomic<bool> ended = false;
    auto hop = [&]() -> Task<int> {
      co_await resume_on(there);
      ended = true;
      co_return 1;
    };
    Task<int> task = hop();
    EXPECT_FALSE(task.run_at_once());
    // Behind its last step.
    std::promise<void> behind;
    there.post([&] { behind.set_value(); });
    behind.get_future().wait();
    EXPECT_TRUE(ended);
  }
}

// The one thread finds the task ended, or asleep, while the other ends it.
TEST(Task, MayEndElsewhereWhileItIsStillBeingStarted) {
  ThreadPool left("left", 1);
  ThreadPool right("right", 1);
  InlineExecutor here;
  auto cross = [](Executor& to, int i) -> Task<int> {
    co_await resume_on(to);
    co_return i;
  };
  auto sum = [&]() -> Task<long> {
    long total = 0;
    for (int i = 0; i < 20'000; ++i) {
      co_await resume_on(left);
      total += co_await cross(right, i);
    }
    co_await resume_on(here);
    co_return total;
  };
  EXPECT_EQ(here.run(sum()), 20'000L * 19'999 / 2);
}

TEST(Task, MayEndLaterOnTheThreadThatStartedIt) {
  InlineExecutor here;
  auto later = [&](int i) -> Task<int> {
    co_await yield(here);
    co_return i;
  };
  auto sum = [&]() -> Task<int> {
    int total = 0;
    for (int i = 0; i < 1000; ++i) {
      total += co_await later(i);
      total += co_await answer();
    }
    co_return total;
  };
  EXPECT_EQ(here.run(sum()), 1000 * 999 / 2 + 42'000);
}

TEST(Task, MayRunOthersToTheirEndInside) {
  InlineExecutor outer;
  auto later = [](Executor& executor) -> Task<int> {
    co_await yield(executor);
    co_return 1;
  };
  auto nested = [&]() -> Task<int> {
    co_await yield(outer);
    InlineExecutor inner;
    co_return inner.run(later(inner)) + inner.run(answer());
  };
  auto sum = [&]() -> Task<int> {
    int total = 0;
    for (int i = 0; i < 100; ++i) total += co_await nested();
    co_return total;
  };
  EXPECT_EQ(outer.run(sum()), 4300);
}

TEST(Task, FramesMayEndOnAnotherThreadThanTheyBeganOn) {
  auto hold = []<std::size_t kSize>(std::array<char, kSize> bytes) -> Task<std::size_t> {
    co_return bytes.size();
  };
  for (int round = 0; round < 20; ++round) {
    std::vector<Task<std::size_t>> tasks;
    for (int i = 0; i < 100; ++i) {
      tasks.push_back(hold(std::array<char, 1>{}));
      tasks.push_back(hold(std::array<char, 700>{}));
      tasks.push_back(hold(std::array<char, 5000>{}));
    }
    std::jthread([&] {
      InlineExecutor there;
      std::size_t total = 0;
      for (auto& task : tasks) total += there.run(std::move(task));
      EXPECT_EQ(total, 100U * 5701);
      tasks.clear();
    });
  }
}

TEST(ThreadPool, BringsResultsAndExceptionsHome) {
  ThreadPool pool("test", 2);
  InlineExecutor here;
  auto work = [&]() -> Task<std::string> {
    const auto home = std::this_thread::get_id();
    const auto away = co_await pool.run([] { return std::this_thread::get_id(); });
    EXPECT_NE(away, home);
    EXPECT_EQ(std::this_thread::get_id(), home);
    std::string what;
    try {
      co_await pool.run([] { throw std::runtime_error("away"); });
    } catch (const std::runtime_error& error) {
      what = error.what();
    }
    EXPECT_EQ(std::this_thread::get_id(), home);
    co_return what;
  };
  EXPECT_EQ(here.run(work()), "away");
}

TEST(ThreadPool, HopsBetweenThreadsManyTimesFromManyExecutors) {
  ThreadPool pool("test", 2);
  std::vector<std::thread> threads;
  std::atomic<int> total = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      InlineExecutor here;
      auto work = [&]() -> Task<int> {
        int sum = 0;
        for (int i = 0; i < 2000; ++i) sum += co_await pool.run([] { return 1; });
        co_return sum;
      };
      total += here.run(work());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(total, 8000);
}

TEST(ThreadPool, FinishesWhatWasPostedBeforeItEnds) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool("test", 2);
    for (int i = 0; i < 100; ++i) pool.post([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

}  // namespace
}  // namespace coffer
