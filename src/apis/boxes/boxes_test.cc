#include "apis/boxes/boxes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "apis/boxes/wire.h"
#include "blobs/local/test_disks.h"
#include "server/test/test_server.h"

namespace coffer::apis::boxes {
namespace {

using namespace std::chrono_literals;
using boost::json::value;
using server::test::Fields;
using server::test::Part;
using server::test::Response;
using server::test::TestServer;

const std::string kJpeg("\xff\xd8\xff\xe0\0\x10JFIF\0", 11);
// So large that it has a file of its own, and takes more than one write.
const std::string kLarge = kJpeg + std::string(300'000, 'x');

std::string text(const value& json) { return std::string(json.as_string()); }

// The path of a new box's uploads.
std::string new_box(const TestServer::User& user) {
  const value project = user.post("/api/projects/", {{"name", "Film"}}).json();
  const Response box =
      user.post("/api/boxes/", {{"project", project.at("id")}, {"name", "Scene 1"}});
  return "/api/boxes/" + std::to_string(box.json().at("id").as_int64()) + "/upload/";
}

Response upload(const TestServer::User& user, const std::string& path, const std::string& content) {
  return user.send_form(path, {{"file", content, "image.jpg"}});
}

TEST(Boxes, AStoreThatFailsIsTheDocumentsErrorAndLeavesNoAsset) {
  for (const bool is_full : {false, true}) {
    SCOPED_TRACE(is_full ? "full" : "broken");
    TestServer server;
    const auto anna = server.user("anna");
    const std::string path = new_box(anna);
    ASSERT_EQ(upload(anna, path, kJpeg).status, 201u);
    server.disk_faults().full = is_full;
    Response failed;
    int stored = 1;
    // A call of the store's own, between requests, may be the one that fails.
    for (int attempt = 0; attempt < 50; ++attempt) {
      server.disk_faults().calls_until_fault = 0;
      failed = upload(anna, path, kLarge + std::to_string(attempt));
      if (failed.status >= 400) break;
      ++stored;
    }
    EXPECT_EQ(failed.status, 500u) << failed.body;
    const value body = failed.json();
    EXPECT_EQ(body.as_object().size(), 1u) << failed.body;
    EXPECT_TRUE(text(body.at("error")).starts_with("Failed to upload file: ")) << failed.body;
    EXPECT_EQ(failed.header("Retry-After").has_value(), is_full);
    server.disk_faults().full = false;
    server.disk_faults().failed = nullptr;
    const auto listed = anna.get("/api/assets/").json();
    EXPECT_EQ(listed.as_array().size(), static_cast<std::size_t>(stored));
    EXPECT_EQ(upload(anna, path, kLarge + "again").status, 201u);
  }
}

TEST(Boxes, AKeyOutlivesTheTokensOfItsLogIn) {
  TestServer server;
  const value begun =
      server.anyone()
          .post("/api/auth/register/", {{"username", "anna"}, {"password", TestServer::kPassword}})
          .json();
  const auto by_key = server.anyone().with("Authorization", "Token " + text(begun.at("token")));
  const auto by_pair = server.anyone().with("Authorization", "Bearer " + text(begun.at("access")));
  server.advance(8 * 24h);
  EXPECT_EQ(by_pair.get("/api/auth/me/").status, 401u);
  const auto refused =
      server.anyone().post("/api/auth/token/refresh/", {{"refresh", begun.at("refresh")}});
  EXPECT_EQ(refused.status, 401u) << refused.body;
  EXPECT_EQ(by_key.get("/api/auth/me/").status, 200u);
  server.advance((365 - 8) * 24h + 1s);
  const auto ended = by_key.get("/api/auth/me/");
  EXPECT_EQ(ended.status, 401u);
  EXPECT_EQ(ended.header("WWW-Authenticate"), "Token");
  EXPECT_EQ(ended.json(), (value{{"detail", "Invalid token."}}));
}

TEST(Boxes, TheAddressOfAFileIsItsTokenAndExtension) {
  const Uuid share = Uuid::parse("01234567-89ab-4def-8123-456789abcdef").value();
  constexpr char kDigits[] = "0123456789ab4def8123456789abcdef";
  const std::string path = fmt::format("/uploads/{}", kDigits);
  EXPECT_EQ(public_path(share, "Sunset.JPG"), fmt::format("{}.jpg", path));
  EXPECT_EQ(public_path(share, "none"), path);
  EXPECT_EQ(public_path(share, "odd.j/g"), path);
  EXPECT_EQ(share_in(std::string(kDigits) + ".jpg"), share);
  EXPECT_EQ(share_in(kDigits), share);
  for (const char* none :
       {"", ".jpg", "0123456789ab4def8123456789abcde.jpg", "0123456789ab4def8123456789abcdefg.jpg",
        "01234567-89ab-4def-8123-456789abcdef"}) {
    EXPECT_FALSE(share_in(none)) << none;
  }
}

}  // namespace
}  // namespace coffer::apis::boxes
