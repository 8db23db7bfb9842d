#include "blobs/places.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/executor.h"
#include "blobs/test_memory_ledger.h"
#include "blobs/test_support.h"

namespace coffer::blobs {
namespace {

class PlacesTest : public testing::Test {
 protected:
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  std::vector<Place> abandoned(Places& places, std::size_t limit) {
    std::vector<Place> all;
    for (bool is_end = false; !is_end;) {
      const Places::Abandoned found = run(places.abandoned(limit));
      all.insert(all.end(), found.places.begin(), found.places.end());
      is_end = found.is_end;
    }
    return all;
  }

  // That many ask before the first one is answered; how many of them failed.
  std::size_t take_at_once(Places& places, std::size_t count,
                           std::vector<std::shared_ptr<const Places::Holder>>& holders) {
    std::size_t failed = 0;
    std::size_t left = count;
    const auto all = [&]() -> Task<void> {
      for (std::size_t i = 0; i < count; ++i) {
        start(places.take(), [&](std::exception_ptr error, auto holder) {
          --left;
          if (error) ++failed;
          if (!error) holders.push_back(std::move(*holder));
        });
      }
      while (left > 0) co_await yield(executor_);
    };
    run(all());
    return failed;
  }

  InlineExecutor executor_;
  test::MemoryLedger ledger_;
};

TEST(PlaceTest, ComparesBytewiseAndIsBounded) {
  EXPECT_TRUE(Place().empty());
  EXPECT_EQ(Place(as_bytes("abc")), Place(as_bytes("abc")));
  EXPECT_LT(Place(as_bytes("abc")), Place(as_bytes("abcd")));
  EXPECT_LT(Place(as_bytes("abcd")), Place(as_bytes("b")));
  EXPECT_LT(Place(as_bytes("a")), Place(as_bytes("\xff")));
  EXPECT_EQ(Place(as_bytes(std::string(32, 'x'))).bytes().size(), 32U);
  EXPECT_THROW(Place(as_bytes(std::string(33, 'x'))), std::length_error);
}

TEST_F(PlacesTest, EveryUploadGetsAnotherPlaceThatStandsInTheLedgerFirst) {
  Places places(ledger_, system_entropy(), 4);
  std::set<Place> given;
  for (int i = 0; i < 9; ++i) {
    const auto holder = run(places.take());
    EXPECT_TRUE(ledger_.standing.contains(holder->place()));
    EXPECT_TRUE(given.insert(holder->place()).second);
  }
  EXPECT_EQ(ledger_.additions, 3) << "four at a time";
}

TEST_F(PlacesTest, FewAreReservedAtFirst) {
  Places places(ledger_, system_entropy(), 256);
  run(places.take());
  EXPECT_EQ(ledger_.standing.size(), 4U);
  for (int i = 0; i < 1'000; ++i) run(places.take());
  EXPECT_LE(ledger_.additions, 10);
}

TEST_F(PlacesTest, ManyAtOnceReserveOneBatchAtATime) {
  Places places(ledger_, system_entropy(), 16);
  std::vector<std::shared_ptr<const Places::Holder>> holders;
  const std::size_t failed = take_at_once(places, 100, holders);
  EXPECT_EQ(failed, 0U);
  std::set<Place> given;
  for (const auto& holder : holders) given.insert(holder->place());
  EXPECT_EQ(given.size(), 100U);
  EXPECT_LE(ledger_.standing.size(), 100U + 16U);
}

TEST_F(PlacesTest, WhoWaitsForAReservationThatFailsIsToldWhy) {
  Places places(ledger_, system_entropy(), 16);
  ledger_.is_broken = true;
  std::vector<std::shared_ptr<const Places::Holder>> holders;
  EXPECT_EQ(take_at_once(places, 20, holders), 20U);
  ledger_.is_broken = false;
  EXPECT_TRUE(run(places.take()));
  EXPECT_EQ(ledger_.additions, 1);
}

TEST_F(PlacesTest, OneThatIsGivenUpWhileItReservesHoldsUpNobody) {
  Places places(ledger_, system_entropy(), 16);
  const auto ask = [](Places& from) -> test::Held { co_await from.take(); };
  {
    const Executor::Scope scope(executor_);
    const test::Held given_up = ask(places);
    EXPECT_FALSE(given_up.done());
  }
  EXPECT_TRUE(run(places.take()));
  EXPECT_EQ(ledger_.additions, 1);
}

TEST_F(PlacesTest, WhatIsReservedOrHeldIsNotAbandoned) {
  Places places(ledger_, system_entropy(), 4);
  auto holder = run(places.take());
  EXPECT_TRUE(abandoned(places, 3).empty());
  const Place place = holder->place();
  holder.reset();
  EXPECT_EQ(abandoned(places, 3), std::vector{place});
  ledger_.standing.erase(place);
  EXPECT_TRUE(abandoned(places, 3).empty()) << "a row has taken it";
}

TEST_F(PlacesTest, APlaceMayEndInWhatTheStoreWants) {
  Places places(ledger_, system_entropy(), 4);
  auto holder = run(places.take(".jpg"));
  const Place place = holder->place();
  EXPECT_EQ(place.bytes().size(), Places::kPlaceBytes + 4);
  EXPECT_TRUE(as_text(place.bytes()).ends_with(".jpg"));
  EXPECT_EQ(ledger_.standing, std::set{place}) << "no others are reserved with it";
  EXPECT_TRUE(abandoned(places, 3).empty());
  holder.reset();
  EXPECT_EQ(abandoned(places, 3), std::vector{place});
  ledger_.is_broken = true;
  EXPECT_THROW(run(places.take(".png")), std::runtime_error);
}

TEST_F(PlacesTest, WhatAnotherRunLeftIsAbandoned) {
  std::set<Place> left;
  {
    Places before(ledger_, system_entropy(), 16);
    run(before.take());
    left = ledger_.standing;
  }
  Places places(ledger_, system_entropy(), 16);
  const auto holder = run(places.take());
  const std::vector<Place> found = abandoned(places, 5);
  EXPECT_EQ(std::set<Place>(found.begin(), found.end()), left);
}

// The list was read before the commit that took the place, and the upload ended after it.
TEST_F(PlacesTest, APlaceThatARowTakesMeanwhileIsSpared) {
  Places places(ledger_, system_entropy(), 1);
  auto holder = run(places.take());
  ledger_.after_list = [&] {
    if (!holder) return;
    ledger_.standing.erase(holder->place());
    holder.reset();
  };
  EXPECT_TRUE(abandoned(places, 10).empty());
}

TEST_F(PlacesTest, ALedgerThatFailsGivesNoPlace) {
  Places places(ledger_, system_entropy(), 2);
  ledger_.is_broken = true;
  EXPECT_THROW(run(places.take()), std::runtime_error);
  ledger_.is_broken = false;
  EXPECT_TRUE(run(places.take()));
}

}  // namespace
}  // namespace coffer::blobs
