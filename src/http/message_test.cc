#include "http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coffer::http {
namespace {

TEST(Method, NamesAreCaseSensitive) {
  for (const Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut,
                              Method::kPatch, Method::kDelete, Method::kOptions}) {
    EXPECT_EQ(method_from(name_of(method)), method);
  }
  for (const char* name : {"get", "GETT", "GE", "", "TRACE", "GET "}) {
    EXPECT_EQ(method_from(name), Method::kOther) << name;
  }
  EXPECT_EQ(name_of(Method::kOther), "");
}

TEST(Headers, SetKeepsThePlaceOfTheFirstAndDropsTheOthers) {
  Headers headers;
  headers.add("A", "1");
  headers.add("b", "2");
  headers.add("C", "3");
  headers.add("B", "4");
  headers.set("B", "5");
  headers.set("D", "6");
  std::string all;
  for (const auto& field : headers) {
    all.append(field.name).append("=").append(field.value).append(";");
  }
  EXPECT_EQ(all, "A=1;B=5;C=3;D=6;");
}

TEST(Headers, AreValues) {
  Headers headers;
  headers.add("A", std::string(600, 'a'));
  headers.add("B", "2");
  const Headers copy = headers;
  headers.set("B", *copy.get("A"));
  headers.remove("A");
  EXPECT_EQ(headers.get("A"), std::nullopt);
  EXPECT_EQ(headers.get("B"), std::string(600, 'a'));
  EXPECT_EQ(copy.get("B"), "2");
  const Headers moved = std::move(headers);
  EXPECT_EQ(moved.get("B"), std::string(600, 'a'));
  Headers cleared = copy;
  cleared.clear();
  EXPECT_EQ(cleared.size(), 0U);
  EXPECT_EQ(cleared.begin(), cleared.end());
  cleared.add("C", "");
  EXPECT_EQ(cleared.get("c"), "");
  EXPECT_EQ(cleared.get(""), std::nullopt);
}

TEST(Headers, AreFieldTextUnlessAnyEverWasNot) {
  Headers headers;
  EXPECT_TRUE(headers.are_field_text());
  headers.add("X-Odd", "tab\t \xC3\xA9");
  EXPECT_TRUE(headers.are_field_text());
  for (const std::string& bad : {std::string("a\r"), std::string("\n"), std::string(1, '\0')}) {
    Headers worse = headers;
    worse.add("X-Bad", bad);
    EXPECT_FALSE(worse.are_field_text());
    worse.set("X-Bad", "good");
    EXPECT_FALSE(worse.are_field_text());
    worse.clear();
    EXPECT_TRUE(worse.are_field_text());
  }
}

TEST(Headers, FindsAndJoinsWithoutCase) {
  Headers headers;
  headers.add("Range", "bytes=0-1");
  headers.add("x", "");
  headers.add("RANGE", "2-3");
  EXPECT_EQ(headers.get("range"), "bytes=0-1");
  EXPECT_EQ(headers.joined("rAnGe"), "bytes=0-1, 2-3");
  EXPECT_EQ(headers.joined("x"), "");
  EXPECT_EQ(headers.get("y"), std::nullopt);
  EXPECT_EQ(headers.joined("y"), std::nullopt);
  headers.remove("range");
  EXPECT_EQ(headers.size(), 1U);
}

TEST(Response, LengthIsThatOfAllSegments) {
  Response response = Response::text(201, "text/plain", "four");
  EXPECT_EQ(response.status, 201U);
  EXPECT_EQ(response.headers.get("content-type"), "text/plain");
  response.body.emplace_back(ContentSection{nullptr, 7, std::uint64_t{1} << 40U});
  response.body.emplace_back(std::string("xy"));
  EXPECT_EQ(response.length(), (std::uint64_t{1} << 40U) + 6);
}

TEST(ReasonPhrase, EveryStatusHasOne) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(507), "Insufficient Storage");
  EXPECT_EQ(reason_phrase(299), "OK");
  EXPECT_EQ(reason_phrase(499), "Bad Request");
  EXPECT_EQ(reason_phrase(599), "Internal Server Error");
  EXPECT_FALSE(reason_phrase(0).empty());
  EXPECT_FALSE(reason_phrase(1000).empty());
}

}  // namespace
}  // namespace coffer::http
