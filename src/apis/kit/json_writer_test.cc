#include "apis/kit/json_writer.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "apis/kit/json_text.h"

namespace coffer::apis {
namespace {

template <class Value>
std::string written(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

TEST(JsonWriter, WritesTextsAsTheSerializerDoes) {
  for (int c = 0; c < 256; ++c) {
    const std::string text = std::string("a") + static_cast<char>(c) + "z";
    EXPECT_EQ(written(text), json_text(boost::json::string(text))) << c;
  }
  std::mt19937 random(1);
  std::uniform_int_distribution<int> length(0, 40);
  std::uniform_int_distribution<int> byte(0, 127);
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (int left = length(random); left > 0; --left) text += static_cast<char>(byte(random));
    ASSERT_EQ(written(text), json_text(boost::json::string(text)));
    ASSERT_EQ(boost::json::parse(written(text)).as_string(), text);
  }
  EXPECT_EQ(written(std::string_view()), "\"\"");
  EXPECT_EQ(written("größer 字 🎞"), "\"größer 字 🎞\"");
}

TEST(JsonWriter, WritesNumbersAsTheSerializerDoes) {
  for (const double number : {0.0, -0.5, 19.0, 52.5163, 1e300, 1e-7, 1'700'000'000.123456}) {
    EXPECT_EQ(written(number), json_text(number));
  }
  EXPECT_EQ(written(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(written(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(written(std::uint8_t{7}), "7");
}

TEST(JsonWriter, WritesObjectsMemberByMember) {
  using namespace std::chrono;
  const std::vector<std::string> tags{"a", "b\"c"};
  const WrittenJson nested = ObjectWriter().member("n", 1).finish();
  EXPECT_EQ(ObjectWriter().finish().text, "{}");
  EXPECT_EQ(ObjectWriter()
                .member("text", "x")
                .member("yes", true)
                .member("no", false)
                .member("none", nullptr)
                .member("missing", std::optional<std::string>())
                .member("there", std::optional<double>(2))
                .member("at", Time(sys_days(year(2026) / 1 / 2)))
                .member("tags", std::span<const std::string>(tags))
                .member("empty", std::span<const std::string>())
                .member("nested", nested)
                .finish()
                .text,
            R"({"text":"x","yes":true,"no":false,"none":null,"missing":null,"there":2.0,)"
            R"("at":"2026-01-02T00:00:00Z","tags":["a","b\"c"],"empty":[],"nested":{"n":1}})");
}

}  // namespace
}  // namespace coffer::apis
