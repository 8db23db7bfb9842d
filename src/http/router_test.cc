#include "http/router.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace coffer::http {
namespace {

using testing::ElementsAre;

class RouterTest : public testing::Test {
 protected:
  void add(Method method, std::string pattern) {
    router_.add(method, pattern, patterns_.size());
    patterns_.push_back(std::move(pattern));
  }

  auto find(Method method, std::string_view target) const {
    return router_.find(method, parse_target(target).value());
  }

  // The pattern found; `405 <allow>` or `404`.
  std::string got(Method method, std::string_view target) const {
    const auto found = find(method, target);
    if (const auto* match = std::get_if<Router::Match>(&found)) return patterns_.at(match->route);
    if (const auto* wrong = std::get_if<Router::WrongMethod>(&found)) return "405 " + wrong->allow;
    return "404";
  }
  std::string get(std::string_view target) const { return got(Method::kGet, target); }

  PathParameters parameters(std::string_view target) const {
    return std::get<Router::Match>(find(Method::kGet, target)).parameters;
  }

  Router router_;
  std::vector<std::string> patterns_;
};

TEST_F(RouterTest, PrefersLiteralThenNumberThenTextThenRest) {
  for (const char* pattern :
       {"/m/{path...}", "/n/{path...}", "/m/{name}", "/m/{id:int}", "/m/12"}) {
    add(Method::kGet, pattern);
  }
  EXPECT_EQ(get("/m/12"), "/m/12");
  EXPECT_EQ(get("/m/13"), "/m/{id:int}");
  EXPECT_EQ(get("/m/x"), "/m/{name}");
  EXPECT_EQ(get("/m/x/y"), "/m/{path...}");
  EXPECT_EQ(get("/n/x"), "/n/{path...}");
  EXPECT_EQ(get("/m"), "404");
  EXPECT_EQ(get("/m/"), "404") << "the rest takes at least one segment";
}

TEST_F(RouterTest, GoesBackWhereTheBetterStepLeadsNowhere) {
  add(Method::kGet, "/a/b/c");
  add(Method::kGet, "/a/{x:int}/d");
  add(Method::kGet, "/a/{x}/e");
  add(Method::kGet, "/{x}/b/f");
  add(Method::kGet, "/a/{rest...}");
  EXPECT_EQ(get("/a/b/c"), "/a/b/c");
  EXPECT_EQ(get("/a/b/e"), "/a/{x}/e");
  EXPECT_EQ(get("/a/7/d"), "/a/{x:int}/d");
  EXPECT_EQ(get("/a/7/e"), "/a/{x}/e");
  EXPECT_EQ(get("/a/b/f"), "/a/{rest...}");
  EXPECT_EQ(get("/z/b/f"), "/{x}/b/f");
  EXPECT_EQ(get("/a/7/d/more"), "/a/{rest...}");
  EXPECT_EQ(get("/z/b"), "404");
}

TEST_F(RouterTest, ThePatternThatFitsBestDecidesWhateverTheMethod) {
  add(Method::kPost, "/media/upload");
  add(Method::kGet, "/media/{id}");
  add(Method::kPatch, "/media/{id}");
  EXPECT_EQ(get("/media/upload"), "405 OPTIONS, POST");
  EXPECT_EQ(got(Method::kPost, "/media/upload"), "/media/upload");
  EXPECT_EQ(got(Method::kDelete, "/media/x"), "405 GET, HEAD, OPTIONS, PATCH");
  EXPECT_EQ(got(Method::kOther, "/media/x"), "405 GET, HEAD, OPTIONS, PATCH");
  EXPECT_EQ(got(Method::kOptions, "/media/x"), "405 GET, HEAD, OPTIONS, PATCH");
  EXPECT_EQ(std::get<Router::WrongMethod>(find(Method::kGet, "/media/upload")).route, 0U)
      << "it also says in whose shape to answer";
}

TEST_F(RouterTest, HeadIsGetUnlessItHasItsOwn) {
  add(Method::kGet, "/a");
  add(Method::kHead, "/b");
  add(Method::kPost, "/c");
  add(Method::kOptions, "/c");
  EXPECT_EQ(got(Method::kHead, "/a"), "/a");
  EXPECT_EQ(got(Method::kHead, "/b"), "/b");
  EXPECT_EQ(get("/b"), "405 HEAD, OPTIONS");
  EXPECT_EQ(got(Method::kHead, "/c"), "405 OPTIONS, POST");
  EXPECT_EQ(got(Method::kOptions, "/c"), "/c");
}

TEST_F(RouterTest, ATrailingSlashMeansNothing) {
  add(Method::kGet, "/");
  add(Method::kGet, "/a/b/");
  add(Method::kGet, "/c/{x}");
  EXPECT_EQ(get("/"), "/");
  EXPECT_EQ(get("/a/b"), "/a/b/");
  EXPECT_EQ(get("/a/b/"), "/a/b/");
  EXPECT_EQ(get("/c/1/"), "/c/{x}");
  EXPECT_EQ(get("/c/"), "404");
  EXPECT_EQ(get("/c//"), "404") << "a parameter is never empty";
  EXPECT_EQ(get("/a/b//"), "404");
  EXPECT_EQ(get("//a/b"), "404");
  EXPECT_EQ(get("//"), "404");
}

TEST_F(RouterTest, ParametersAreDecodedSegments) {
  add(Method::kGet, "/p/{x}/q/{n:int}");
  add(Method::kGet, "/r/{first}/{rest...}");
  const auto plain = parameters("/p/a%2Fb%20%00/q/000000000000000042");
  EXPECT_EQ(plain.text("x"), std::string("a/b \0", 5));
  EXPECT_EQ(plain.integer("n"), 42);
  const auto rest = parameters("/r/x/y%2Fz/%2e%2e//w/");
  EXPECT_EQ(rest.text("first"), "x");
  EXPECT_THAT(rest.rest("rest"), ElementsAre("y/z", "..", "", "w"));
  EXPECT_THROW(rest.text("other"), std::out_of_range);
}

TEST_F(RouterTest, AnEscapedSlashIsNoSeparatorAndAnEscapedLiteralIsALiteral) {
  add(Method::kGet, "/a/b");
  EXPECT_EQ(get("/a%2fb"), "404");
  EXPECT_EQ(get("/%61/b"), "/a/b");
}

TEST_F(RouterTest, NumbersHaveOneToEighteenDigits) {
  add(Method::kGet, "/n/{n:int}");
  EXPECT_EQ(parameters("/n/999999999999999999").integer("n"), 999'999'999'999'999'999);
  for (const char* target : {"/n/1000000000000000000", "/n/-1", "/n/+1", "/n/1.0", "/n/0x1",
                             "/n/%20"
                             "1",
                             "/n/%d9%a1", "/n//"}) {
    EXPECT_EQ(get(target), "404") << target;
  }
}

TEST_F(RouterTest, OneShapeMayNameItsParametersDifferentlyByMethod) {
  add(Method::kGet, "/m/{id}");
  add(Method::kGet, "/m/{media}/content");
  add(Method::kDelete, "/m/{victim}");
  EXPECT_EQ(parameters("/m/1").text("id"), "1");
  EXPECT_EQ(parameters("/m/1/content").text("media"), "1");
  EXPECT_EQ(std::get<Router::Match>(find(Method::kDelete, "/m/1")).parameters.text("victim"), "1");
}

TEST_F(RouterTest, RefusesMalformedAndRepeatedPatterns) {
  for (const char* pattern :
       {"", "a", "//", "/a//b", "/{}", "/{x", "/x}", "/a{x}", "/{x}{y}", "/{x:float}", "/{x:}",
        "/{...}", "/{:int}", "/{x...}/y", "/{x}/{x}", "/{x y}", "/{{x}}"}) {
    EXPECT_THROW(router_.add(Method::kGet, pattern, 0), std::invalid_argument) << pattern;
  }
  add(Method::kGet, "/a/{x}");
  EXPECT_THROW(router_.add(Method::kGet, "/a/{y}/", 1), std::invalid_argument);
  EXPECT_NO_THROW(router_.add(Method::kPut, "/a/{y}", 1));
  EXPECT_NO_THROW(router_.add(Method::kGet, "/a/{y:int}", 1));
}

TEST_F(RouterTest, CostDoesNotGrowWithRoutesNorWithHostilePaths) {
  for (int i = 0; i < 10'000; ++i) add(Method::kGet, fmt::format("/api/r{}/{{id}}/x", i));
  for (int depth = 0; depth < 12; ++depth) {
    for (const char* kind : {"1", "{p:int}", "{p}"}) {
      std::string pattern = "/deep";
      for (int i = 0; i < depth; ++i) pattern += fmt::format("/{{a{}}}", i);
      add(Method::kPost, pattern + "/" + kind);
    }
  }
  std::string hostile = "/deep";
  for (int i = 0; i < 900; ++i) hostile += "/1";
  const Target far = parse_target("/api/r9999/abc/x").value();
  const Target bad = parse_target(hostile).value();

  const auto start = std::chrono::steady_clock::now();
  constexpr int kLookups = 10'000;
  for (int i = 0; i < kLookups; ++i) {
    ASSERT_TRUE(std::holds_alternative<Router::Match>(router_.find(Method::kGet, far)));
    ASSERT_TRUE(std::holds_alternative<Router::Unknown>(router_.find(Method::kGet, bad)));
  }
  const auto each = (std::chrono::steady_clock::now() - start) / kLookups;
  EXPECT_LT(each, std::chrono::microseconds(100)) << "generous: unoptimised it takes a few";
}

}  // namespace
}  // namespace coffer::http
