// Rate limits and lifetimes of tokens, as Media Vault reports them.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
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

TEST(MediaVaultLimits, AreToldInEveryReply) {
  TestServer server(limited({{"limits.anonymous_per_minute", "1000"},
                             {"cors.origins", "https://app.example.com"},
                             {"uploads.max_bytes", "1MiB"}}));
  const auto anna = server.user("anna");
  const auto nobody = server.anyone();
  const auto made = anna.send_form("/api/v1/media/upload", {{"file", "0123456789", "f.txt"}});
  const std::string media =
      "/api/v1/media/" + std::string(made.json().at("data").at("id").as_string());
  const std::string json = "application/json";
  const auto key = server.with_api_key(anna.account);
  for (int i = 0; i < 100; ++i) server.with_api_key(anna.account);
  const auto streamed = anna.get("/api/v1/api-keys");
  EXPECT_EQ(streamed.header("Transfer-Encoding"), "chunked");
  struct Case {
    std::string what;
    Response reply;
    unsigned status;
    std::int64_t limit;
  };
  const std::string preflight = "Access-Control-Request-Method";
  const Case cases[] = {
      {"created", made, 201, 1000},
      {"whole content", anna.get(media + "/content"), 200, 1000},
      {"a range", anna.call("GET", media + "/content", "", {{"Range", "bytes=1-2"}}), 206, 1000},
      {"no change",
       anna.call("GET", media + "/content", "",
                 {{"If-None-Match", anna.get(media + "/content").header("ETag").value()}}),
       304, 1000},
      {"no range", anna.call("GET", media + "/content", "", {{"Range", "bytes=99-"}}), 416, 1000},
      {"a head", anna.call("HEAD", media), 200, 1000},
      {"a list that is streamed", streamed, 200, 1000},
      {"a key", key.get(kMe), 200, 5000},
      {"no credentials", nobody.get(kMe), 401, 1000},
      {"bad credentials", nobody.with("Authorization", "Bearer x").get(kMe), 401, 1000},
      {"two credentials", anna.call("GET", kMe, "", {{"Authorization", "Bearer " + anna.token}}),
       400, 1000},
      {"forbidden", key.post("/api/v1/auth/logout"), 403, 5000},
      {"no such media", anna.get("/v1/media/media_99"), 404, 1000},
      {"no such path", anna.get("/api/v1/nothing"), 404, 1000},
      {"no such path with a key", key.get("/api/v1/nothing"), 404, 5000},
      {"no such path in a browser",
       nobody.call("GET", "/v1/nothing", "", {{"Accept", "text/html"}}), 404, 1000},
      {"a wrong method", key.call("PUT", kMe), 405, 5000},
      {"the methods", nobody.call("OPTIONS", kMe), 204, 1000},
      {"a preflight",
       nobody.call("OPTIONS", kMe, "",
                   {{"Origin", "https://app.example.com"}, {preflight, "PATCH"}}),
       204, 1000},
      {"bad JSON", anna.call("PATCH", kMe, "{", {{"Content-Type", json}}), 400, 1000},
      {"another type", anna.call("PATCH", kMe, "a", {{"Content-Type", "text/plain"}}), 415, 1000},
      {"too large",
       anna.send_form("/api/v1/media/upload", {{"file", std::string(2 << 20, 'x'), "f"}}), 413,
       1000},
      {"a long head", anna.call("GET", kMe, "", {{"X-Long", std::string(40'000, 'x')}}), 431, 1000},
      {"a long target", anna.get(kMe + "?" + std::string(40'000, 'x')), 414, 1000},
      {"a bad host", anna.call("GET", kMe, "", {{"Host", "a b"}}), 400, 1000},
      {"a bad coding", anna.call("POST", kMe, "", {{"Transfer-Encoding", "gzip, chunked"}}), 400,
       1000},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.what);
    EXPECT_EQ(one.reply.status, one.status) << one.reply.body;
    EXPECT_EQ(number(one.reply, "X-RateLimit-Limit"), one.limit);
    EXPECT_GE(left(one.reply), 0);
    EXPECT_LE(left(one.reply), one.limit);
    const std::int64_t reset = number(one.reply, "X-RateLimit-Reset") - seconds(server.clock());
    EXPECT_GE(reset, 0);
    EXPECT_LE(reset, 61);
    EXPECT_TRUE(one.reply.header("X-Request-Id").value_or("").starts_with("req_"));
  }
  EXPECT_EQ(left(nobody.get("/healthz")), -1) << "what belongs to no API has no limit";
}

TEST(MediaVaultLimits, CountWhatReachesNoRoute) {
  TestServer server(
      limited({{"limits.anonymous_per_minute", "4"}, {"limits.account_per_minute", "2"}}));
  const auto anna = server.user("anna");
  const auto nobody = server.anyone();
  EXPECT_EQ(statuses(4, [&](int i) { return anna.call(i < 1 ? "GET" : "PUT", kMe + "/x"); }),
            then_refused(2, 404, 4));
  expect_rate_limited(anna.get("/api/v1/nothing"));
  EXPECT_EQ(nobody.call("DELETE", "/api/v1/auth/login").status, 405u) << "another budget";
  EXPECT_EQ(nobody.get("/v1/nothing").status, 404u);
  EXPECT_EQ(left(nobody.get(kMe + "?" + std::string(40'000, 'x'))), 1);
  EXPECT_EQ(nobody.with("Authorization", "Bearer x").get("/v1/nothing").status, 404u)
      << "a token that is none is nobody's";
  expect_rate_limited(nobody.get("/v1/nothing"));
  const auto long_one = nobody.get(kMe + "?" + std::string(40'000, 'x'));
  EXPECT_EQ(long_one.status, 414u) << "what cannot be read says why";
  EXPECT_EQ(left(long_one), 0);
  EXPECT_EQ(nobody.get("/no/api").status, 404u) << "belongs to no dialect with such limits";
}

TEST(MediaVaultLimits, APreflightIsShownAndNotCounted) {
  TestServer server(limited({{"limits.anonymous_per_minute", "3"}}));
  const auto ask = [&] {
    return server.anyone().call(
        "OPTIONS", kMe, "",
        {{"Origin", "https://app.example.com"}, {"Access-Control-Request-Method", "PATCH"}});
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(left(ask()), 3);
  server.anyone().get(kMe);
  EXPECT_EQ(left(ask()), 2);
  EXPECT_EQ(number(ask(), "X-RateLimit-Reset"), seconds(server.clock()) + 60);
}

TEST(MediaVaultLimits, TheFilesOfAFormAreOneRequest) {
  TestServer server(limited({{"limits.account_per_minute", "2"}}));
  const auto anna = server.user("anna");
  std::vector<server::test::Part> form;
  for (int i = 0; i < 100; ++i) form.push_back({"file", "bytes", "f" + std::to_string(i)});
  const auto reply = anna.send_form("/api/v1/media/upload", form);
  ASSERT_EQ(reply.status, 201u) << reply.body;
  EXPECT_EQ(reply.json().at("data").as_array().size(), 100u);
  EXPECT_EQ(left(reply), 1);
}

TEST(MediaVaultLimits, HoldUnderConcurrency) {
  TestServer server(limited({{"limits.account_per_minute", "40"}}));
  const auto anna = server.user("anna");
  std::atomic<int> good = 0;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10; ++j) {
        const unsigned status = anna.get(kMe).status;
        ++(status == 200 ? good : refused);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 40);
  EXPECT_EQ(refused, 40);
}

TEST(MediaVaultLimits, CountTheClientBehindATrustedProxy) {
  TestServer server(
      limited({{"limits.anonymous_per_minute", "2"}, {"trusted_proxies", "127.0.0.1"}}));
  const auto from = [&](const std::string& address) {
    return server.anyone().with("X-Forwarded-For", address);
  };
  for (const std::string& path : {kMe, std::string("/api/v1/nothing")}) {
    const std::string net = path == kMe ? "2001:db8:1:2" : "2001:db8:1:3";
    const unsigned status = path == kMe ? 401 : 404;
    EXPECT_EQ(
        statuses(3, [&](int i) { return from(net + "::" + std::to_string(i + 1)).get(path); }),
        then_refused(2, status, 3))
        << "a /64 is one client";
  }
  EXPECT_EQ(from("2001:db8:1:4::1").get(kMe).status, 401u);
  EXPECT_EQ(from("192.0.2.1").get(kMe).status, 401u);
}

TEST(MediaVaultLimits, HoldForPlainRequestsWhereHttpsIsRequired) {
  TestServer server(limited({{"limits.anonymous_per_minute", "2"},
                             {"require_https", "true"},
                             {"trusted_proxies", "127.0.0.1"}}));
  const auto anna = server.user("anna");
  EXPECT_EQ(statuses(3, [&](int) { return anna.get(kMe); }), then_refused(2, 403, 3));
  expect_rate_limited(anna.get(kMe));
  EXPECT_EQ(anna.with("X-Forwarded-Proto", "https").get(kMe).status, 200u);
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
