#include "vault/model/last_uses.h"

#include <gtest/gtest.h>

#include "vault/model/types.h"

namespace coffer::vault {
namespace {

using namespace std::chrono_literals;

const Time kStart = from_micros(1'700'000'000'000'000);

TEST(LastUsesTest, NotesWhatIsNotWrittenDownYet) {
  LastUses<SessionId> uses;
  uses.note(SessionId{1}, kStart, std::nullopt);
  uses.note(SessionId{2}, kStart, kStart - kUsePrecision + 1us);
  uses.note(SessionId{3}, kStart, kStart - kUsePrecision);
  EXPECT_EQ(uses.find(SessionId{1}), kStart);
  EXPECT_EQ(uses.find(SessionId{2}), std::nullopt) << "near enough";
  EXPECT_EQ(uses.find(SessionId{3}), kStart);
}

TEST(LastUsesTest, KeepsTheLastOfEach) {
  LastUses<SessionId> uses;
  for (const auto after : {1s, 3s, 2s}) uses.note(SessionId{1}, kStart + after, std::nullopt);
  const auto taken = uses.take(10);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].first, SessionId{1});
  EXPECT_EQ(taken[0].second, kStart + 3s);
  EXPECT_TRUE(uses.take(10).empty());
}

TEST(LastUsesTest, HoldsNoMoreThanItMay) {
  LastUses<SessionId> uses;
  const auto count = static_cast<std::int64_t>(2 * LastUses<SessionId>::kMax);
  for (std::int64_t id = 1; id <= count; ++id) uses.note(SessionId{id}, kStart, std::nullopt);
  uses.note(SessionId{1}, kStart + 1s, std::nullopt);
  EXPECT_EQ(uses.find(SessionId{1}), kStart + 1s) << "a full one still renews what it has";
  EXPECT_EQ(uses.take(100).size(), 100U);
  EXPECT_EQ(uses.take(count).size(), LastUses<SessionId>::kMax - 100);
}

}  // namespace
}  // namespace coffer::vault
