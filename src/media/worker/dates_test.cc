#include "media/worker/dates.h"

#include <gtest/gtest.h>

namespace coffer::media {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// 2023-05-30T10:11:12.
constexpr std::int64_t kMoment = 1'685'441'472 * kSecond;

TEST(ParseMoment, ReadsWhatCamerasWrite) {
  EXPECT_EQ(parse_moment("2023:05:30 10:11:12"), (Moment{kMoment, std::nullopt}));
  EXPECT_EQ(parse_moment("2023-05-30T10:11:12"), (Moment{kMoment, std::nullopt}));
  EXPECT_EQ(parse_moment("2023-05-30T10:11:12Z"), (Moment{kMoment, std::int16_t{0}}));
  EXPECT_EQ(parse_moment("2023-05-30T10:11:12+0200"), (Moment{kMoment, std::int16_t{120}}));
  EXPECT_EQ(parse_moment("2023-05-30T10:11:12.25-03:30"),
            (Moment{kMoment + kSecond / 4, std::int16_t{-210}}));
  EXPECT_EQ(parse_moment("2023"), (Moment{1'672'531'200 * kSecond, std::nullopt}));
  EXPECT_EQ(parse_moment("2023-05-30"), (Moment{1'685'404'800 * kSecond, std::nullopt}));
  EXPECT_EQ(parse_moment("20230530"), (Moment{1'685'404'800 * kSecond, std::nullopt}));
}

TEST(ParseMoment, RefusesWhatIsNoDate) {
  for (const char* const text :
       {"", "    :  :     :  :  ", "0000:00:00 00:00:00", "2023:13:01 00:00:00",
        "2023:02:30 00:00:00", "2023:05:30 25:00:00", "2023:05:30 10:60:00", "yesterday",
        "2023:05:30 10:11:12+99:00", "1700:01:01 00:00:00"}) {
    EXPECT_FALSE(parse_moment(text)) << text;
  }
}

TEST(ParseIso6709, ReadsDegreesMinutesAndSeconds) {
  EXPECT_EQ(parse_iso6709("+37.5-122.25+010.5/"), (Coordinates{375'000'000, -1'222'500'000}));
  EXPECT_EQ(parse_iso6709("-33.5+151.0/"), (Coordinates{-335'000'000, 1'510'000'000}));
  EXPECT_EQ(parse_iso6709("+4030.0-00730.0/"), (Coordinates{405'000'000, -75'000'000}));
  EXPECT_FALSE(parse_iso6709("+00.0000+000.0000/"));
  EXPECT_FALSE(parse_iso6709("+91.0+000.0/"));
  EXPECT_FALSE(parse_iso6709("37.5-122.25"));
  EXPECT_FALSE(parse_iso6709("+37.5"));
  EXPECT_FALSE(parse_iso6709("+37.3349-1009022000901.+0/"));
}

}  // namespace
}  // namespace coffer::media
