#include "realtime/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace coffer::realtime {
namespace {

TEST(Turns, OneOfAnAccountAtATimeAndEachInItsTurn) {
  Turns turns;
  InlineExecutor here;
  std::vector<int> began;
  int reading = 0;
  int most = 0;
  int ended = 0;
  const auto read = [&](vault::AccountId account, int name, bool is_counted) -> Task<void> {
    for (int round = 0; round < 3; ++round) {
      const auto turn = co_await turns.take(account);
      began.push_back(name);
      if (is_counted) most = std::max(most, ++reading);
      co_await yield(here);
      co_await yield(here);
      if (is_counted) --reading;
    }
    ++ended;
  };
  const auto all = [&]() -> Task<void> {
    for (int name = 1; name <= 3; ++name) {
      start(read(vault::AccountId{1}, name, true), [](const std::exception_ptr&) {});
    }
    start(read(vault::AccountId{2}, 9, false), [](const std::exception_ptr&) {});
    while (ended < 4) co_await yield(here);
  };
  here.run(all());
  EXPECT_EQ(most, 1);
  // The other account waits for none of them.
  EXPECT_EQ(began[1], 9);
  std::erase(began, 9);
  EXPECT_EQ(began, (std::vector{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

}  // namespace
}  // namespace coffer::realtime
