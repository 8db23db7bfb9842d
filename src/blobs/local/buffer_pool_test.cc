#include "blobs/local/buffer_pool.h"

#include <gtest/gtest.h>

#include <thread>

#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

constexpr std::size_t kTwo = 2 * kBufferBytes;

Held take_into(BufferPool& pool, std::vector<Buffer>& taken) {
  taken.push_back(co_await pool.take());
}

class Pool : public testing::Test {
 protected:
  // Lets what was posted run.
  void settle() {
    executor_.run(yield());
    executor_.run(yield());
  }
  InlineExecutor executor_;
  Executor::Scope scope_{executor_};
};

TEST_F(Pool, BuffersAreAlignedAndOfOneSize) {
  BufferPool pool(kTwo, 0);
  const Buffer buffer = pool.try_take();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.span().data()) % kAlignment, 0u);
  EXPECT_EQ(buffer.span().size(), kBufferBytes);
}

TEST_F(Pool, BudgetHoldsAndIsAtLeastOne) {
  BufferPool pool(kTwo + 1, 0);
  const Buffer first = pool.try_take();
  const Buffer second = pool.try_take();
  EXPECT_TRUE(second);
  EXPECT_FALSE(pool.try_take());
  BufferPool tiny(1, 0);
  EXPECT_TRUE(tiny.try_take());
}

TEST_F(Pool, OnlyAsMuchAsAllowedStaysAllocated) {
  BufferPool pool(8 * kBufferBytes, kTwo);
  {
    std::vector<Buffer> all;
    for (int i = 0; i < 8; ++i) all.push_back(pool.try_take());
    EXPECT_EQ(pool.allocated(), 8u);
  }
  EXPECT_EQ(pool.allocated(), 2u);
}

TEST_F(Pool, WaitersAreServedInOrder) {
  BufferPool pool(kBufferBytes, 0);
  Buffer only = pool.try_take();
  std::vector<Buffer> first, second;
  const Held a = take_into(pool, first);
  const Held b = take_into(pool, second);
  only.release();
  EXPECT_FALSE(pool.try_take()) << "it belongs to who waits";
  settle();
  EXPECT_EQ(first.size(), 1u);
  EXPECT_TRUE(second.empty());
  first.clear();
  settle();
  EXPECT_EQ(second.size(), 1u);
}

TEST_F(Pool, WaiterThatLeavesHoldsNobodyUp) {
  BufferPool pool(kBufferBytes, 0);
  Buffer only = pool.try_take();
  std::vector<Buffer> gone, stays;
  {
    const Held a = take_into(pool, gone);
    const Held b = take_into(pool, stays);
    { const Held c = take_into(pool, gone); }
    only.release();
    settle();
    EXPECT_TRUE(a.done());
    gone.clear();
    settle();
    EXPECT_TRUE(b.done());
  }
  EXPECT_EQ(stays.size(), 1u);
}

// Granted, but gone before it could go on: the next one gets it.
TEST_F(Pool, BufferGrantedToAWaiterThatLeftIsPassedOn) {
  BufferPool pool(kBufferBytes, 0);
  Buffer only = pool.try_take();
  std::vector<Buffer> gone, stays;
  auto a = std::make_unique<Held>(take_into(pool, gone));
  const Held b = take_into(pool, stays);
  only.release();
  a.reset();
  settle();
  EXPECT_TRUE(gone.empty());
  EXPECT_EQ(stays.size(), 1u);
  stays.clear();
  EXPECT_TRUE(pool.try_take());
}

TEST_F(Pool, ReleasedOnAnotherThread) {
  BufferPool pool(kBufferBytes, kBufferBytes);
  for (int round = 0; round < 200; ++round) {
    Buffer only = pool.try_take();
    ASSERT_TRUE(only);
    std::thread other([held = std::move(only)]() mutable { held.release(); });
    const auto task = [](BufferPool& shared, Executor& home) -> Task<void> {
      const Buffer buffer = co_await shared.take();
      EXPECT_TRUE(buffer);
      EXPECT_EQ(Executor::current_or_null(), &home);
    };
    executor_.run(task(pool, executor_));
    other.join();
  }
}

}  // namespace
}  // namespace coffer::blobs::test
