#include "apis/kit/json_text.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace coffer::apis {
namespace {

TEST(JsonText, HasNumbersAsPeopleWriteThem) {
  const std::vector<std::pair<double, std::string>> numbers{
      {19, "19.0"},
      {52.5163, "52.5163"},
      {-0.001, "-0.001"},
      {0, "0.0"},
      {1e16, "10000000000000000.0"},
      {1'700'000'000.123456, "1700000000.123456"},
      {44.66, "44.66"},
      {1e-6, "0.000001"},
      {1e-7, "1e-07"},
      {1e300, "1e+300"},
  };
  for (const auto& [number, text] : numbers) {
    EXPECT_EQ(json_text(number), text);
    EXPECT_EQ(boost::json::parse(json_text(number)).to_number<double>(), number);
  }
  EXPECT_EQ(json_text(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(json_text(std::int64_t{-7}), "-7");
}

TEST(JsonText, LeavesTheRestAsItIs) {
  const boost::json::value value{
      {"1.9E1", "1.9E1"},
      {"quoted \\\" 2.5E0", "\\"},
      {"list", boost::json::array{1.5, -2, true, nullptr, "E", boost::json::object{{"x", 2.5}}}}};
  const std::string text = json_text(value);
  EXPECT_EQ(boost::json::parse(text), value);
  EXPECT_EQ(text, R"({"1.9E1":"1.9E1","quoted \\\" 2.5E0":"\\",)"
                  R"("list":[1.5,-2,true,null,"E",{"x":2.5}]})");
  EXPECT_EQ(json_text(boost::json::object()), "{}");
}

}  // namespace
}  // namespace coffer::apis
