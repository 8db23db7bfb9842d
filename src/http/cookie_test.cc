#include "http/cookie.h"

#include <gtest/gtest.h>

#include <string_view>

namespace coffer::http {
namespace {

Headers with(std::string_view field) {
  Headers headers;
  headers.add("Host", "vault");
  headers.add("cookie", field);
  return headers;
}

TEST(CookieTest, IsFoundByItsWholeName) {
  EXPECT_EQ(cookie(with("share=1.a"), "share"), "1.a");
  EXPECT_EQ(cookie(with("a=b; share=1.a; c=d"), "share"), "1.a");
  EXPECT_EQ(cookie(with("a=b;share=1.a;"), "share"), "1.a");
  EXPECT_EQ(cookie(with("sharer=x; my_share=y; Share=z"), "share"), "");
  EXPECT_EQ(cookie(with("a=share=x"), "share"), "");
  EXPECT_EQ(cookie(Headers(), "share"), "");
}

TEST(CookieTest, TheFirstOneCounts) {
  EXPECT_EQ(cookie(with("share=1; share=2"), "share"), "1");
  Headers two = with("a=b");
  two.add("Cookie", "share=2");
  EXPECT_EQ(cookie(two, "share"), "2");
}

TEST(CookieTest, WhatIsNoPairIsPassedOver) {
  EXPECT_EQ(cookie(with("; ;share; =share; =; share=x"), "share"), "x");
  EXPECT_EQ(cookie(with("share"), "share"), "");
  EXPECT_EQ(cookie(with("share="), "share"), "");
  EXPECT_EQ(cookie(with(""), "share"), "");
  EXPECT_EQ(cookie(with("share=a=b"), "share"), "a=b");
}

}  // namespace
}  // namespace coffer::http
