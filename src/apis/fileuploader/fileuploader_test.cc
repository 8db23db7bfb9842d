// The document's calls in a whole server.
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "server/test/test_server.h"

namespace coffer::apis::fileuploader {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using server::test::Caller;
using server::test::Response;
using server::test::TestServer;

std::string text(const value& json) { return std::string(json.as_string()); }

value done(const Response& reply) {
  EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  const value body = reply.json();
  EXPECT_EQ(body.at("status"), "success") << reply.body;
  return body;
}

void refused(const Response& reply, unsigned status, std::string_view message) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.json(), (value{{"status", "error"}, {"message", message}}));
}

void refused(const Response& reply, unsigned status, std::string_view message, int id) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.json(), (value{{"status", "error"}, {"message", message}, {"errorId", id}}));
}

Response try_upload(const Caller& caller, const std::string& group = "private",
                    const std::string& content = "content", const std::string& name = "test.mp4") {
  return caller.send_form("/api/upload/" + group, {{"file", content, name}});
}

class FileUploaderTest : public ::testing::Test {
 protected:
  std::string group(const Caller& owner) {
    const value made = done(owner.post("/api/create_group", value{{"group_name", "New group"}}));
    return std::to_string(made.at("group_id").as_int64());
  }
  std::string invite(const Caller& owner, const std::string& group) {
    const std::string link =
        text(done(owner.get("/api/generate_invite/" + group)).at("invite_link"));
    EXPECT_TRUE(link.starts_with(server_.url() + "/invite/"));
    return link.substr(link.rfind('/') + 1);
  }
  static array files(const Caller& caller, const std::string& group = "private") {
    return done(caller.get("/api/get_files/" + group)).at("data").as_array();
  }

  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
  TestServer::User bert_ = server_.user("bert");
  Caller nobody_ = server_.anyone();
};

TEST_F(FileUploaderTest, AnUploadHasTheDocumentedFields) {
  const value file = done(try_upload(anna_));
  const std::string url = text(file.at("file_url"));
  EXPECT_TRUE(std::regex_match(url, std::regex("[A-Za-z0-9_-]{10}"))) << url;
  EXPECT_EQ(file.at("message"), "File uploaded successfully");
  EXPECT_EQ(text(file.at("file_url_full")), server_.url() + "/file/" + url);
  EXPECT_EQ(file.at("ext"), ".mp4");
  EXPECT_EQ(file.at("user_filename"), "test.mp4");
  EXPECT_EQ(file.at("synced"), true);
  EXPECT_EQ(file.at("auth_error"), object());
  for (const char* path : {"/file/", "/f/"}) {
    const auto sent = nobody_.get(path + url);
    EXPECT_EQ(sent.body, "content");
    EXPECT_EQ(sent.header("Content-Type"), "video/mp4");
  }
  const array list = files(anna_);
  ASSERT_EQ(list.size(), 1u);
  for (const char* name : {"file_url", "file_url_full", "key", "ext", "user_filename", "synced"}) {
    EXPECT_EQ(list.at(0).at(name), file.at(name)) << name;
  }
  EXPECT_EQ(list.at(0).at("creation_date"), "14.11.2023");
}

TEST_F(FileUploaderTest, AGuestsFileIsInNoList) {
  const value file = done(try_upload(nobody_));
  EXPECT_EQ(file.at("synced"), false);
  EXPECT_EQ(file.at("auth_error"),
            (value{{"message", "No Authorization header provided"}, {"errorId", -1}}));
  EXPECT_EQ(nobody_.get("/file/" + text(file.at("file_url"))).body, "content");
  EXPECT_EQ(files(anna_).size(), 0u);
}

TEST_F(FileUploaderTest, TheExtensionIsPartOfTheLinkWhereItIsAskedFor) {
  const auto reply =
      anna_.send_form("/api/upload/private?include_ext=true", {{"file", "x", "a.mp4"}});
  const std::string url = text(done(reply).at("file_url"));
  EXPECT_TRUE(std::regex_match(url, std::regex(R"([A-Za-z0-9_-]{10}\.mp4)"))) << url;
  EXPECT_EQ(nobody_.get("/file/" + url).body, "x");
}

TEST_F(FileUploaderTest, ATextThatIsALinkRedirects) {
  const value file = done(try_upload(anna_, "private", "https://example.org/x", "a.txt"));
  const auto reply = nobody_.get("/file/" + text(file.at("file_url")));
  EXPECT_EQ(reply.status, 302u);
  EXPECT_EQ(reply.header("Location"), "https://example.org/x");
}

TEST_F(FileUploaderTest, FilesAreDeletedWithTheirKey) {
  const value file = done(try_upload(anna_));
  const std::string path = "/api/delete/" + text(file.at("file_url")) + "?key=";
  const auto wrong = nobody_.get(path + "6b9a1c1b-5594-4cb9-8d49-99a4c28782a1");
  EXPECT_GE(wrong.status, 400u);
  EXPECT_EQ(files(anna_).size(), 1u);
  done(nobody_.get(path + text(file.at("key"))));
  EXPECT_EQ(files(anna_).size(), 0u);
  refused(nobody_.get("/file/" + text(file.at("file_url"))), 404, "File not found");
}

TEST_F(FileUploaderTest, RefusesUploadsThatAreNone) {
  refused(anna_.post("/api/upload/private"), 400, "No file uploaded");
  refused(anna_.post("/api/upload/private", value{{"file", "x"}}), 400, "No file uploaded");
  refused(anna_.send_form("/api/upload/private", {{"other", "x", "a.txt"}}), 400,
          "No file uploaded");
  refused(anna_.send_form("/api/upload/private", {{"file", "x"}}), 400, "No file uploaded");
  refused(try_upload(anna_, "abc"), 400, "Invalid group id");
  refused(try_upload(anna_, "99999998"), 404, "Group not found");
  refused(try_upload(anna_, group(bert_)), 403, "You are not in the group");
  EXPECT_EQ(server_.stored_blobs(), 0u);
}

TEST_F(FileUploaderTest, RegistersAndLogsIn) {
  const value account{{"username", "My cool name"}, {"password", "My cool password"}};
  for (const std::string path : {"/api/register", "/api/login", "/api/login?bot=true"}) {
    const auto reply = nobody_.post(path, account);
    const value body = done(reply);
    EXPECT_EQ(body.at("username"), "My cool name");
    EXPECT_EQ(body.at("message"), "logged in with password");
    EXPECT_EQ(reply.header("Cache-Control"), "no-store");
    const Caller caller = nobody_.with("Authorization", "Bearer " + text(body.at("accessToken")));
    EXPECT_EQ(done(caller.get("/api/get_groups")).at("groups"), array());
  }
  refused(nobody_.post("/api/register", account), 400,
          "An account with this name is already registered", 1);
  refused(nobody_.post("/api/login", value{{"username", "x"}}), 400,
          "No username/password provided", 2);
  refused(nobody_.post("/api/login", {{"username", "My cool name"}, {"password", "other"}}), 403,
          "Wrong password", 3);
  refused(nobody_.post("/api/login", {{"username", "nobody"}, {"password", "other"}}), 404,
          "User not found", 4);
}

TEST_F(FileUploaderTest, ATokenIsRefreshedOnceAndEnded) {
  const value body{{"accessToken", anna_.token}};
  const std::string fresh = text(done(nobody_.post("/api/refresh_token", body)).at("accessToken"));
  EXPECT_NE(fresh, anna_.token);
  EXPECT_EQ(nobody_.post("/api/refresh_token", body).status, 401u);
  EXPECT_EQ(anna_.get("/api/get_groups").status, 401u);
  const Caller again = nobody_.with("Authorization", "Bearer " + fresh);
  done(again.post("/api/logout"));
  EXPECT_EQ(again.get("/api/get_groups").json().at("auth_error").at("errorId"), -5);
}

TEST_F(FileUploaderTest, GroupsAreJoinedSharedAndLeft) {
  const std::string number = group(anna_);
  EXPECT_EQ(number.size(), 8u);
  const std::string link = invite(anna_, number);
  const value info = done(bert_.get("/api/invite_info/" + link));
  EXPECT_EQ(info.at("message"), "Info got successfully");
  EXPECT_EQ(info.at("name"), "New group");
  done(bert_.post("/api/join/" + link));
  const value groups = done(bert_.get("/api/get_groups")).at("groups");
  EXPECT_EQ(groups, (array{{{"name", "New group"}, {"group_id", std::stoll(number)}}}));
  done(try_upload(bert_, number));
  EXPECT_EQ(files(anna_, number).size(), 1u);
  EXPECT_EQ(done(anna_.get("/api/get_files/" + number)).at("is_group_owner"), true);
  EXPECT_EQ(done(bert_.get("/api/get_files/" + number)).at("is_group_owner"), false);
  EXPECT_EQ(bert_.del("/api/delete_group/" + number).status, 403u);
  EXPECT_EQ(anna_.post("/api/leave/" + number).status, 403u) << "the owner cannot leave";
  EXPECT_EQ(done(bert_.post("/api/leave/" + number)).at("message"), "leaved");
  refused(bert_.get("/api/get_files/" + number), 403, "You are not in the group");
  EXPECT_EQ(done(anna_.del("/api/delete_group/" + number)).at("message"), "deleted");
  refused(anna_.get("/api/get_files/" + number), 404, "Group not found");
  EXPECT_EQ(files(bert_).size(), 1u) << "its files are their uploaders' again";
  refused(bert_.post("/api/join/" + link), 404, "Invite link not found");
}

TEST_F(FileUploaderTest, ADeletedGroupsFilesTakePlacesOfTheirOwn) {
  const std::string number = group(anna_);
  done(bert_.post("/api/join/" + invite(anna_, number)));
  done(try_upload(bert_, "private", "own", "same.txt"));
  for (int i = 0; i < 3; ++i) done(try_upload(bert_, number, "shared", "same.txt"));
  done(anna_.del("/api/delete_group/" + number));
  EXPECT_EQ(files(bert_).size(), 4u);
  server_.collect();
  const array list = files(bert_);
  ASSERT_EQ(list.size(), 4u);
  for (const value& file : list) EXPECT_EQ(file.at("user_filename"), "same.txt");
}

TEST_F(FileUploaderTest, InvitesAreRevoked) {
  const std::string number = group(anna_);
  const std::string link = invite(anna_, number);
  refused(bert_.get("/api/generate_invite/" + number), 403, "You don't have any permissions");
  done(anna_.del("/api/generate_invite/" + number));
  refused(bert_.get("/api/invite_info/" + link), 404, "Invite link not found");
  refused(bert_.post("/api/join/none"), 404, "Invite link not found");
}

TEST_F(FileUploaderTest, TransfersWhatNobodyOwns) {
  const value one = done(try_upload(nobody_));
  const value other = done(try_upload(nobody_));
  const value wrong{{"file_url", other.at("file_url")},
                    {"key", "6b9a1c1b-5594-4cb9-8d49-99a4c28782a1"}};
  const value right{{"file_url", one.at("file_url")}, {"key", one.at("key")}};
  const value reply = done(anna_.post("/api/transfer", value{{"data", array{right, wrong}}}));
  EXPECT_EQ(reply.at("message"), "transferred");
  EXPECT_EQ(reply.at("unsuccess"), (array{wrong}));
  ASSERT_EQ(files(anna_).size(), 1u);
  EXPECT_EQ(files(anna_).at(0).at("file_url"), one.at("file_url"));
}

TEST_F(FileUploaderTest, WrongMethodsAreAnsweredInItsShape) {
  const auto wrong = anna_.get("/api/logout");
  EXPECT_EQ(wrong.status, 405u);
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, POST");
  EXPECT_EQ(wrong.json().at("status"), "error");
}

}  // namespace
}  // namespace coffer::apis::fileuploader
