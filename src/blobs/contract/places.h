// The contract about places, for stores that keep them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "blobs/contract/fixture.h"

namespace coffer::blobs::test {

// The sizes of the following are of blobs in one request and in several.

TEST_P(PlacedStoreContract, EachUploadHasAPlaceOfItsOwn) {
  EXPECT_TRUE(store().keeps_places());
  std::set<Place> places;
  for (const std::size_t size : {0uz, 1'000uz, 1'400'000uz}) {
    const Bytes bytes = make_bytes(size, 50);
    const StoredBlob first = run(put(store(), bytes));
    const StoredBlob second = run(put(store(), bytes));
    places.insert({first.place, second.place});
    EXPECT_EQ(first.digest, second.digest);
    EXPECT_TRUE(run(store().begin_removal()->remove(first.ref())));
    EXPECT_EQ(stored(second.ref()), bytes) << "nobody else's bytes go";
  }
  EXPECT_EQ(places.size(), 6U);
  EXPECT_EQ(under_test_->count(), 3U);
}

TEST_P(PlacedStoreContract, ARemovedBlobIsGone) {
  for (const std::size_t size : {1'000uz, 1'400'000uz}) {
    const StoredBlob blob = run(put(store(), make_bytes(size, 51)));
    const auto removal = store().begin_removal();
    EXPECT_TRUE(run(removal->remove(blob.ref())));
    EXPECT_TRUE(run(is_gone(store(), blob.ref())));
    EXPECT_TRUE(run(removal->remove(blob.ref()))) << "gone already";
  }
  EXPECT_EQ(under_test_->count(), 0U);
}

TEST_P(PlacedStoreContract, NothingIsListed) {
  run(put(store(), make_bytes(1'000, 52)));
  EXPECT_TRUE(run(store().list(std::nullopt, 10)).empty());
}

// No row has taken their places.
TEST_P(PlacedStoreContract, LeftoversGoOnceNobodyHoldsThem) {
  for (const std::size_t size : {1'000uz, 1'400'000uz}) {
    auto held = run(seal(store(), make_bytes(size, 53)));
    const BlobRef ref(held->digest(), held->size(), held->place());
    run(put(store(), make_bytes(size, 54)));
    remove_all_leftovers(store());
    EXPECT_EQ(under_test_->count(), 1U);
    EXPECT_FALSE(run(is_gone(store(), ref)));
    held->discard();
    held = nullptr;
    remove_all_leftovers(store());
    EXPECT_EQ(under_test_->count(), 0U);
  }
}

TEST_P(PlacedStoreContract, LeftoversOfAnotherRunGo) {
  run(put(store(), make_bytes(1'000, 55)));
  run(put(store(), make_bytes(1'400'000, 56)));
  under_test_->reopen();
  EXPECT_EQ(under_test_->count(), 2U);
  remove_all_leftovers(store());
  EXPECT_EQ(under_test_->count(), 0U);
}

}  // namespace coffer::blobs::test
