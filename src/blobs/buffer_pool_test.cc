#include "blobs/buffer_pool.h"

#include <gtest/gtest.h>

#include <vector>

namespace coffer::blobs::test {
namespace {

constexpr std::size_t kEight = 8 * kBufferBytes;

class Pool : public testing::Test {
 protected:
  UploadBudget budget_{{.bytes = 2 * kEight, .max_request = kBufferBytes}};
  UploadBudget::Share share_ = budget_.open("test").value();
};

TEST_F(Pool, BuffersAreAlignedAndAsLongAsTheirCharge) {
  BufferPool pool(0);
  Buffer buffer = pool.take(budget_.try_take(share_, kFirstBytes));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.span().data()) % kAlignment, 0u);
  EXPECT_EQ(buffer.span().size(), kFirstBytes);
  const std::byte* const place = buffer.span().data();
  EXPECT_TRUE(buffer.grow(kBufferBytes));
  EXPECT_EQ(buffer.span().size(), kBufferBytes);
  EXPECT_EQ(buffer.span().data(), place);
  EXPECT_EQ(budget_.load().bytes, kBufferBytes);
  buffer.release();
  EXPECT_EQ(budget_.load().bytes, 0u);
  EXPECT_FALSE(buffer);
}

TEST_F(Pool, NoChargeIsNoBuffer) {
  BufferPool pool(kEight);
  EXPECT_FALSE(pool.take(UploadBudget::Charge()));
  EXPECT_EQ(pool.allocated(), 0u);
}

TEST_F(Pool, OnlyAsMuchAsAllowedStaysAllocated) {
  BufferPool pool(2 * kBufferBytes);
  {
    std::vector<Buffer> all;
    for (int i = 0; i < 8; ++i) {
      all.push_back(pool.take(budget_.try_take(share_, kBufferBytes)));
      EXPECT_TRUE(all.back());
    }
    EXPECT_EQ(pool.allocated(), 8u);
  }
  EXPECT_EQ(pool.allocated(), 2u);
}

}  // namespace
}  // namespace coffer::blobs::test
