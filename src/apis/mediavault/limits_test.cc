// Rate limits and lifetimes of tokens, as Media Vault reports them.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "server/test/test_server.h"

namespace coffer::apis::mediavault {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const std::string kMe = "/api/v1/users/me";

Fields limited(Fields more = {}) {
  more.emplace_back("rate_limits", "on");
  return more;
}

std::int64_t number(const Response& reply, std::string_view name) {
  return std::stoll(reply.header(name).value_or("-1"));
}

std::int64_t left(const Response& reply) { return number(reply, "X-RateLimit-Remaining"); }

std::int64_t seconds(const Clock& clock) {
  return std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
}

std::vector<unsigned> statuses(int count, const std::function<Response(int)>& call) {
  std::vector<unsigned> all;
  for (int i = 0; i < count; ++i) all.push_back(call(i).status);
  return all;
}

// `good` times `status`, then 429.
std::vector<unsigned> then_refused(int good, unsigned status, int count) {
  std::vector<unsigned> all(static_cast<std::size_t>(count), 429);
  std::fill_n(all.begin(), good, status);
  return all;
}

void expect_rate_limited(const Response& reply) {
  EXPECT_EQ(reply.status, 429u);
  const value body = reply.json();
  EXPECT_EQ(body.as_object().size(), 3u);
  EXPECT_FALSE(body.at("success").as_bool());
  EXPECT_EQ(body.at("error").at("code"), "rate_limited");
  EXPECT_EQ(std::string(body.at("meta").at("request_id").as_string()),
            reply.header("X-Request-Id"));
  const std::int64_t wait = number(reply, "Retry-After");
  EXPECT_GE(wait, 1);
  EXPECT_LE(wait, 60);
  EXPECT_EQ(left(reply), 0);
  for (const char* name : {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"}) {
    EXPECT_TRUE(reply.header(name)) << name;
  }
}

TEST(MediaVaultLimits, AreTheDocumentedOnes) {
  TestServer server(limited());
  const auto anna = server.user("anna");
  const std::vector<std::pair<Caller, std::int64_t>> callers{
      {server.anyone(), 60}, {anna, 1000}, {server.with_api_key(anna.account), 5000}};
  for (const auto& [caller, limit] : callers) {
    const auto reply = caller.get(kMe);
    EXPECT_EQ(number(reply, "X-RateLimit-Limit"), limit);
    EXPECT_EQ(left(reply), limit - 1);
    const std::int64_t reset = number(reply, "X-RateLimit-Reset");
    EXPECT_GT(reset, seconds(server.clock()));
    EXPECT_LE(reset, seconds(server.clock()) + 120);
  }
}

TEST(MediaVaultLimits, RefuseTheSixtyFirstAnonymousRequest) {
  TestServer server(limited());
  const auto anyone = server.anyone();
  EXPECT_EQ(statuses(70,
                     [&](int) {
                       return anyone.post("/api/v1/auth/login", value{{"x", 1}});
                     }),
            then_refused(60, 400, 70));
  expect_rate_limited(anyone.get(kMe));
}

TEST(MediaVaultLimits, RemainingCountsDown) {
  TestServer server(limited({{"limits.account_per_minute", "10"}}));
  const auto anna = server.user("anna");
  for (const std::int64_t expected : {9, 8, 7, 6, 5}) EXPECT_EQ(left(anna.get(kMe)), expected);
}

TEST(MediaVaultLimits, GiveCallersBudgetsOfTheirOwn) {
  TestServer server(
      limited({{"limits.account_per_minute", "5"}, {"limits.api_key_per_minute", "7"}}));
  const auto anna = server.user("anna");
  const auto bert = server.user("bert");
  const auto key = server.with_api_key(anna.account);
  EXPECT_EQ(statuses(8, [&](int) { return anna.get(kMe); }), then_refused(5, 200, 8));
  EXPECT_EQ(bert.get(kMe).status, 200u);
  EXPECT_EQ(statuses(8, [&](int) { return key.get(kMe); }), then_refused(7, 200, 8));
}

TEST(MediaVaultLimits, SessionsOfAnAccountShareItsBudget) {
  TestServer server(limited({{"limits.account_per_minute", "5"}}));
  const std::vector<TestServer::User> sessions{server.user("anna"), server.user("anna")};
  EXPECT_EQ(statuses(10, [&](int i) { return sessions.at(i % 2).get(kMe); }),
            then_refused(5, 200, 10));
}

TEST(MediaVaultLimits, GuessingTokensCountsAsAnonymous) {
  TestServer server(limited({{"limits.anonymous_per_minute", "5"}}));
  EXPECT_EQ(statuses(10,
                     [&](int i) {
                       return server.anyone()
                           .with("Authorization", "Bearer guess." + std::to_string(i) + ".x")
                           .get(kMe);
                     }),
            then_refused(5, 401, 10));
}

TEST(MediaVaultLimits, ARefusedUploadIsNotStored) {
  TestServer server(limited({{"limits.account_per_minute", "3"}}));
  const auto anna = server.user("anna");
  EXPECT_EQ(statuses(6,
                     [&](int i) {
                       return anna.send_form(
                           "/api/v1/media/upload",
                           {{"file", std::string(300'000, static_cast<char>('a' + i)), "f"}});
                     }),
            then_refused(3, 201, 6));
  EXPECT_EQ(server.stored_blobs(), 3u);
}

TEST(MediaVaultLimits, ABudgetGrowsAgain) {
  TestServer server(limited({{"limits.account_per_minute", "60"}}));
  const auto anna = server.user("anna");
  while (anna.get(kMe).status == 200) {
  }
  const std::int64_t wait = number(anna.get(kMe), "Retry-After");
  ASSERT_GE(wait, 1);
  ASSERT_LE(wait, 60);
  server.advance(std::chrono::seconds(wait) - 1s);
  if (wait > 1) {
    EXPECT_EQ(anna.get(kMe).status, 429u);
  }
  server.advance(1s);
  EXPECT_EQ(anna.get(kMe).status, 200u);
}

TEST(MediaVaultLimits, LeaveHealthAlone) {
  TestServer server(limited({{"limits.anonymous_per_minute", "2"}}));
  EXPECT_EQ(statuses(10, [&](int) { return server.anyone().get("/healthz"); }),
            std::vector<unsigned>(10, 200));
}

TEST(MediaVaultLimits, ATokenEnds) {
  TestServer server(Fields{{"sessions.access_lifetime", "2s"}});
  server.user("anna");
  const value login =
      server.anyone()
          .post("/api/v1/auth/login", {{"username", "anna"}, {"password", TestServer::kPassword}})
          .json();
  EXPECT_EQ(login.at("expires_in"), 2);
  const auto bearing = [&](const value& token) {
    return server.anyone().with("Authorization", "Bearer " + std::string(token.as_string()));
  };
  const auto anna = bearing(login.at("token"));
  server.advance(2s - 1us);
  EXPECT_EQ(anna.get(kMe).status, 200u);
  server.advance(1s);
  const auto refused = anna.get(kMe);
  EXPECT_EQ(refused.status, 401u);
  EXPECT_EQ(refused.json().at("error").at("code"), "unauthorized");
  const auto renewed =
      server.anyone().post("/api/v1/auth/refresh", {{"refresh_token", login.at("refresh_token")}});
  ASSERT_EQ(renewed.status, 200u);
  EXPECT_EQ(renewed.json().at("success"), true);
  EXPECT_EQ(bearing(renewed.json().at("data").at("token")).get(kMe).status, 200u);
}

}  // namespace
}  // namespace coffer::apis::mediavault
