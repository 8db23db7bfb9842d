#include "apis/kit/json_parser.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <utility>
#include <vector>

namespace coffer::apis {
namespace {

using Kind = JsonFault::Kind;

TEST(JsonParser, ReadsWhatTheLibraryReads) {
  for (const char* text : {
           R"({})",
           R"({"a":1,"b":-2,"c":2.5E0,"d":[true,false,null],"e":{"a":1},"f":""})",
           R"({"":{"":{"":[]}}})",
           R"({"größe":"写真","tab\t":"\u0041\n"})",
           R"({"n":18446744073709551615,"m":-9223372036854775808})",
       }) {
    const auto object = parse_json_object(text);
    ASSERT_TRUE(object) << text;
    EXPECT_EQ(boost::json::parse(text), boost::json::value(*object)) << text;
  }
  EXPECT_EQ(parse_json_object(" \n{\"a\" : 1}\t ")->at("a"), 1);
}

TEST(JsonParser, RefusesAKeyThatIsThereTwice) {
  for (const auto& [text, key] : {
           std::pair(R"({"a":1,"a":1})", "a"),
           std::pair(R"({"a":1,"b":2,"c":3,"b":4})", "b"),
           std::pair(R"({"":1,"":2})", ""),
           std::pair(R"({"a":1,"\u0061":2})", "a"),
           std::pair(R"({"x":[{"in":{"deep":1,"deep":2}}]})", "deep"),
       }) {
    const auto object = parse_json_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().kind, Kind::kDuplicateKey) << text;
    EXPECT_EQ(object.error().detail, key) << text;
  }
  // In objects of their own they may be the same, and a long key comes in parts.
  EXPECT_TRUE(parse_json_object(R"({"a":{"a":1},"b":[{"a":1},{"a":2}],"A":1})"));
  const std::string key(10'000, 'k');
  EXPECT_TRUE(parse_json_object("{\"" + key + "1\":1,\"" + key + "2\":2}"));
  EXPECT_FALSE(parse_json_object("{\"" + key + "\":1,\"" + key + "\":2}"));
}

TEST(JsonParser, TellsWhatIsWrong) {
  EXPECT_EQ(parse_json_object("").error().kind, Kind::kEmpty);
  std::string deep = R"({"a":)";
  deep.append(1000, '[');
  const std::vector<std::string> texts{" ",
                                       "{",
                                       R"({"a":1,})",
                                       R"({"a":1} x)",
                                       R"({"a":1}{"a":1})",
                                       "{\"a\":\"\xff\"}",
                                       R"({"a":"\ud800"})",
                                       R"({"a":NaN})",
                                       "// \n{}",
                                       deep};
  for (const std::string& text : texts) {
    const auto object = parse_json_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().kind, Kind::kSyntax) << text;
    EXPECT_FALSE(object.error().detail.empty()) << text;
  }
  for (const auto& [text, what] :
       {std::pair("[]", "array"), std::pair("1", "integer"), std::pair("1.5", "number"),
        std::pair("\"x\"", "string"), std::pair("null", "null"), std::pair("true", "bool")}) {
    const auto object = parse_json_object(text);
    ASSERT_FALSE(object) << text;
    EXPECT_EQ(object.error().kind, Kind::kNotAnObject) << text;
    EXPECT_EQ(object.error().detail, what) << text;
  }
}

TEST(JsonParser, TellsWhereATextIsWrong) {
  const auto place = [](std::string_view text) {
    const std::string detail = parse_json_object(text).error().detail;
    return detail.substr(detail.find(" at ") + 4);
  };
  EXPECT_EQ(place(R"({"a": x})"), "line 1, column 7 (byte 6)");
  EXPECT_EQ(place("{\n  \"a\": 1,\n  \"b\" 2\n}"), "line 3, column 7 (byte 18)");
  EXPECT_EQ(place("{\"a\": 1"), "line 1, column 8 (byte 7)");
  EXPECT_EQ(place("{} {}"), "line 1, column 4 (byte 3)");
}

}  // namespace
}  // namespace coffer::apis
