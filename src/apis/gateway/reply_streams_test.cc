#include "apis/gateway/reply_streams.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>

#include "base/executor.h"

namespace coffer::apis {
namespace {

TEST(ReplyStreamsTest, EachHasAShareAndAllTogetherABound) {
  ReplyStreams streams({.total = 5, .each = 2});
  std::deque<ReplyStreams::Slot> places;
  const auto take = [&](const std::string& who) {
    auto place = streams.take(who);
    if (place) places.push_back(std::move(*place));
    return place.has_value();
  };
  EXPECT_TRUE(take("anna"));
  EXPECT_TRUE(take("anna"));
  EXPECT_FALSE(take("anna"));
  EXPECT_TRUE(take("bob"));
  EXPECT_TRUE(take("bob"));
  EXPECT_TRUE(take("carl"));
  EXPECT_FALSE(take("dora")) << "all places are taken";
  EXPECT_EQ(streams.count(), 5U);
  EXPECT_EQ(streams.refused(), 2U);
  places.pop_front();
  EXPECT_TRUE(take("anna"));
  places.clear();
  EXPECT_EQ(streams.count(), 0U);
  EXPECT_TRUE(take("dora"));
}

class Endless final : public http::BodySource {
 public:
  Task<std::string> next() override { co_return "piece"; }
};

TEST(ReplyStreamsTest, WhoIsAdmittedNoLongerGetsNoFurtherPiece) {
  ReplyStreams streams;
  bool admitted = true;
  {
    const auto source = guarded(std::make_unique<Endless>(), streams.take("anna").value(),
                                [&]() -> Task<bool> { co_return admitted; });
    InlineExecutor here;
    EXPECT_EQ(here.run(source->next()), "piece");
    EXPECT_EQ(streams.count(), 1U);
    admitted = false;
    EXPECT_THROW(here.run(source->next()), std::exception);
  }
  EXPECT_EQ(streams.count(), 0U);
}

}  // namespace
}  // namespace coffer::apis
