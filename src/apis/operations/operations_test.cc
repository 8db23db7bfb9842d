#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/executor.h"
#include "server/test/test_server.h"
#include "vault/vault.h"

namespace coffer::apis {
namespace {

using server::test::TestServer;

TEST(Operations, HealthAndReadiness) {
  TestServer server;
  const auto health = server.anyone().get("/healthz");
  EXPECT_EQ(health.status, 200u);
  EXPECT_EQ(health.body, "ok\n");
  EXPECT_EQ(health.header("Content-Type"), "text/plain; charset=utf-8");
  const auto ready = server.anyone().get("/readyz");
  EXPECT_EQ(ready.status, 200u);
  EXPECT_EQ(ready.body, "ready\n");
}

TEST(Operations, MetricsAreForAdmins) {
  TestServer server;
  InlineExecutor here;
  ASSERT_TRUE(
      here.run(server.vault().accounts().create({.username = "root",
                                                 .email = std::nullopt,
                                                 .password = std::string(TestServer::kPassword),
                                                 .is_admin = true})));
  const auto root = server.user("root");
  const auto shown = root.get("/metrics");
  EXPECT_EQ(shown.status, 200u);
  EXPECT_EQ(shown.header("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  for (const char* name : {"coffer_http_connections", "coffer_uploads", "coffer_db_scans_waiting",
                           "coffer_request_memory_bytes", "coffer_log_lines_dropped_total"}) {
    EXPECT_NE(shown.body.find("\n" + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_EQ(server.with_api_key(root.account).get("/metrics").status, 200u);
  const auto refused = server.anyone().get("/metrics");
  EXPECT_EQ(refused.status, 401u);
  EXPECT_EQ(std::string(refused.json().at("request_id").as_string()),
            refused.header("X-Request-Id"));
  EXPECT_EQ(server.user("anna").get("/metrics").status, 403u);
}

TEST(Operations, AnUnknownPathIsAnsweredPlainly) {
  TestServer server;
  const auto reply = server.anyone().get("/nothing");
  EXPECT_EQ(reply.status, 404u);
  EXPECT_EQ(reply.json().at("error"), "There is nothing at this path");
}

}  // namespace
}  // namespace coffer::apis
