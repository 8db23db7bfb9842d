// The trash and shares in a whole server, by a clock that the test moves.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "server/test/test_server.h"
#include "vault/vault.h"

using namespace std::chrono_literals;

namespace coffer::apis::mediavault {
namespace {

using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::TestServer;

constexpr char kForm[] = "application/x-www-form-urlencoded";

std::string upload(const Caller& caller) {
  const auto reply = caller.send_form("/api/v1/media/upload",
                                      {{.name = "file", .content = "bytes", .filename = "a.txt"}});
  EXPECT_EQ(reply.status, 201);
  return std::string(reply.json().at("data").at("id").as_string());
}

std::int64_t number(const Caller& caller, std::string_view member) {
  return caller.get("/api/v1/users/me").json().at("data").at(member).as_int64();
}

std::size_t trashed(const Caller& caller) {
  return caller.get("/api/v1/trash").json().at("data").as_array().size();
}

TEST(MediaVaultTrash, IsClearedWhenItsTimeIsOver) {
  TestServer server(Fields{{"trash.retention", "10d"},
                           {"sessions.access_lifetime", "30d"},
                           {"sessions.refresh_lifetime", "30d"}});
  const Caller anna = server.user("anna");
  const std::string media = upload(anna);
  EXPECT_EQ(anna.del("/api/v1/media/" + media).status, 200);
  server.advance(10 * 24h - 1s);
  server.collect();
  EXPECT_EQ(trashed(anna), 1U);
  EXPECT_EQ(number(anna, "trashed"), 5 + 1024 + 5) << "its bytes, a row, its name";
  server.advance(1s);
  server.collect();
  EXPECT_EQ(trashed(anna), 0U);
  EXPECT_EQ(number(anna, "used"), 0);
  EXPECT_EQ(anna.post("/api/v1/trash/" + media + "/restore").status, 404);
}

TEST(MediaVaultTrash, IsClearedSoonAfterItWasEmptied) {
  TestServer server;
  const Caller anna = server.user("anna");
  for (int i = 0; i < 5; ++i) anna.del("/api/v1/media/" + upload(anna));
  EXPECT_EQ(anna.del("/api/v1/trash").json().at("data").at("deleted").as_int64(), 5);
  EXPECT_EQ(number(anna, "used"), 0);
  server.collect();
  EXPECT_EQ(trashed(anna), 0U);
}

TEST(MediaVaultShares, ExpireByTheClock) {
  TestServer server;
  const Caller anna = server.user("anna");
  const std::string until = to_iso8601(server.clock().now() + 30min);
  const auto made =
      anna.post("/api/v1/media/" + upload(anna) + "/shares", value{{"expires_at", until}});
  ASSERT_EQ(made.status, 201);
  const std::string path =
      "/s/" + std::string(made.json().at("data").at("token").as_string()) + "/content";
  server.advance(29min);
  EXPECT_EQ(server.anyone().get(path).status, 200);
  server.advance(1min);
  EXPECT_EQ(server.anyone().get(path).status, 404);
}

Caller make_admin(TestServer& server) {
  InlineExecutor here;
  EXPECT_TRUE(
      here.run(server.vault().accounts().create({.username = "root",
                                                 .email = std::nullopt,
                                                 .password = std::string(TestServer::kPassword),
                                                 .is_admin = true})));
  return server.user("root");
}

// The value of a metric without labels; empty: there is none.
std::string value_of(const Caller& admin, const std::string& name) {
  const std::string text = admin.get("/metrics").body;
  const std::size_t at = text.find('\n' + name + ' ');
  if (at == std::string::npos) return "";
  return text.substr(at + name.size() + 2, text.find('\n', at + 1) - at - name.size() - 2);
}

TEST(MediaVaultMetrics, TellWhatIsKeptAndWhoWasRefused) {
  TestServer server;
  const Caller root = make_admin(server);
  const auto metric = [&](const std::string& name) { return value_of(root, name); };
  const Caller anna = server.user("anna");
  const std::string kept = upload(anna);
  for (int i = 0; i < 3; ++i) anna.del("/api/v1/media/" + upload(anna));
  const auto share = [&](const value& policy) {
    const auto made = anna.post("/api/v1/media/" + kept + "/shares", policy);
    return "/s/" + std::string(made.json().at("data").at("token").as_string());
  };
  const std::string locked = share(value{{"password", "open sesame"}});
  const std::string short_lived =
      share(value{{"expires_at", to_iso8601(server.clock().now() + 1min)}});
  const std::string single = share(value{{"max_downloads", 1}});
  server.collect();
  server.collect();  // the index waits once whether more entries come
  EXPECT_EQ(metric("coffer_trash_files"), "3");
  EXPECT_EQ(metric("coffer_trash_bytes"), "15");
  EXPECT_EQ(metric("coffer_search_unindexed_entries"), "0");
  // Two accounts, four uploads and three ways into the trash.
  EXPECT_EQ(metric("coffer_events"), "9");

  const Caller visitor = server.anyone();
  visitor.call("POST", locked, "password=wrong", {{"Content-Type", kForm}});
  EXPECT_EQ(metric("coffer_share_wrong_passwords_total"), "1");
  EXPECT_EQ(visitor.get(single + "/content").status, 200);
  EXPECT_EQ(metric("coffer_share_used_up_total"), "0");
  EXPECT_NE(visitor.get(single + "/content").status, 200);
  EXPECT_EQ(metric("coffer_share_used_up_total"), "1");
  server.advance(1min);
  EXPECT_EQ(metric("coffer_share_ended_total"), "0");
  EXPECT_EQ(visitor.get(short_lived).status, 404);
  visitor.get("/s/00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(metric("coffer_share_ended_total"), "1") << "one that never was is none";
}

}  // namespace
}  // namespace coffer::apis::mediavault
