#include "apis/gateway/accept.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace coffer::apis {
namespace {

constexpr std::string_view kHtml = "text/html";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPng = "image/png";

http::Request asking(std::string_view accept) {
  http::Request request;
  request.headers.add("Accept", std::string(accept));
  return request;
}

unsigned quality(std::string_view accept, std::string_view media_type) {
  return accept_quality(asking(accept), media_type);
}

TEST(AcceptTest, WithoutTheFieldEverythingIsAccepted) {
  EXPECT_EQ(accept_quality(http::Request(), kJson), 1000U);
  EXPECT_EQ(quality("", kJson), 1000U);
  EXPECT_FALSE(prefers_page(http::Request()));
}

TEST(AcceptTest, CodingsAreWeighedTheSameWay) {
  const auto coding = [](std::string_view field) {
    http::Request request;
    request.headers.add("Accept-Encoding", std::string(field));
    return accept_coding_quality(request, "gzip");
  };
  EXPECT_EQ(accept_coding_quality(http::Request(), "gzip"), 1000U);
  EXPECT_EQ(coding("br, GZIP"), 1000U);
  EXPECT_EQ(coding("*"), 1000U);
  EXPECT_EQ(coding("gzip;q=0.5, *;q=1"), 500U);
  EXPECT_EQ(coding("gzip;q=0, *"), 0U);
  EXPECT_EQ(coding("*;q=0"), 0U);
  EXPECT_EQ(coding("deflate, x-gzip2"), 0U);
  EXPECT_EQ(coding(""), 0U);
}

TEST(AcceptTest, TheMostSpecificRangeDecides) {
  constexpr std::string_view kAccept = "text/*;q=0.3, text/html;q=0.7, */*;q=0.5";
  EXPECT_EQ(quality(kAccept, kHtml), 700U);
  EXPECT_EQ(quality(kAccept, "text/plain"), 300U);
  EXPECT_EQ(quality(kAccept, kPng), 500U);
  EXPECT_EQ(quality("image/*, image/png;q=0", kPng), 0U);
  EXPECT_EQ(quality("image/*", kJson), 0U);
}

TEST(AcceptTest, ReadsWeights) {
  EXPECT_EQ(quality("text/html;q=0.25", kHtml), 250U);
  EXPECT_EQ(quality("text/html; level=1 ; Q=1.000", kHtml), 1000U);
  EXPECT_EQ(quality("TEXT/HTML ; q=0.001", kHtml), 1U);
}

TEST(AcceptTest, PassesOverWhatIsMalformed) {
  for (const char* weight : {"2", "1.5", "0.1234", ".5", "0.x", "-1", ""}) {
    EXPECT_EQ(quality("text/html;q=" + std::string(weight) + ", */*;q=0.1", kHtml), 100U) << weight;
  }
  EXPECT_EQ(quality(",,;q=1,text", kHtml), 0U);
}

// As browsers and programs send it.
TEST(AcceptTest, TellsBrowsersFromPrograms) {
  for (const char* browser :
       {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
        "text/html, application/json;q=0.9", "text/html"}) {
    EXPECT_TRUE(prefers_page(asking(browser))) << browser;
  }
  for (const char* program : {"*/*", "application/json", "application/json, text/plain, */*",
                              "application/json, text/html;q=0.5", "image/png"}) {
    EXPECT_FALSE(prefers_page(asking(program))) << program;
  }
}

TEST(AcceptTest, TellsPicturesFromDocuments) {
  for (const char* picture :
       {"image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        "image/webp,image/avif,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"}) {
    EXPECT_GT(quality(picture, kPng), quality(picture, kJson)) << picture;
  }
  constexpr std::string_view kNavigation =
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
  EXPECT_EQ(quality(kNavigation, kPng), quality(kNavigation, kJson));
}

}  // namespace
}  // namespace coffer::apis
