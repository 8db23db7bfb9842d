#include "apis/gateway/logged_path.h"

#include <gtest/gtest.h>

namespace coffer::apis {
namespace {

using Segments = std::vector<std::string>;

TEST(LoggedPathTest, ParametersAreShownWhereTheyAreNumbers) {
  const auto shown = [](std::string_view value) {
    return LoggedPaths::known("/api/v1/media/{id}/content",
                              {"api", "v1", "media", std::string(value), "content"});
  };
  EXPECT_EQ(shown("12"), "/api/v1/media/12/content");
  EXPECT_EQ(shown("media_12"), "/api/v1/media/media_12/content");
  for (const char* secret :
       {"0190a3c4-0000-7000-8000-000000000001", "x", "", "12a", "media_", "_12", "Media_12",
        "cfa_12x", "12345678901234567890", "averylongword_1", "media_1_2", "４２"}) {
    EXPECT_EQ(shown(secret), "/api/v1/media/{id}/content") << secret;
  }
}

TEST(LoggedPathTest, APathOfManySegmentsIsShownByItsPattern) {
  EXPECT_EQ(LoggedPaths::known("/file/get/{path...}", {"file", "get", "1", "2", "3"}),
            "/file/get/{path...}");
  EXPECT_EQ(LoggedPaths::known("/s/{token}", {"s"}), "/s/{token}");
  EXPECT_EQ(LoggedPaths::known("", {}), "/");
}

TEST(LoggedPathTest, AnUnknownPathShowsTheWordsOfRoutesAlone) {
  LoggedPaths paths;
  paths.add("/api/v1/media/{id}/content");
  paths.add("/s/{token}");
  const std::pair<Segments, std::string> cases[] = {
      {{"api", "v2", "media"}, "/api/…/media"},
      {{"ss", "secret"}, "/…"},
      {{"s", "secret", "more", "content"}, "/s/…/content"},
      {{"S", "secret"}, "/…"},
      {{"12"}, "/…"},
      {{"", "s", ""}, "/s"},
      {{"{id}"}, "/…"},
      {{}, "/"},
  };
  for (const auto& [segments, shown] : cases) EXPECT_EQ(paths.unknown(segments), shown);
}

}  // namespace
}  // namespace coffer::apis
