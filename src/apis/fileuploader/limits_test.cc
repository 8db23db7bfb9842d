// Rate limits, and in which order credentials are checked.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/test/test_server.h"

namespace coffer::apis::fileuploader {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const Fields kLimited{{"rate_limits", "on"}, {"trusted_proxies", "127.0.0.1"}};
const value kExpired{{"message", "Access token expired"}, {"errorId", -3}};
const value kInvalid{{"message", "Invalid access token"}, {"errorId", -4}};
const value kNotFound{{"message", "Token not found"}, {"errorId", -5}};

Response upload(const Caller& caller) {
  return caller.send_form("/api/upload/private", {{"file", "content", "test.mp4"}});
}

void expect_auth_error(const Response& reply, const value& wanted) {
  EXPECT_EQ(reply.status, 401u);
  EXPECT_EQ(reply.json(),
            (value{{"status", "error"}, {"message", "Auth error"}, {"auth_error", wanted}}));
  EXPECT_EQ(reply.header("WWW-Authenticate"), "Bearer");
}

void expect_limit(const Response& reply, int limit, int left) {
  EXPECT_EQ(reply.header("X-RateLimit-Limit"), std::to_string(limit));
  EXPECT_EQ(reply.header("X-RateLimit-Remaining"), std::to_string(left));
  const std::string reset = reply.header("X-RateLimit-Reset").value_or("");
  EXPECT_TRUE(!reset.empty() && reset.find_first_not_of("0123456789") == reset.npos) << reset;
}

// Gives the seconds after which another attempt is worth it.
std::chrono::seconds expect_rate_limited(const Response& reply, int limit) {
  EXPECT_EQ(reply.status, 429u);
  expect_limit(reply, limit, 0);
  const value body = reply.json();
  EXPECT_EQ(body.as_object().size(), 2u);
  EXPECT_EQ(body.at("status"), "error");
  EXPECT_TRUE(body.at("message").is_string());
  const std::chrono::seconds wait(std::stoll(reply.header("Retry-After").value_or("0")));
  EXPECT_GE(wait, 1s);
  EXPECT_LE(wait, 60s);
  return wait;
}

Caller at(const Caller& caller, const std::string& address) {
  return caller.with("X-Forwarded-For", address);
}

TEST(FileUploaderLimits, TwoUploadsAMinuteWhoeverAsks) {
  TestServer server(kLimited);
  const auto anna = server.user("anna");
  const std::vector<Caller> both{anna, server.anyone()};
  expect_limit(upload(at(anna, "198.51.100.1")), 2, 1);
  expect_limit(upload(at(server.anyone(), "198.51.100.1")), 2, 0);
  std::chrono::seconds wait{0};
  for (const Caller& one : both) wait = expect_rate_limited(upload(at(one, "198.51.100.1")), 2);
  // Elsewhere, and everything but uploads, goes on.
  EXPECT_EQ(upload(at(anna, "198.51.100.2")).status, 200u);
  EXPECT_EQ(at(anna, "198.51.100.1").get("/api/get_groups").status, 200u);
  EXPECT_EQ(anna.get("/api/get_files/private").json().at("data").as_array().size(), 2u);
  server.advance(wait);
  EXPECT_EQ(upload(at(anna, "198.51.100.1")).status, 200u);
}

TEST(FileUploaderLimits, TenLogInCallsAMinuteTogether) {
  TestServer server(kLimited);
  const Caller anyone = at(server.anyone(), "198.51.100.7");
  const std::vector<std::string> paths{"/api/register", "/api/login", "/api/refresh_token",
                                       "/api/logout"};
  for (int i = 0; i < 10; ++i) {
    const auto reply = anyone.post(paths.at(i % 4));
    EXPECT_TRUE(reply.status == 400 || reply.status == 401) << reply.status;
    expect_limit(reply, 10, 9 - i);
  }
  std::chrono::seconds wait{0};
  for (const std::string& path : paths) wait = expect_rate_limited(anyone.post(path), 10);
  EXPECT_EQ(server.anyone().post("/api/login").status, 400u) << "from elsewhere";
  EXPECT_EQ(anyone.get("/file/4yn-8yjhsu").status, 404u);
  server.advance(wait);
  EXPECT_EQ(anyone.post("/api/login").status, 400u);
}

TEST(FileUploaderLimits, AreSettings) {
  TestServer server(Fields{{"rate_limits", "on"},
                           {"limits.fileuploader_upload_per_minute", "4"},
                           {"limits.fileuploader_login_per_minute", "3"}});
  expect_limit(upload(server.anyone()), 4, 3);
  expect_limit(server.anyone().post("/api/login"), 3, 2);
}

TEST(FileUploaderLimits, CanBeSwitchedOff) {
  TestServer server(Fields{{"rate_limits", "off"}});
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(upload(server.anyone()).header("X-RateLimit-Limit"));
  }
}

TEST(FileUploaderAuth, ReportsWhatHasExpiredAsThat) {
  TestServer server(Fields{{"sessions.access_lifetime", "6s"}});
  const auto anna = server.user("anna");
  const auto groups = anna.get("/api/get_groups");
  EXPECT_EQ(groups.json().at("groups"), boost::json::array());
  EXPECT_EQ(anna.post("/api/v1/auth/logout").status, 200u);
  expect_auth_error(anna.get("/api/get_groups"), kNotFound);
  server.advance(7s);
  expect_auth_error(anna.get("/api/get_groups"), kExpired);
  expect_auth_error(anna.post("/api/refresh_token", value{{"accessToken", anna.token}}), kExpired);
  const Caller forger = server.anyone().with(
      "Authorization", "Bearer " + anna.token.substr(0, anna.token.size() - 4) + "AAAA");
  expect_auth_error(forger.get("/api/get_groups"), kInvalid);
  const auto file = upload(forger);
  EXPECT_EQ(file.status, 200u);
  EXPECT_EQ(file.json().at("status"), "success");
  EXPECT_EQ(file.json().at("synced"), false);
  EXPECT_EQ(file.json().at("auth_error"), kInvalid);
}

}  // namespace
}  // namespace coffer::apis::fileuploader
