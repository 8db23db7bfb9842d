// Share pages in a whole server.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "server/test/test_server.h"

namespace coffer::apis::pages {
namespace {

using boost::json::value;
using server::test::Caller;
using server::test::Response;
using server::test::TestServer;

std::string text(const value& json) { return std::string(json.as_string()); }

bool shows(const Response& page, std::string_view what) {
  return page.body.find(what) != std::string::npos;
}

class PagesTest : public ::testing::Test {
 protected:
  // The folder `Music` with the file `name` in it.
  void SetUp() override {
    const std::string v3 = "/storage/api/v3";
    folder_ = anna_.post(v3 + "/folders/", value{{"name", "Music"}}).json();
    const value begun =
        anna_
            .post(v3 + "/chunk_init/",
                  {{"file_name", "<b>.txt"}, {"total_chunks", 1}, {"folder", folder_.at("token")}})
            .json();
    const std::string upload = text(begun.at("upload_id"));
    anna_.with("X-Upload-ID", upload)
        .with("X-Chunk-Index", "0")
        .call("POST", v3 + "/chunk_upload/", "bytes");
    file_ = anna_.post(v3 + "/chunk_complete/", value{{"upload_id", upload}}).json();
  }

  std::string page_of(const value& shared) { return "/s/" + text(shared.at("token")); }

  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
  Caller nobody_ = server_.anyone();
  value folder_;
  value file_;
};

TEST_F(PagesTest, AFolderShowsWhatIsInIt) {
  const auto page = nobody_.get(page_of(folder_));
  EXPECT_EQ(page.status, 200u);
  EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_TRUE(shows(page, "Music"));
  EXPECT_TRUE(shows(page, "&lt;b&gt;.txt")) << "names are text";
  EXPECT_FALSE(shows(page, "<b>.txt"));
  // By an identifier that is good below this folder alone.
  const std::string above = page_of(folder_) + "/";
  const std::size_t link = page.body.find(above);
  ASSERT_NE(link, std::string::npos);
  constexpr std::size_t kUuidLength = 36;
  const std::string below = page.body.substr(link, above.size() + kUuidLength);
  EXPECT_FALSE(shows(page, text(file_.at("uuid"))));
  EXPECT_FALSE(shows(page, text(file_.at("token"))));
  EXPECT_EQ(nobody_.get(below).status, 200u);
  EXPECT_EQ(nobody_.get(below + "/content").body, "bytes");
}

TEST_F(PagesTest, AFileIsShownAndSent) {
  const auto page = nobody_.get(page_of(file_));
  EXPECT_EQ(page.status, 200u);
  EXPECT_TRUE(shows(page, "&lt;b&gt;.txt"));
  const auto shown = nobody_.get(page_of(file_) + "/content");
  EXPECT_EQ(shown.body, "bytes");
  EXPECT_TRUE(shown.header("Content-Disposition").value_or("").starts_with("inline"));
  EXPECT_EQ(shown.header("Referrer-Policy"), "no-referrer");
  EXPECT_EQ(shown.header("X-Robots-Tag"), "noindex, nofollow");
  const auto kept = nobody_.get(page_of(file_) + "/content?download");
  EXPECT_TRUE(kept.header("Content-Disposition").value_or("").starts_with("attachment"));
}

TEST_F(PagesTest, WhatIsNotSharedIsAPageThatSaysSo) {
  const std::string other = "00000000-0000-4000-8000-000000000000";
  for (const std::string& path :
       {"/s/" + other, std::string("/s/none"), page_of(folder_) + "/" + other,
        page_of(file_) + "/" + text(folder_.at("uuid")), page_of(folder_) + "/content"}) {
    SCOPED_TRACE(path);
    const auto page = nobody_.get(path);
    EXPECT_EQ(page.status, 404u);
    EXPECT_TRUE(shows(page, "This link leads nowhere"));
  }
  const auto wrong = nobody_.post(page_of(file_));
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_TRUE(shows(wrong, "This page can only be read"));
}

TEST_F(PagesTest, StyleAndIconAreServed) {
  EXPECT_TRUE(
      nobody_.get("/s/style.css").header("Content-Type").value_or("").starts_with("text/css"));
  EXPECT_EQ(nobody_.get("/s/icon.svg").header("Content-Type"), "image/svg+xml");
}

}  // namespace
}  // namespace coffer::apis::pages
