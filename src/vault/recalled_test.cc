#include "vault/recalled.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::vault {
namespace {

TEST(Recalled, GivesWhatTheStateHeld) {
  Recalled<int, std::string> recalled(10);
  recalled.add(1, 7, "seven");
  recalled.add(1, 8, "eight");
  ASSERT_TRUE(recalled.find(1, 7));
  EXPECT_EQ(*recalled.find(1, 7), "seven");
  EXPECT_EQ(*recalled.find(1, 8), "eight");
  EXPECT_FALSE(recalled.find(1, 9));
  EXPECT_FALSE(recalled.find(2, 7)) << "another state";
}

TEST(Recalled, AnotherStateForgetsAll) {
  Recalled<int, std::string> recalled(10);
  recalled.add(1, 7, "seven");
  recalled.add(2, 8, "eight");
  EXPECT_FALSE(recalled.find(2, 7));
  EXPECT_FALSE(recalled.find(1, 7)) << "states never come back";
}

TEST(Recalled, AStateWithoutANameIsNotKept) {
  Recalled<int, std::string> recalled(10);
  recalled.add(0, 7, "seven");
  EXPECT_FALSE(recalled.find(0, 7));
  recalled.add(1, 8, "eight");
  recalled.add(0, 7, "seven");
  EXPECT_TRUE(recalled.find(1, 8)) << "nor does it take anything away";
}

TEST(Recalled, IsBounded) {
  Recalled<int, std::string> recalled(3);
  for (int i = 0; i < 4; ++i) recalled.add(1, i, "row");
  EXPECT_FALSE(recalled.find(1, 0));
  EXPECT_TRUE(recalled.find(1, 3));
}

}  // namespace
}  // namespace coffer::vault
