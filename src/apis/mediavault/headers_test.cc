// What every reply carries: HSTS, CORS, the request's id, and what browsers are told not to do.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "server/test/test_server.h"

namespace coffer::apis::mediavault {
namespace {

using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const std::string kMe = "/api/v1/users/me";
const std::string kOrigin = "https://app.example.com";
constexpr const char* kHsts = "Strict-Transport-Security";

// Replies of every origin: a handler's, the gateway's, and the server's to what is no request.
std::vector<Response> all_replies(const Caller& known, const Caller& nobody) {
  return {known.get(kMe),
          known.get("/api/v1/media"),
          known.call("HEAD", kMe),
          known.call("PATCH", kMe, "{", {{"Content-Type", "application/json"}}),
          known.call("PUT", kMe),
          known.get("/api/v1/nothing"),
          known.get("/nothing"),
          nobody.get(kMe),
          nobody.get("/healthz"),
          nobody.get("/s/none"),
          nobody.get("/storage/api/v5/me/"),
          nobody.call("OPTIONS", kMe),
          nobody.get(kMe + "?" + std::string(40'000, 'x')),
          nobody.call("GET", kMe, "", {{"X-Long", std::string(40'000, 'x')}}),
          nobody.call("GET", kMe, "", {{"Host", "a b"}})};
}

TEST(MediaVaultHeaders, EveryReplyHasThem) {
  TestServer server(Fields{{"cors.origins", kOrigin}});
  const auto anna = server.user("anna");
  for (const Response& reply :
       all_replies(anna.with("Origin", kOrigin), server.anyone().with("Origin", kOrigin))) {
    SCOPED_TRACE(reply.body);
    EXPECT_TRUE(reply.header("X-Request-Id").value_or("").starts_with("req_"));
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(reply.header(kHsts), std::nullopt) << "plain HTTP";
    if (reply.status >= 400 && reply.header("Content-Type") == "application/json") {
      const value body = reply.json();
      if (body.as_object().contains("meta")) {
        EXPECT_EQ(body.at("meta").at("request_id"), value(reply.header("X-Request-Id").value()));
      }
    }
  }
}

TEST(MediaVaultHeaders, OtherOriginsAreNotNamed) {
  TestServer server(Fields{{"cors.origins", kOrigin}});
  const auto anna = server.user("anna");
  for (const std::string other :
       {"https://evil.example.com", "http://app.example.com", "https://app.example.com:8443",
        "https://app.example.com.evil", "null"}) {
    for (const Response& reply :
         all_replies(anna.with("Origin", other), server.anyone().with("Origin", other))) {
      EXPECT_EQ(reply.header("Access-Control-Allow-Origin"), std::nullopt) << other;
    }
  }
  TestServer closed;
  EXPECT_EQ(closed.anyone().with("Origin", kOrigin).get(kMe).header("Access-Control-Allow-Origin"),
            std::nullopt)
      << "by default none";
}

TEST(MediaVaultHeaders, OtherOriginsReadWhatIsRefusedByALimit) {
  TestServer server(Fields{
      {"cors.origins", kOrigin}, {"rate_limits", "on"}, {"limits.anonymous_per_minute", "1"}});
  const auto page = server.anyone().with("Origin", kOrigin);
  page.get(kMe);
  const auto refused = page.get(kMe);
  EXPECT_EQ(refused.status, 429u);
  EXPECT_EQ(refused.header("Access-Control-Allow-Origin"), kOrigin);
  const std::string exposed = refused.header("Access-Control-Expose-Headers").value_or("");
  for (const char* name : {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining",
                           "X-RateLimit-Reset", "X-Request-Id"}) {
    EXPECT_NE(exposed.find(name), std::string::npos) << name;
  }
}

TEST(MediaVaultHeaders, BrowsersAreToldToComeOverHttpsOnly) {
  TestServer server(Fields{{"require_https", "true"}, {"trusted_proxies", "127.0.0.1"}});
  const auto anna = server.user("anna");
  const auto secure = [](const Caller& caller) {
    return caller.with("X-Forwarded-Proto", "https");
  };
  for (const Response& reply : all_replies(secure(anna), secure(server.anyone()))) {
    // What cannot be read to its end has no field that says it came over HTTPS.
    if (reply.status == 414) continue;
    EXPECT_EQ(reply.header(kHsts), "max-age=31536000") << reply.status;
  }
  for (const Response& reply : all_replies(anna, server.anyone())) {
    EXPECT_EQ(reply.header(kHsts), std::nullopt) << "anybody may have written this";
  }
}

TEST(MediaVaultHeaders, HttpsOnlyIsAnOperatorsWord) {
  const auto hsts = [](Fields settings) {
    settings.emplace_back("trusted_proxies", "127.0.0.1");
    TestServer server(settings);
    return server.anyone().with("X-Forwarded-Proto", "https").get("/healthz").header(kHsts);
  };
  EXPECT_EQ(hsts({}), std::nullopt) << "another port of this host may be plain";
  EXPECT_EQ(hsts({{"require_https", "true"}, {"hsts_max_age", "10m"}}), "max-age=600");
  EXPECT_EQ(hsts({{"require_https", "true"}, {"hsts_max_age", "0s"}}), std::nullopt);
}

}  // namespace
}  // namespace coffer::apis::mediavault
