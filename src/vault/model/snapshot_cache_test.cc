#include "vault/model/snapshot_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::vault {
namespace {

TEST(SnapshotCache, GivesWhatTheStateHeld) {
  SnapshotCache<int, std::string> cache(10);
  cache.add(1, 7, "seven");
  cache.add(1, 8, "eight");
  ASSERT_TRUE(cache.find(1, 7));
  EXPECT_EQ(*cache.find(1, 7), "seven");
  EXPECT_EQ(*cache.find(1, 8), "eight");
  EXPECT_FALSE(cache.find(1, 9));
  EXPECT_FALSE(cache.find(2, 7)) << "another state";
}

TEST(SnapshotCache, AnotherStateForgetsAll) {
  SnapshotCache<int, std::string> cache(10);
  cache.add(1, 7, "seven");
  cache.add(2, 8, "eight");
  EXPECT_FALSE(cache.find(2, 7));
  EXPECT_FALSE(cache.find(1, 7)) << "states never come back";
}

TEST(SnapshotCache, AStateWithoutANameIsNotKept) {
  SnapshotCache<int, std::string> cache(10);
  cache.add(0, 7, "seven");
  EXPECT_FALSE(cache.find(0, 7));
  cache.add(1, 8, "eight");
  cache.add(0, 7, "seven");
  EXPECT_TRUE(cache.find(1, 8)) << "nor does it take anything away";
}

TEST(SnapshotCache, IsBounded) {
  SnapshotCache<int, std::string> cache(3);
  for (int i = 0; i < 4; ++i) cache.add(1, i, "row");
  EXPECT_FALSE(cache.find(1, 0));
  EXPECT_TRUE(cache.find(1, 3));
}

}  // namespace
}  // namespace coffer::vault
