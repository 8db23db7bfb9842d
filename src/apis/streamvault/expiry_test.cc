// What ends by itself: unfinished uploads and shares.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "server/test/test_server.h"

namespace coffer::apis::streamvault {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const std::string kV3 = "/storage/api/v3";
const value kNoFile{{"error", "File not found"}};
const value kNoFolder{{"error", "Folder not found"}};
const value kNoUpload{{"error", "Upload session not found"}};

std::string text(const value& json) { return std::string(json.as_string()); }

value expect(const Response& reply, unsigned status = 200) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  return reply.json();
}

void refuse(const Response& reply, unsigned status, const value& body) {
  EXPECT_EQ(expect(reply, status), body);
}

std::string begin(const Caller& caller, int chunks, const std::string& name,
                  const std::string& folder = "") {
  boost::json::object wanted{{"file_name", name}, {"total_chunks", chunks}};
  if (!folder.empty()) wanted["folder"] = folder;
  return text(expect(caller.post(kV3 + "/chunk_init/", wanted), 201).at("upload_id"));
}

Response send_chunk(const Caller& caller, const std::string& upload, int number,
                    const std::string& content) {
  return caller.send_form(
      kV3 + "/chunk_upload/",
      {{"upload_id", upload}, {"chunk_number", std::to_string(number)}, {"file", content, "blob"}});
}

Response complete(const Caller& caller, const std::string& upload) {
  return caller.post(kV3 + "/chunk_complete/", value{{"upload_id", upload}});
}

std::int64_t used(const Caller& caller) {
  return expect(caller.get("/api/v1/users/me")).at("data").at("used_bytes").as_int64();
}

// The path of a URL of the server.
std::string path_of(const value& url) {
  const std::string all = text(url);
  return all.substr(all.find('/', all.find("://") + 3));
}

void expect_page(const Response& reply, unsigned status) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
  const std::set<std::string> policy{
      "default-src 'none'", "style-src 'self'",   "img-src 'self'",        "media-src 'self'",
      "base-uri 'none'",    "form-action 'none'", "frame-ancestors 'none'"};
  std::set<std::string> directives;
  std::istringstream all(reply.header("Content-Security-Policy").value_or(""));
  for (std::string one; std::getline(all, one, ';'); all >> std::ws) directives.insert(one);
  EXPECT_EQ(directives, policy);
  EXPECT_EQ(reply.header("Referrer-Policy"), "no-referrer");
  EXPECT_NE(reply.header("X-Robots-Tag").value_or("").find("noindex"), std::string::npos);
  EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
  using std::regex;
  EXPECT_FALSE(std::regex_search(reply.body, regex("<script|javascript:", regex::icase)));
  EXPECT_FALSE(std::regex_search(reply.body, regex(R"(<[^>]*\s(on\w+|style)\s*=)")));
  EXPECT_NE(reply.body.find("<meta name=\"robots\" content=\"noindex"), std::string::npos);
}

TEST(StreamVaultExpiry, AnUploadEndsAndLeavesNothing) {
  TestServer server(Fields{{"uploads.session_lifetime", "1h"}, {"blobs.grace", "1h"}});
  const auto anna = server.user("anna");
  const std::string upload = begin(anna, 2, "example.mp4");
  const std::string content(5000, 'x');
  expect(send_chunk(anna, upload, 1, content));
  EXPECT_EQ(used(anna), 5000);
  server.advance(1h - 1s);
  server.collect();
  EXPECT_EQ(used(anna), 5000);
  EXPECT_EQ(server.stored_blobs(), 1u);
  server.advance(2s);
  server.collect();
  const auto later = server.user("anna");
  EXPECT_EQ(used(later), 0);
  refuse(send_chunk(later, upload, 2, "x"), 404, kNoUpload);
  refuse(complete(later, upload), 404, kNoUpload);
  server.advance(1h + 1s);
  server.collect();
  EXPECT_EQ(server.stored_blobs(), 0u);
}

TEST(StreamVaultExpiry, AShareEnds) {
  TestServer server;
  const auto anna = server.user("anna");
  const Caller nobody = server.anyone();
  const value folder = expect(anna.post(kV3 + "/folders/", value{{"name", "Music"}}), 201);
  const std::string upload = begin(anna, 1, "example.mp4", text(folder.at("token")));
  expect(send_chunk(anna, upload, 1, "x"));
  const value file = expect(complete(anna, upload));
  const auto fetch = [&](const value& url) { return nobody.get(path_of(url)); };
  const value changed =
      expect(anna.send("PUT", "/storage/api/v4/files/" + text(file.at("uuid")) + "/update/",
                       value{{"name", file.at("file_name")}}));
  const std::string media = "/storage/media/" + text(changed.at("file"));
  const std::string end = to_iso8601(server.clock().now() + 10s);
  for (const value& shared : {file, folder}) {
    const value shown = expect(
        anna.post(kV3 + "/share/" + text(shared.at("token")) + "/", value{{"expires_at", end}}));
    EXPECT_EQ(text(shown.at("expires_at")), end);
    expect_page(fetch(shared.at("share_url")), 200);
  }
  server.advance(10s - 1us);
  for (const value& shared : {file, folder}) expect_page(fetch(shared.at("share_url")), 200);
  server.advance(1us);
  for (const value& shared : {file, folder}) expect_page(fetch(shared.at("share_url")), 404);
  const std::string file_token = text(file.at("token"));
  const std::string folder_token = text(folder.at("token"));
  const std::string file_path = kV3 + "/files/" + file_token + "/";
  refuse(nobody.get(file_path), 404, kNoFile);
  refuse(nobody.get(kV3 + "/folders/" + folder_token + "/"), 404, kNoFolder);
  EXPECT_EQ(fetch(file.at("view_url")).status, 404u);
  EXPECT_EQ(nobody.get(media).status, 404u);
  EXPECT_EQ(nobody.get("/storage/media/qr/" + file_token + ".png").status, 404u);
  // For the owner it is there, by any name, and can be shared on.
  EXPECT_EQ(expect(anna.get(file_path)).at("id"), file.at("file_id"));
  const auto folder_id = folder.at("id").as_int64();
  const value view = expect(anna.get(fmt::format("{}/folders/{}/", kV3, folder_id)));
  EXPECT_EQ(view.at("files").at(0).at("id"), file.at("file_id"));
  const value again = expect(
      anna.post(kV3 + "/share/" + text(file.at("uuid")) + "/", value{{"expires_at", nullptr}}));
  EXPECT_EQ(text(again.at("token")), file_token);
  EXPECT_TRUE(again.at("expires_at").is_null());
  EXPECT_EQ(nobody.get(media).body, "x");
  EXPECT_EQ(fetch(file.at("view_url")).body, "x");
}

}  // namespace
}  // namespace coffer::apis::streamvault
