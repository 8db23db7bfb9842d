#include "apis/fileuploader/errors.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace coffer::apis::fileuploader {
namespace {

using boost::json::value;

http::Request request_to(std::string_view target) {
  http::Request request;
  request.target = target;
  request.uri = http::parse_target(target).value();
  return request;
}

value body_of(const http::Response& response) {
  return boost::json::parse(std::get<std::string>(response.body.at(0)));
}

TEST(FileUploaderErrors, AuthErrorsHaveTheDocumentsNumbers) {
  struct Row {
    ProblemKind kind;
    int id;
    std::string_view message;
  };
  constexpr Row kRows[] = {
      {ProblemKind::kNoCredentials, -1, "No Authorization header provided"},
      {ProblemKind::kMalformedCredentials, -2,
       "Authorization header must have Bearer <token> format"},
      {ProblemKind::kTokenExpired, -3, "Access token expired"},
      {ProblemKind::kTokenInvalid, -4, "Invalid access token"},
      {ProblemKind::kSessionGone, -5, "Token not found"},
      {ProblemKind::kAccountDisabled, -5, "Token not found"},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.message);
    const auto response =
        render_problem({row.kind, "Something else"}, request_to("/api/get_groups"), "");
    EXPECT_EQ(response.status, 401u);
    EXPECT_EQ(body_of(response),
              (value{{"status", "error"},
                     {"message", "Auth error"},
                     {"auth_error", {{"message", row.message}, {"errorId", row.id}}}}));
  }
}

TEST(FileUploaderErrors, EveryOtherKindHasItsStatusAndOneMessage) {
  for (int i = 0; i <= static_cast<int>(ProblemKind::kInternal); ++i) {
    const auto kind = static_cast<ProblemKind>(i);
    if (status_of(kind) == 401) continue;
    const auto response = render_problem({kind, "Why"}, request_to("/api/get_groups"), "");
    EXPECT_EQ(response.status, status_of(kind));
    EXPECT_EQ(body_of(response), (value{{"status", "error"}, {"message", "Why"}}));
  }
}

TEST(FileUploaderErrors, AFieldIsNamedInTheMessage) {
  const auto response = render_problem(Problem::field("file_url", "Must be a string"),
                                       request_to("/api/transfer"), "");
  EXPECT_EQ(body_of(response).at("message"), "file_url: Must be a string");
}

TEST(FileUploaderErrors, AreAPageForABrowserThatFollowsALink) {
  for (const std::string_view target : {"/file/4yn-8yjhsu", "/f/4yn-8yjhsu", "/invite/abc"}) {
    http::Request request = request_to(target);
    const auto plain = render_problem(no_such_file(), request, "/vault");
    EXPECT_EQ(body_of(plain), (value{{"status", "error"}, {"message", "File not found"}}));
    EXPECT_EQ(plain.headers.get("Vary"), "Accept");
    request.headers.add("Accept", "text/html,*/*;q=0.8");
    const auto page = render_problem(no_such_file(), request, "/vault");
    EXPECT_EQ(page.status, 404u);
    EXPECT_EQ(page.headers.get("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.headers.get("Vary"), "Accept");
    const auto& html = std::get<std::string>(page.body.at(0));
    EXPECT_NE(html.find("File not found"), std::string::npos);
    EXPECT_NE(html.find("href=\"/vault/"), std::string::npos) << "below the path of public_url";
  }
  http::Request call = request_to("/api/get_groups");
  call.headers.add("Accept", "text/html");
  EXPECT_EQ(render_problem({ProblemKind::kNotFound, "Why"}, call, "").headers.get("Content-Type"),
            "application/json");
}

TEST(FileUploaderErrors, TheDocumentsTables) {
  const auto expect = [](const http::Response& response, unsigned status, std::string_view text) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(body_of(response), (value{{"status", "error"}, {"message", text}}));
  };
  expect(no_such_group(), 404, "Group not found");
  expect(not_in_group(), 403, "You are not in the group");
  expect(invalid_group_id(), 400, "Invalid group id");
  expect(no_such_invite(), 404, "Invite link not found");
  EXPECT_EQ(body_of(failed(400, "Wrong", 7)),
            (value{{"status", "error"}, {"message", "Wrong"}, {"errorId", 7}}));
}

}  // namespace
}  // namespace coffer::apis::fileuploader
