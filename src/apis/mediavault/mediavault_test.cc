// The document's calls in a whole server.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/test/test_server.h"

namespace coffer::apis::mediavault {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Part;
using server::test::Response;
using server::test::TestServer;

const std::string kRoot = "/api/v1";

std::string text(const value& json) { return std::string(json.as_string()); }

std::set<std::string> names(const value& object) {
  std::set<std::string> all;
  for (const auto& member : object.as_object()) all.emplace(member.key());
  return all;
}

// The data of a success in the documented envelope.
value done(const Response& reply, unsigned status = 200) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  const value body = reply.json();
  EXPECT_EQ(body.at("success"), true);
  EXPECT_EQ(body.at("meta").at("version"), "1.0.0");
  EXPECT_EQ(body.at("meta").at("timestamp"), "2023-11-14T22:13:20Z");
  EXPECT_FALSE(body.as_object().contains("error"));
  return body.at("data");
}

// The error of a failure in the documented envelope. `field`: what its details name.
value refused(const Response& reply, unsigned status, std::string_view code,
              std::string_view field = "") {
  EXPECT_EQ(reply.status, status) << reply.body;
  const value body = reply.json();
  EXPECT_EQ(names(body), (std::set<std::string>{"error", "meta", "success"}));
  EXPECT_EQ(body.at("success"), false);
  EXPECT_EQ(text(body.at("error").at("code")), code) << reply.body;
  EXPECT_EQ(text(body.at("meta").at("request_id")), reply.header("X-Request-Id"));
  std::set<std::string> fields;
  for (const value& detail : body.at("error").at("details").as_array()) {
    fields.insert(text(detail.at("field")));
  }
  if (!field.empty()) {
    EXPECT_TRUE(fields.contains(std::string(field))) << reply.body;
  }
  return body.at("error");
}

class MediaVaultTest : public ::testing::Test {
 protected:
  value upload(const std::string& name, const std::string& content) {
    return done(anna_.send_form(kRoot + "/media/upload", {{"file", content, name}}), 201);
  }
  std::string media(const value& object) { return kRoot + "/media/" + text(object.at("id")); }

  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
  Caller nobody_ = server_.anyone();
};

TEST_F(MediaVaultTest, RegistersLogsInAndOut) {
  const value account{
      {"username", "bert"}, {"email", "bert@example.org"}, {"password", "long enough"}};
  const value made = done(nobody_.post(kRoot + "/auth/register", account), 201);
  EXPECT_TRUE(text(made.at("id")).starts_with("user_"));
  EXPECT_EQ(made.at("username"), "bert");
  EXPECT_EQ(made.at("email"), "bert@example.org");
  EXPECT_EQ(made.at("is_admin"), false);
  EXPECT_FALSE(made.as_object().contains("password"));
  refused(nobody_.post(kRoot + "/auth/register", account), 409, "conflict", "username");

  const auto reply = nobody_.post(kRoot + "/auth/login",
                                  {{"username", "bert@example.org"}, {"password", "long enough"}});
  const value tokens = done(reply);
  EXPECT_EQ(reply.header("Cache-Control"), "no-store");
  for (const char* name : {"token", "refresh_token", "expires_in", "token_type"}) {
    EXPECT_EQ(reply.json().at(name), tokens.at(name)) << "bare, and in the envelope";
  }
  EXPECT_EQ(tokens.at("expires_in"), 3600);
  EXPECT_EQ(tokens.at("token_type"), "Bearer");
  const Caller bert = nobody_.with("Authorization", "Bearer " + text(tokens.at("token")));
  EXPECT_EQ(done(bert.get(kRoot + "/users/me")).at("username"), "bert");
  done(bert.post(kRoot + "/auth/logout"));
  refused(bert.get(kRoot + "/users/me"), 401, "unauthorized");
}

TEST_F(MediaVaultTest, RefusesRegistrationsThatAreNone) {
  const auto call = [&](const value& body) { return nobody_.post(kRoot + "/auth/register", body); };
  refused(call({{"username", "bert"}}), 400, "validation_error", "password");
  refused(call({{"username", 5}, {"password", "long enough"}}), 400, "validation_error",
          "username");
  refused(call({{"username", "bert"}, {"password", "short"}}), 400, "validation_error", "password");
  refused(call({{"username", "bert"}, {"password", "long enough"}, {"email", "none"}}), 400,
          "validation_error", "email");
  refused(call(boost::json::array()), 400, "validation_error");
  refused(
      nobody_.call("POST", kRoot + "/auth/register", "{", {{"Content-Type", "application/json"}}),
      400, "validation_error");
}

TEST_F(MediaVaultTest, AMediaObjectHasEveryDocumentedField) {
  const value made = upload("song.mp3", "bytes");
  EXPECT_EQ(text(made.at("filename")), "song.mp3");
  EXPECT_EQ(made.at("type"), "audio");
  EXPECT_EQ(made.at("media_type"), "audio/mpeg");
  EXPECT_EQ(made.at("size"), 5);
  EXPECT_EQ(made.at("checksum"),
            "sha256:277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9");
  EXPECT_EQ(text(made.at("url")), server_.url() + media(made) + "/content");
  EXPECT_EQ(made.at("thumbnail_url"), "") << "there is none yet";
  for (const char* name : {"uuid", "status", "status_reason", "codec", "taken_at", "location",
                           "width", "height", "duration", "title", "description", "tags",
                           "collections", "user_id", "created_at", "updated_at"}) {
    EXPECT_TRUE(made.as_object().contains(name)) << name;
  }
  EXPECT_EQ(done(anna_.get(media(made))), made);
  EXPECT_EQ(done(anna_.get("/v1/media/" + text(made.at("uuid")))).at("id"), made.at("id"));
  EXPECT_EQ(anna_.get(media(made) + "/content").body, "bytes");
}

TEST_F(MediaVaultTest, AFormOfSeveralFilesGivesAnArray) {
  const std::vector<Part> form{
      {"title", "Both"}, {"tags", "one, two"}, {"file", "a", "a.txt"}, {"file", "b", "b.txt"}};
  const value made = done(anna_.send_form(kRoot + "/media/upload", form), 201);
  ASSERT_EQ(made.as_array().size(), 2u);
  for (const value& one : made.as_array()) {
    EXPECT_EQ(one.at("title"), "Both");
    EXPECT_EQ(one.at("tags"), (value{"one", "two"}));
  }
}

TEST_F(MediaVaultTest, RefusesFormsThatAreNoneAndKeepsNothing) {
  const std::string path = kRoot + "/media/upload";
  refused(anna_.post(path), 415, "unsupported_media_type");
  refused(anna_.post(path, value{{"file", "x"}}), 415, "unsupported_media_type");
  refused(anna_.send_form(path, {{"title", "x"}}), 400, "validation_error", "file");
  refused(anna_.send_form(path, {{"file", "x", "a.txt"}, {"title", "\xff"}}), 400,
          "validation_error", "title");
  refused(anna_.send_form(path, {{"file", "x", std::string(300, 'n')}}), 400, "validation_error",
          "filename");
  refused(nobody_.send_form(path, {{"file", "x", "a.txt"}}), 401, "unauthorized");
  EXPECT_EQ(done(anna_.get(kRoot + "/users/me")).at("used_bytes"), 0);
  EXPECT_EQ(done(anna_.get(kRoot + "/media")).as_array().size(), 0u);
}

TEST_F(MediaVaultTest, ChangesAndDeletesMedia) {
  const value made = upload("a.txt", "bytes");
  const value changed = done(
      anna_.send("PATCH", media(made), {{"filename", "b.txt"}, {"title", "T"}, {"tags", {"x"}}}));
  EXPECT_EQ(changed.at("filename"), "b.txt");
  EXPECT_EQ(changed.at("title"), "T");
  EXPECT_EQ(changed.at("tags"), (value{"x"}));
  EXPECT_EQ(changed.at("id"), made.at("id"));
  refused(anna_.send("PATCH", media(made), {{"filename", 5}}), 400, "validation_error", "filename");
  refused(anna_.send("PATCH", media(made), {{"tags", "x"}}), 400, "validation_error", "tags");
  EXPECT_EQ(done(anna_.del(media(made))).at("deleted"), true);
  refused(anna_.get(media(made)), 404, "not_found");
  refused(anna_.del(media(made)), 404, "not_found");
}

TEST_F(MediaVaultTest, WhatIsSomebodyElsesDoesNotExist) {
  const value made = upload("a.txt", "bytes");
  const auto bert = server_.user("bert");
  for (const std::string& path :
       {media(made), media(made) + "/content", kRoot + "/media/" + text(made.at("uuid"))}) {
    refused(bert.get(path), 404, "not_found");
  }
  refused(bert.send("PATCH", media(made), {{"title", "x"}}), 404, "not_found");
  refused(bert.del(media(made)), 404, "not_found");
  for (const std::string id : {"media_0", "media_-1", "x", "media_99999999999999999999"}) {
    refused(anna_.get(kRoot + "/media/" + id), 404, "not_found");
  }
  EXPECT_EQ(done(bert.get(kRoot + "/media")).as_array().size(), 0u);
}

TEST_F(MediaVaultTest, ListsPageByPage) {
  for (const std::string name : {"a.txt", "b.txt", "c.mp3"}) {
    upload(name, name + std::string(name[0] == 'b' ? 9 : 1, '.'));
  }
  const auto reply = anna_.get(kRoot + "/media?per_page=2&sort=filename");
  const value list = done(reply);
  ASSERT_EQ(list.as_array().size(), 2u);
  EXPECT_EQ(list.at(0).at("filename"), "a.txt");
  EXPECT_EQ(
      reply.json().at("meta").at("pagination"),
      (value{{"total", 3},
             {"count", 2},
             {"per_page", 2},
             {"current_page", 1},
             {"total_pages", 2},
             {"links", {{"next", "/media?page=2&per_page=2&sort=filename"}, {"prev", nullptr}}}}));
  const auto last = anna_.get(kRoot + "/media?page=2&per_page=2&sort=filename");
  EXPECT_EQ(done(last).at(0).at("filename"), "c.mp3");
  EXPECT_TRUE(last.json().at_pointer("/meta/pagination/links/next").is_null());
  EXPECT_EQ(done(anna_.get(kRoot + "/media?page=9")).as_array().size(), 0u);
  EXPECT_EQ(done(anna_.get(kRoot + "/media?type=audio")).at(0).at("filename"), "c.mp3");
  EXPECT_EQ(done(anna_.get(kRoot + "/media?q=b.t")).at(0).at("filename"), "b.txt");
  EXPECT_EQ(done(anna_.get(kRoot + "/media?sort=-size")).at(0).at("filename"), "b.txt");
  for (const std::string wrong :
       {"page=0", "per_page=101", "per_page=x", "type=song", "sort=age", "order=up"}) {
    refused(anna_.get(kRoot + "/media?" + wrong), 400, "validation_error",
            wrong.substr(0, wrong.find('=')));
  }
}

TEST_F(MediaVaultTest, ContentAnswersConditionsAndRanges) {
  const std::string path = media(upload("a.txt", "0123456789")) + "/content";
  const auto whole = anna_.get(path);
  const std::string tag = whole.header("ETag").value_or("");
  EXPECT_EQ(whole.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(whole.header("X-Content-Type-Options"), "nosniff");
  const auto part = anna_.call("GET", path, "", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part.status, 206u);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.header("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(anna_.call("GET", path, "", {{"Range", "bytes=10-"}}).status, 416u);
  EXPECT_EQ(anna_.call("GET", path, "", {{"If-None-Match", tag}}).status, 304u);
  const auto head = anna_.call("HEAD", path);
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.header("Content-Length"), "10");
  EXPECT_EQ(head.body, "");
}

TEST_F(MediaVaultTest, KeysAreShownOnceAndRevoked) {
  const value made = done(anna_.post(kRoot + "/api-keys", value{{"name", "backup"}}), 201);
  const std::string id = text(made.at("id"));
  EXPECT_TRUE(id.starts_with("key_"));
  const Caller key = nobody_.with("X-API-Key", text(made.at("secret")));
  EXPECT_EQ(done(key.get(kRoot + "/users/me")).at("username"), "anna");
  refused(key.post(kRoot + "/auth/logout"), 403, "forbidden");
  const value list = done(anna_.get(kRoot + "/api-keys"));
  ASSERT_EQ(list.as_array().size(), 1u);
  EXPECT_FALSE(list.at(0).as_object().contains("secret"));
  done(anna_.del(kRoot + "/api-keys/" + id));
  refused(key.get(kRoot + "/users/me"), 401, "unauthorized");
  refused(anna_.del(kRoot + "/api-keys/" + id), 404, "not_found");
}

TEST_F(MediaVaultTest, UnknownPathsAndMethodsAreAnsweredInItsShape) {
  refused(nobody_.get(kRoot + "/nothing"), 404, "not_found");
  const auto wrong = anna_.call("PUT", kRoot + "/users/me", "{}");
  refused(wrong, 405, "method_not_allowed");
  EXPECT_EQ(wrong.header("Allow"), "DELETE, GET, HEAD, OPTIONS, PATCH");
  EXPECT_EQ(done(anna_.get(kRoot + "/users/me/")).at("username"), "anna") << "a slash at the end";
}

TEST_F(MediaVaultTest, TheQuotaIsTheAccounts) {
  TestServer server(Fields{{"accounts.quota", "1MiB"}});
  const auto bert = server.user("bert");
  refused(bert.send_form(kRoot + "/media/upload", {{"file", std::string(1 << 20, 'x'), "f"}}), 413,
          "quota_exceeded");
  EXPECT_EQ(bert.get(kRoot + "/users/me").json().at_pointer("/data/used_bytes"), 0);
  EXPECT_EQ(server.stored_blobs(), 0u);
}

}  // namespace
}  // namespace coffer::apis::mediavault
