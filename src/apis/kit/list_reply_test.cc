#include "apis/kit/list_reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "base/executor.h"

namespace coffer::apis {
namespace {

// `pages` pages of `each` numbers.
NextPage numbers(int pages, int each) {
  return [=, page = 0](JsonElements& list) mutable -> Task<bool> {
    for (int i = 0; i < each; ++i) list.add(boost::json::object{{"number", page * each + i}});
    co_return ++page < pages;
  };
}

class ListReplyTest : public testing::Test {
 protected:
  http::Response answer(ListDocument document) {
    return here_.run(list_reply(std::move(document))).value();
  }
  // All of the body; how many pieces it had, and the longest of them.
  std::string body_of(http::Response& response) {
    std::string body;
    pieces_ = 0;
    longest_ = 0;
    for (auto& segment : response.body) body += std::get<std::string>(segment);
    while (response.rest) {
      const std::string piece = here_.run(response.rest->next());
      if (piece.empty()) return body;
      ++pieces_;
      longest_ = std::max(longest_, piece.size());
      body += piece;
    }
    return body;
  }

  InlineExecutor here_;
  int pieces_ = 0;
  std::size_t longest_ = 0;
};

TEST_F(ListReplyTest, AShortOneIsWhole) {
  ListDocument document;
  document.array(numbers(2, 2));
  auto response = answer(std::move(document));
  EXPECT_EQ(response.rest, nullptr);
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(body_of(response), R"([{"number":0},{"number":1},{"number":2},{"number":3}])");
}

TEST_F(ListReplyTest, AnEmptyOneIsAnArrayToo) {
  auto response = here_.run(list_reply({{"a", "é\"\n"}}, "b", numbers(30, 0))).value();
  EXPECT_EQ(response.rest, nullptr);
  EXPECT_EQ(body_of(response), R"({"a":"é\"\n","b":[]})");
}

TEST_F(ListReplyTest, ALongOneComesInPiecesOfBoundedLength) {
  ListDocument document;
  document.text("{\"a\":").array(numbers(3000, 10));
  document.text(",\"b\":").array(numbers(1, 1)).text(",\"c\":").array(numbers(500, 10)).text("}");
  auto response = answer(std::move(document));
  ASSERT_NE(response.rest, nullptr);
  const auto value = boost::json::parse(body_of(response)).as_object();
  EXPECT_GT(pieces_, 20);
  EXPECT_LT(longest_, 17'000U);
  ASSERT_EQ(value.at("a").as_array().size(), 30'000U);
  EXPECT_EQ(value.at("a").as_array().at(29'999).at("number").as_int64(), 29'999);
  EXPECT_EQ(value.at("b").as_array().size(), 1U);
  EXPECT_EQ(value.at("c").as_array().size(), 5'000U);
}

TEST_F(ListReplyTest, AFailureIsAnErrorInTheFirstPieceAndCutsALaterOne) {
  const auto failing = [](int after) {
    return [after, page = 0](JsonElements& list) mutable -> Task<bool> {
      if (page++ == after) throw std::runtime_error("no disk");
      list.add(boost::json::value(std::string(9'000, 'x')));
      co_return true;
    };
  };
  ListDocument at_once;
  at_once.array(failing(1));
  EXPECT_THROW(answer(std::move(at_once)), std::runtime_error);
  ListDocument later;
  later.array(failing(5));
  auto response = answer(std::move(later));
  EXPECT_THROW(body_of(response), std::runtime_error);
}

}  // namespace
}  // namespace coffer::apis
