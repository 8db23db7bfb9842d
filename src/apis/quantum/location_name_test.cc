#include "apis/quantum/location_name.h"

#include <gtest/gtest.h>

namespace coffer::apis::quantum {
namespace {

TEST(LocationName, OrdinaryNamesAreGood) {
  for (const char* name : {"a",
                           "photo.jpg",
                           ".hidden",
                           "..hidden",
                           "a..b",
                           "a...",
                           "100%",
                           "100%.txt",
                           "50% off",
                           "%41",
                           "%2",
                           "%u00",
                           "Фото é 写真.png",
                           "AC／DC",
                           "a b",
                           " a ",
                           "ab:c",
                           "con man",
                           "console",
                           "com",
                           "com10",
                           "lpt",
                           "nulls.txt",
                           "a;b",
                           "~",
                           "-rf",
                           "*",
                           "?",
                           "\"",
                           "'; DROP TABLE",
                           "50%80 off.txt",
                           "caf%E9.pdf",
                           "%C0 la carte.txt",
                           "%e9t%e9",
                           "100%ff",
                           "a%c3"}) {
    EXPECT_EQ(judge(name), LocationStatus::kGood) << name;
  }
  EXPECT_EQ(judge(std::string(255, 'x')), LocationStatus::kGood);
}

TEST(LocationName, EscapesAreFoundInEverySpelling) {
  for (const std::string& name : {
           std::string(""),
           std::string("."),
           std::string(".."),
           std::string("..."),
           std::string(".. "),
           std::string(" .."),
           std::string("..;"),
           std::string("..;x=y"),
           std::string("a/b"),
           std::string("../a"),
           std::string("..\\a"),
           std::string("a\\b"),
           std::string("%2e%2e"),
           std::string("%2E."),
           std::string("%252e%252e"),
           std::string("%25252e%25252e"),
           std::string("%2f"),
           std::string("a%2fb"),
           std::string("a%5Cb"),
           std::string("a%252fb"),
           std::string("%u002e%u002e"),
           std::string("%u2215..%u2215"),
           std::string("a%u005cb"),
           std::string("a\0b", 3),
           std::string("a%00b"),
           std::string("a%2500b"),
           std::string("a\nb"),
           std::string("a\x7f"),
           std::string("a\xc2\x85"),
           std::string("%0d%0a"),
           std::string("\xc0\xae\xc0\xae"),
           std::string("\xc0\xaf"),
           std::string("\xe0\x80\xaf"),
           std::string("\xf0\x80\x80\xaf"),
           std::string("%c0%ae%c0%ae"),
           std::string("\xff"),
           std::string("\xed\xa0\x80"),
           std::string("．．"),
           std::string("．．／etc"),
           std::string("․․"),
           std::string("‥"),
           // What is not UTF-8 hides nothing.
           std::string("%e9/.."),
           std::string("..%2f%e9"),
           std::string("%80%2e%2e"),
           std::string(".%80."),
           std::string("%2e%ff%2e"),
           std::string("%c0%ae%c0%ae%e9"),
           std::string("..%c0%af%ff"),
           std::string("%c1%1c"),
           std::string("a%c1%9cb"),
           std::string("%c0%2e."),
           std::string("%e0%80%ae."),
           std::string("%f8%80%80%80%af"),
           std::string("%fc%80%80%80%80%af"),
           std::string("%80"),
           std::string("%25c0%25ae%25c0%25ae"),
           std::string("a%ff%00"),
           std::string("a%ff%0a"),
       }) {
    EXPECT_EQ(judge(name), LocationStatus::kEscape) << name;
  }
  // As often as it takes.
  std::string deep = "..";
  for (int i = 0; i < 20; ++i) {
    std::string encoded;
    for (const char c : deep) encoded += c == '.' ? "%2e" : c == '%' ? "%25" : std::string(1, c);
    deep = encoded;
    EXPECT_EQ(judge(deep), LocationStatus::kEscape) << deep;
  }
}

TEST(LocationName, WhatCannotBeANameIsUnfit) {
  for (const char* name : {"a:b", "con", "NUL", "aux.txt", "Com1", "lpt9.log", "COM¹",
                           "c:", "C:windows", "%63on", " "}) {
    EXPECT_EQ(judge(name), LocationStatus::kUnfit) << name;
  }
  EXPECT_EQ(judge(std::string(256, 'x')), LocationStatus::kUnfit);
}

TEST(LocationName, TheWorstNameDecides) {
  EXPECT_EQ(judge(std::vector<std::string>{}), LocationStatus::kGood);
  EXPECT_EQ(judge(std::vector<std::string>{"a", "con", "b"}), LocationStatus::kUnfit);
  EXPECT_EQ(judge(std::vector<std::string>{"..", "con", "b"}), LocationStatus::kEscape);
}

}  // namespace
}  // namespace coffer::apis::quantum
