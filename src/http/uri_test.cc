#include "http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coffer::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using namespace std::string_literals;

std::vector<std::string> segments(std::string_view target) {
  const auto parsed = parse_target(target);
  EXPECT_TRUE(parsed) << target;
  return parsed ? parsed->segments : std::vector<std::string>{"<refused>"};
}

TEST(Target, SplitsThePathBeforeItDecodes) {
  EXPECT_THAT(segments("/"), IsEmpty());
  EXPECT_THAT(segments("/a/b"), ElementsAre("a", "b"));
  EXPECT_THAT(segments("/a/b/"), ElementsAre("a", "b"));
  EXPECT_THAT(segments("/a%2fb/c"), ElementsAre("a/b", "c"));
  EXPECT_THAT(segments("/a%2F"), ElementsAre("a/"));
  EXPECT_THAT(segments("//"), ElementsAre(""));
  EXPECT_THAT(segments("/a//b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(segments("/a//"), ElementsAre("a", ""));
  EXPECT_THAT(segments("/../%2e%2e/."), ElementsAre("..", "..", "."));
  EXPECT_THAT(segments("/%00"), ElementsAre("\0"s));
  EXPECT_THAT(segments("/%25%34%31"), ElementsAre("%41")) << "decoded once, never twice";
  EXPECT_THAT(segments("/a+b"), ElementsAre("a+b"));
  EXPECT_THAT(segments("/caf\xc3\xa9"), ElementsAre("caf\xc3\xa9"));
  EXPECT_THAT(segments("/%ff"), ElementsAre("\xff"));
}

TEST(Target, DropsSchemeAndAuthorityOfTheAbsoluteForm) {
  EXPECT_THAT(segments("http://host:80/a/b"), ElementsAre("a", "b"));
  EXPECT_THAT(segments("HTTPS://host"), IsEmpty());
  const auto parsed = parse_target("http://host?x=/y");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->raw_path, "/");
  EXPECT_EQ(parsed->parameter("x"), "/y");
  EXPECT_THAT(segments("/http://host/a"), ElementsAre("http:", "", "host", "a"));
}

TEST(Target, RefusesWhatIsNoTarget) {
  for (const std::string& target :
       {""s,          "**"s,        "a"s,      "host:443"s, "ftp://host/a"s, "http://"s,
        "http:///a"s, "http://?q"s, "://x/"s,  "/a#b"s,     "/a b"s,         "/a\tb"s,
        "/a\x01"s,    "/a\x7f"s,    "/a\r\n"s, "/a\0b"s,    "/%"s,           "/%4"s,
        "/%4g"s,      "/%g4"s,      "/%%41"s,  "/a?b=%zz"s, "/a?%"s,         "/a?b%2=c"s}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(Target, KeepsTheAuthorityOfTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://h:1/a?b=c")->authority, "h:1");
  EXPECT_EQ(parse_target("/a")->authority, "");
  EXPECT_EQ(parse_target("*")->raw_path, "*");
  EXPECT_FALSE(parse_target("http://u@h/a"));
}

// RFC 3986 section 3.2.2.
TEST(Authority, IsANameOrAnAddressAndPerhapsAPort) {
  for (const std::string_view good : {"",
                                      "h",
                                      "h:",
                                      "h:0",
                                      "h:80",
                                      "h:65535",
                                      "h.example.",
                                      "under_score",
                                      "-",
                                      "a~b",
                                      "%41.b",
                                      "caf%C3%A9.example",
                                      "a!$&'()*+,;=b",
                                      "127.0.0.1:8080",
                                      "[::1]",
                                      "[::1]:80",
                                      "[::]:",
                                      "[2001:db8::ffff:1.2.3.4]",
                                      "[v1.a:b]",
                                      "[vF.x]:1"}) {
    EXPECT_TRUE(is_authority(good)) << good;
  }
  std::string longest(255, 'a');
  longest += ":65535";
  EXPECT_TRUE(is_authority(longest));
}

TEST(Authority, IsNothingElse) {
  using namespace std::string_view_literals;
  for (const std::string_view bad : {":80"sv,
                                     "h:x"sv,
                                     "h:-1"sv,
                                     "h:+1"sv,
                                     "h:65536"sv,
                                     "h:80:80"sv,
                                     "h:99999999999999999999"sv,
                                     "::1"sv,
                                     "[::1"sv,
                                     "::1]"sv,
                                     "[]"sv,
                                     "[::1]x"sv,
                                     "[::1]80"sv,
                                     "[h]"sv,
                                     "[127.0.0.1]"sv,
                                     "[::1%25eth0]"sv,
                                     "[::g]"sv,
                                     "[[::1]]"sv,
                                     "[v.x]"sv,
                                     "[v1.]"sv,
                                     "[vg.x]"sv,
                                     "[::1\0]"sv,
                                     "h/p"sv,
                                     "u@h"sv,
                                     "h?"sv,
                                     "h#"sv,
                                     "a b"sv,
                                     " "sv,
                                     "%"sv,
                                     "%4"sv,
                                     "%zz"sv,
                                     "a\\b"sv,
                                     "<h>"sv,
                                     "\"h\""sv,
                                     "a\0b"sv,
                                     "\xc3\xa9"sv,
                                     "a,b c"sv,
                                     "[::1]:8:0"sv}) {
    EXPECT_FALSE(is_authority(bad)) << bad;
  }
  EXPECT_FALSE(is_authority(std::string(262, 'a')));
}

TEST(Target, BoundsHowMuchOneRequestCanMakeOfItself) {
  EXPECT_TRUE(parse_target(std::string(1000, '/')));
  EXPECT_FALSE(parse_target(std::string(1001, '/')));
  EXPECT_FALSE(parse_target("/?" + std::string(1000, '&')));
}

TEST(Target, KeepsThePathAsSent) {
  const auto parsed = parse_target("/a%2fb//?q=1");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->raw_path, "/a%2fb//");
}

TEST(Form, ReadsPairsInOrder) {
  EXPECT_THAT(*parse_form("a=1&b=2&a=3"),
              ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("a", "3")));
  EXPECT_THAT(*parse_form("a+b=c+d%2Be"), ElementsAre(Pair("a b", "c d+e")));
  EXPECT_THAT(*parse_form("a=b=c&d&=e&&"),
              ElementsAre(Pair("a", "b=c"), Pair("d", ""), Pair("", "e")));
  EXPECT_THAT(*parse_form("a%26b=%3D"), ElementsAre(Pair("a&b", "=")));
  EXPECT_THAT(*parse_form(""), IsEmpty());
  EXPECT_FALSE(parse_form("a=%e"));
}

TEST(Form, ParameterIsTheFirstOfItsName) {
  const auto parsed = parse_target("/?a=1&a=2&A=3");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->parameter("a"), "1");
  EXPECT_EQ(parsed->parameter("A"), "3");
  EXPECT_EQ(parsed->parameter("b"), std::nullopt);
}

TEST(Percent, EncodesAllButUnreservedAndComesBack) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode(" /%+\"'é\r\n"), "%20%2F%25%2B%22%27%C3%A9%0D%0A");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}

}  // namespace
}  // namespace coffer::http
