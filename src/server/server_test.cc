#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "blobs/local/test_disks.h"
#include "server/dialects.h"
#include "server/test/test_server.h"

namespace coffer::server::test {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using ::testing::AnyOf;

template <class T>
T run(Task<T> task) {
  InlineExecutor here;
  return here.run(std::move(task));
}

std::string text(const value& json) { return std::string(json.as_string()); }

// A path that the pattern matches.
std::string concrete(const std::string& pattern) {
  const std::string rest = std::regex_replace(pattern, std::regex(R"(\{\w+\.\.\.\})"), "a/b");
  return std::regex_replace(rest, std::regex(R"(\{\w+(:int)?\})"), "1");
}

// A 401 in the dialect's shape.
void expect_refused(const Response& reply, std::string_view dialect) {
  ASSERT_EQ(reply.status, 401u) << reply.body;
  EXPECT_TRUE(reply.header("Content-Type").value_or("").starts_with("application/json"));
  const value body = reply.json();
  if (dialect == "mediavault") {
    EXPECT_EQ(body.as_object().size(), 3u);
    EXPECT_FALSE(body.at("success").as_bool());
    EXPECT_EQ(body.at("error").at("code"), "unauthorized");
    EXPECT_FALSE(text(body.at("error").at("message")).empty());
    EXPECT_TRUE(body.at("error").at("details").is_array());
    EXPECT_EQ(text(body.at("meta").at("request_id")), reply.header("X-Request-Id"));
    EXPECT_TRUE(std::regex_match(text(body.at("meta").at("timestamp")),
                                 std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")));
  } else if (dialect == "fileuploader") {
    EXPECT_EQ(body.at("message"), "Auth error");
    EXPECT_THAT(body.at("auth_error").at("errorId").as_int64(), AnyOf(-5, -4, -3, -2, -1));
  } else if (dialect == "quantum") {
    EXPECT_EQ(body, (value{{"status", "error"}, {"message", "UNAUTHORIZED"}}));
  } else if (dialect == "operations") {
    EXPECT_TRUE(body.at("error").is_string()) << reply.body;
  } else {
    EXPECT_TRUE(body.at("detail").is_string()) << reply.body;
  }
}

TEST(Server, EveryClosedRouteRefusesAnExpiredToken) {
  TestServer server;
  const auto anna = server.user("anna");
  ASSERT_EQ(anna.get("/api/v1/users/me").status, 200u);
  server.advance(1h + 1s);
  apis::Metrics metrics;
  int called = 0;
  for (const auto& route : apis::Gateway::list(make_dialects(metrics, server.clock(), nullptr))) {
    const bool is_closed = route.access == "account" || route.access == "admin";
    const bool is_guests = route.access == "guest" || route.access == "shared";
    if (!is_closed && !is_guests) continue;
    SCOPED_TRACE(route.method + " " + route.path);
    expect_refused(anna.call(route.method, concrete(route.path)), route.dialect);
    ++called;
  }
  EXPECT_GT(called, 60);
}

TEST(Server, KeepsEverythingOverARestart) {
  TestServer server;
  const auto anna = server.user("anna");
  const std::string small = "small";
  const std::string large(300'000, 'x');
  for (const std::string& content : {small, large}) {
    ASSERT_EQ(anna.send_form("/api/v1/media/upload", {{"file", content, "a.txt"}}).status, 201u);
  }
  server.restart();
  const auto again = server.user("anna");
  const value list = again.get("/api/v1/media?sort=size").json();
  ASSERT_EQ(list.at("data").as_array().size(), 2u);
  for (const value& media : list.at("data").as_array()) {
    const auto content = again.get("/api/v1/media/" + text(media.at("id")) + "/content");
    EXPECT_EQ(content.body, media.at("size").as_int64() == 5 ? small : large);
  }
}

TEST(Server, RemovesWhatNothingRefersToOnceItsGraceHasEnded) {
  TestServer server(Fields{{"blobs.grace", "1d"}});
  const auto anna = server.user("anna");
  const auto made = anna.send_form("/api/v1/media/upload", {{"file", "bytes", "a.txt"}});
  const std::string path = "/api/v1/media/" + text(made.json().at("data").at("id"));
  ASSERT_EQ(server.stored_blobs(), 1u);
  server.advance(30 * 24h);
  const auto later = server.user("anna");
  server.collect();
  EXPECT_EQ(server.stored_blobs(), 1u) << "it is referred to";
  ASSERT_EQ(later.del(path + "?permanent=true").status, 200u);
  server.advance(24h - 1s);
  server.collect();
  EXPECT_EQ(server.stored_blobs(), 1u) << "its grace goes on";
  server.advance(2s);
  server.collect();
  EXPECT_EQ(server.stored_blobs(), 0u);
}

TEST(Server, ForgetsEventsAfterAWeek) {
  TestServer server;
  const auto anna = server.user("anna");
  anna.send_form("/api/v1/media/upload", {{"file", "bytes", "a.txt"}});
  const auto count = [&] {
    return run(server.vault().events().read(vault::EventId{0}, 1000)).events.size();
  };
  const std::size_t before = count();
  EXPECT_GE(before, 2u);
  server.advance(7 * 24h - 1s);
  server.collect();
  EXPECT_EQ(count(), before);
  server.advance(2s);
  server.collect();
  EXPECT_EQ(count(), 0u);
}

struct Upload {
  std::string name;
  std::function<Response(TestServer&, const std::string& content)> send;
  std::function<std::string(const value&)> error;  // of a reply that refuses it
};

const std::string kLarge(200'000, 'x');

std::vector<Upload> uploads() {
  return {
      {"mediavault",
       [](TestServer& server, const std::string& content) {
         return server.user("anna").send_form("/api/v1/media/upload", {{"file", content, "a.bin"}});
       },
       [](const value& reply) { return text(reply.at("error").at("code")); }},
      {"streamvault",
       [](TestServer& server, const std::string& content) {
         const auto anna = server.user("anna");
         const auto begun = anna.post("/storage/api/v3/chunk_init/",
                                      {{"file_name", "a.bin"}, {"total_chunks", 1}});
         return anna.with("X-Upload-ID", text(begun.json().at("upload_id")))
             .with("X-Chunk-Index", "0")
             .call("POST", "/storage/api/v3/chunk_upload/", content);
       },
       [](const value& reply) { return text(reply.at("detail")); }},
      {"fileuploader",
       [](TestServer& server, const std::string& content) {
         return server.user("anna").send_form("/api/upload/private", {{"file", content, "a.bin"}});
       },
       [](const value& reply) { return text(reply.at("message")); }},
      {"quantum",
       [](TestServer& server, const std::string& content) {
         const Caller anna = server.with_master_key(server.user("anna").account);
         anna.post("/bucket/create/bucket");
         return anna.send_form("/file/add/bucket/",
                               {{"force", "true"}, {"files", content, "a.bin"}});
       },
       [](const value& reply) { return text(reply.at("message")); }},
  };
}

TEST(Server, ADiskThatFailsIsAnErrorInEveryDialectAndLeavesNothing) {
  for (const bool is_full : {false, true}) {
    for (const Upload& upload : uploads()) {
      SCOPED_TRACE(upload.name + (is_full ? ", full" : ""));
      TestServer server;
      upload.send(server, "first");
      std::size_t before = server.stored_blobs();
      server.disk_faults().full = is_full;
      // A call of the store's own, between requests, may be the one that fails.
      Response failed;
      for (int attempt = 0; attempt < 50; ++attempt) {
        server.disk_faults().calls_until_fault = 0;
        failed = upload.send(server, kLarge + std::to_string(attempt));
        if (failed.status >= 400) break;
        before = server.stored_blobs();
      }
      EXPECT_EQ(failed.status, is_full ? 507u : 500u) << failed.body;
      EXPECT_FALSE(upload.error(failed.json()).empty()) << failed.body;
      server.disk_faults().full = false;
      server.disk_faults().failed = nullptr;
      // What was received goes on a thread of the store's.
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      while (server.stored_blobs() > before && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      EXPECT_EQ(server.stored_blobs(), before);
      const auto again = upload.send(server, kLarge + "again");
      EXPECT_LT(again.status, 300u) << again.body;
    }
  }
}

TEST(Server, TellsWhereItListens) {
  const Server::Address v4{.host = "127.0.0.1", .port = 80, .is_tls = false};
  const Server::Address v6{.host = "::1", .port = 443, .is_tls = true};
  EXPECT_EQ(v4.url(), "http://127.0.0.1:80");
  EXPECT_EQ(v6.url(), "https://[::1]:443");
}

}  // namespace
}  // namespace coffer::server::test
