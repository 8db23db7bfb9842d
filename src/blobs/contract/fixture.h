// What the contract's tests stand on: a store under test and a clock that they move.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "base/clock.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { open(std::size_t{16} << 20); }
  void open(std::size_t memory_budget) {
    under_test_.reset();
    under_test_ = GetParam().make(clock_, memory_budget);
  }
  BlobStore& store() { return under_test_->store(); }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  Bytes stored(BlobRef blob) {
    const std::shared_ptr<const Content> content = run(store().open(blob));
    if (!content) throw std::runtime_error("no such blob");
    return run(read(*content));
  }

  static constexpr Time kStart = from_micros(1'700'000'000'000'000);
  ManualClock clock_{kStart};
  InlineExecutor executor_;
  std::unique_ptr<StoreUnderTest> under_test_;
};

// What holds for stores that find blobs by their digests.
class DigestStoreContract : public StoreContract {};

// What holds for those that keep places.
class PlacedStoreContract : public StoreContract {};

}  // namespace coffer::blobs::test
