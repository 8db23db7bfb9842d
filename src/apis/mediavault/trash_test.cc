// The trash and shares in a whole server, by a clock that the test moves.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/test/test_server.h"

using namespace std::chrono_literals;

namespace coffer::apis::mediavault {
namespace {

using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::TestServer;

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

}  // namespace
}  // namespace coffer::apis::mediavault
