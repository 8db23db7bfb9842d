// The document's calls in a whole server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/hash.h"
#include "server/test/test_server.h"

namespace coffer::apis::streamvault {
namespace {

using boost::json::array;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const std::string kV3 = "/storage/api/v3";
const std::string kV4 = "/storage/api/v4";
const std::string kV5 = "/storage/api/v5";

std::string text(const value& json) { return std::string(json.as_string()); }

value done(const Response& reply, unsigned status = 200) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  return reply.json();
}

void refused(const Response& reply, unsigned status, const value& body) {
  EXPECT_EQ(done(reply, status), body);
}

std::string sha256(std::string_view content) { return Sha256::of(as_bytes(content)).hex(); }

const value kRequired{"This field is required."};

class StreamVaultTest : public ::testing::Test {
 protected:
  std::string begin(int chunks, const std::string& name = "example.mp4") {
    return text(
        done(anna_.post(kV3 + "/chunk_init/", {{"file_name", name}, {"total_chunks", chunks}}), 201)
            .at("upload_id"));
  }
  Response chunk(const std::string& upload, int number, const std::string& content) {
    return anna_.send_form(kV3 + "/chunk_upload/", {{"upload_id", upload},
                                                    {"chunk_number", std::to_string(number)},
                                                    {"file", content, "blob"}});
  }
  Response complete(const std::string& upload) {
    return anna_.post(kV3 + "/chunk_complete/", value{{"upload_id", upload}});
  }
  value upload(const std::string& name, const std::string& content) {
    const std::string id = begin(1, name);
    done(chunk(id, 1, content));
    return done(complete(id));
  }
  value folder(const std::string& name) {
    return done(anna_.post(kV3 + "/folders/", value{{"name", name}}), 201);
  }
  // Of what `url` leads to, for anybody.
  std::string fetch(const value& url) {
    return nobody_.get(text(url).substr(server_.url().size())).body;
  }

  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
  Caller nobody_ = server_.anyone();
};

TEST_F(StreamVaultTest, RegistersAndLogsIn) {
  const value account{
      {"email", "bert@example.org"}, {"username", "bert"}, {"password", "securePassword123"}};
  const value made = done(nobody_.post(kV5 + "/register/", account), 201);
  EXPECT_EQ(made.at("email"), "bert@example.org");
  EXPECT_EQ(made.at("username"), "bert");
  EXPECT_EQ(made.at("message"), "User registered successfully");
  refused(nobody_.post(kV5 + "/register/", account), 400,
          {{"username", array{"A user with that username already exists."}},
           {"email", array{"A user with that email already exists."}}});
  const value tokens = done(nobody_.post(
      kV5 + "/login/", {{"email", "bert@example.org"}, {"password", "securePassword123"}}));
  const Caller bert = nobody_.with("Authorization", "Bearer " + text(tokens.at("access")));
  EXPECT_EQ(done(bert.get(kV5 + "/me/")).at("username"), "bert");
  const value wrong = done(
      nobody_.post(kV5 + "/login/", {{"email", "bert@example.org"}, {"password", "other"}}), 401);
  EXPECT_EQ(wrong.at("detail"), "No active account found with the given credentials");
  const value missing = done(nobody_.post(kV5 + "/login/", value{{"email", "x"}}), 400);
  EXPECT_EQ(missing, (value{{"password", kRequired}}));
}

TEST_F(StreamVaultTest, RefreshesAndVerifiesTokens) {
  for (const std::string& prefix : {kV5 + "/token", std::string("/storage/token")}) {
    const value fresh = done(nobody_.post(prefix + "/refresh/", value{{"refresh", anna_.refresh}}));
    EXPECT_FALSE(text(fresh.at("access")).empty());
    done(nobody_.post(prefix + "/verify/", value{{"token", anna_.token}}));
    refused(nobody_.post(prefix + "/verify/", value{{"token", "none"}}), 401,
            {{"detail", "Token is invalid or expired"}, {"code", "token_not_valid"}});
    refused(nobody_.post(prefix + "/refresh/", value{{"refresh", anna_.token}}), 401,
            {{"detail", "Token has wrong type"}, {"code", "token_not_valid"}});
  }
}

TEST_F(StreamVaultTest, CredentialsThatAreWrong) {
  const value invalid{{"detail", "Given token not valid for any token type"},
                      {"code", "token_not_valid"},
                      {"messages", array{{{"token_class", "AccessToken"},
                                          {"token_type", "access"},
                                          {"message", "Token is invalid or expired"}}}}};
  refused(nobody_.with("Authorization", "Bearer none").get(kV3 + "/all_files/"), 401, invalid);
  refused(nobody_.get(kV5 + "/me/"), 401,
          {{"detail", "Authentication credentials were not provided."}});
  EXPECT_EQ(nobody_.get(kV5 + "/me/").header("WWW-Authenticate"), "Bearer realm=\"api\"");
}

TEST_F(StreamVaultTest, AssemblesChunksInAnyOrder) {
  const std::string id = begin(3);
  refused(complete(id), 400,
          {{"error", "Missing chunks: 1, 2, 3"}, {"missing_chunks", array{1, 2, 3}}});
  const value stored = done(chunk(id, 3, "ef"));
  EXPECT_EQ(stored.at("message"), "Chunk 3 uploaded successfully");
  EXPECT_EQ(text(stored.at("upload_id")), id);
  EXPECT_EQ(stored.at("chunk_number"), 3);
  done(anna_.with("X-Upload-ID", id)
           .with("X-Chunk-Index", "0")
           .call("POST", kV3 + "/chunk_upload/", "ab"));
  const value status = done(anna_.get(kV3 + "/chunk_status/" + id + "/"));
  EXPECT_EQ(status.at("uploaded_chunks"), (array{1, 3}));
  done(chunk(id, 2, "xx"));
  done(chunk(id, 2, "cd"));
  const value file = done(complete(id));
  EXPECT_EQ(file.at("message"), "File successfully assembled");
  EXPECT_EQ(file.at("file_name"), "example.mp4");
  EXPECT_EQ(fetch(file.at("view_url")), "abcdef");
  EXPECT_EQ(done(complete(id)).at("file_id"), file.at("file_id")) << "twice: the same again";
}

TEST_F(StreamVaultTest, RefusesChunksThatAreNone) {
  const std::string id = begin(2);
  refused(chunk(id, 3, "x"), 400,
          {{"chunk_number", done(chunk(id, 3, "x"), 400).at("chunk_number")}});
  refused(chunk("00000000-0000-4000-8000-000000000000", 1, "x"), 404,
          {{"error", "Upload session not found"}});
  const value none = done(anna_.send_form(kV3 + "/chunk_upload/", {{"upload_id", id}}), 400);
  EXPECT_EQ(none.at("chunk_number"), kRequired);
  EXPECT_EQ(none.at("file"), (array{"No file was submitted."}));
  const value begun = done(anna_.post(kV3 + "/chunk_init/", value{{"total_chunks", 0}}), 400);
  EXPECT_EQ(begun.at("file_name"), kRequired);
  EXPECT_TRUE(begun.as_object().contains("total_chunks"));
  EXPECT_EQ(done(anna_.get(kV3 + "/chunk_status/" + id + "/")).at("uploaded_chunks"), array());
  EXPECT_EQ(anna_.get("/api/v1/users/me").json().at_pointer("/data/used_bytes"), 0);
}

TEST_F(StreamVaultTest, FilesHaveTheDocumentedFields) {
  const value made = upload("example.mp4", std::string(2048, 'x'));
  const std::string path = kV3 + "/files/" + text(made.at("token")) + "/";
  const value file = done(nobody_.get(path));
  EXPECT_EQ(file.at("id"), made.at("file_id"));
  EXPECT_EQ(file.at("file_name"), "example.mp4");
  EXPECT_TRUE(file.at("folder").is_null());
  EXPECT_EQ(file.at("size"), "2 KB");
  EXPECT_EQ(file.at("bytes"), 2048);
  EXPECT_EQ(file.at("created_at"), "2023-11-14T22:13:20Z");
  for (const char* name :
       {"updated_at", "uuid", "token", "file_type", "media_type", "view_url", "download_url"}) {
    EXPECT_TRUE(file.as_object().contains(name)) << name;
  }
  EXPECT_EQ(done(anna_.get(kV3 + "/all_files/")).as_array().size(), 1u);
  refused(nobody_.get(kV3 + "/files/00000000-0000-4000-8000-000000000000/"), 404,
          {{"error", "File not found"}});
}

// An MP4 begins with the size and the kind of its first box.
const std::string kVideo = std::string(
                               "\0\0\0\x18"
                               "ftypisom\0\0\2\0isommp41",
                               24) +
                           std::string(5000, 'v');

TEST_F(StreamVaultTest, AFileIsTheSameOneInMediaVault) {
  const value films = folder("Films");
  const std::string upload =
      text(done(anna_.post(kV3 + "/chunk_init/", {{"file_name", "clip.mp4"},
                                                  {"total_chunks", 2},
                                                  {"folder", films.at("token")}}),
                201)
               .at("upload_id"));
  // Not in order, so that its checksum follows in the background.
  done(chunk(upload, 2, kVideo.substr(2000)));
  done(chunk(upload, 1, kVideo.substr(0, 2000)));
  const value file = done(complete(upload));
  const auto list = [&] { return done(anna_.get("/api/v1/media")).at("data").as_array(); };
  ASSERT_EQ(list().size(), 1u);
  const value media = list().at(0);
  const std::string path = "/api/v1/media/" + text(media.at("id"));
  EXPECT_EQ(media.at("uuid"), file.at("uuid"));
  EXPECT_EQ(media.at("filename"), "clip.mp4");
  EXPECT_EQ(media.at("size"), 5024);
  EXPECT_EQ(media.at("type"), "video");
  EXPECT_EQ(media.at("media_type"), "video/mp4");
  EXPECT_EQ(file.at("media_type"), "video/mp4");
  EXPECT_EQ(anna_.get(path + "/content").body, kVideo);
  EXPECT_EQ(fetch(file.at("view_url")), kVideo);
  server_.collect();
  EXPECT_EQ(text(list().at(0).at("checksum")), "sha256:" + sha256(kVideo));
  EXPECT_EQ(anna_.get("/api/v1/users/me").json().at_pointer("/data/used_bytes"), 5024);

  const auto native = anna_.send_form("/api/v1/media/upload", {{"file", "native", "native.txt"}});
  const value uploaded = done(native, 201).at("data");
  EXPECT_EQ(done(anna_.get(kV3 + "/all_files/")).as_array().size(), 2u);
  const value shown = done(anna_.get(kV3 + "/files/" + text(uploaded.at("uuid")) + "/"));
  EXPECT_EQ(shown.at("file_name"), "native.txt");
  EXPECT_EQ(fetch(shown.at("view_url")), "native");
  EXPECT_EQ(anna_.del(path).status, 200u);
  const value left = done(anna_.get(kV3 + "/all_files/"));
  ASSERT_EQ(left.as_array().size(), 1u);
  EXPECT_EQ(left.at(0).at("file_name"), "native.txt");
  const value view = done(anna_.get(kV3 + "/folders/" + text(films.at("token")) + "/"));
  EXPECT_EQ(view.at("files"), array());
}

TEST_F(StreamVaultTest, FoldersHoldFilesAndFolders) {
  const value music = folder("Music");
  EXPECT_EQ(music.at("message"), "Folder created successfully");
  EXPECT_EQ(music.at("name"), "Music");
  const value inner =
      done(anna_.post(kV3 + "/folders/", {{"name", "Inner"}, {"parent", music.at("token")}}), 201);
  const value file = upload("a.mp3", "x");
  done(anna_.post(kV3 + "/files_move/",
                  {{"file_id", file.at("file_id")}, {"folder_token", music.at("token")}}));
  const value view = done(nobody_.get(kV3 + "/folders/" + text(music.at("token")) + "/"));
  EXPECT_EQ(view.at("subfolders").at(0).at("id"), inner.at("id"));
  EXPECT_EQ(view.at("files").at(0).at("id"), file.at("file_id"));
  EXPECT_EQ(view.at("files").at(0).at("folder"), "Music");
  refused(anna_.send("PUT", kV3 + "/folders/update/",
                     {{"token", music.at("token")}, {"name", "Songs"}}),
          200, {{"message", "Folder updated successfully"}});
  refused(anna_.post(kV3 + "/folders/", boost::json::object()), 400, {{"name", kRequired}});
  const auto into_itself =
      anna_.send("PUT", kV4 + "/folders/" + text(music.at("uuid")) + "/update/",
                 {{"parent", inner.at("uuid")}});
  EXPECT_EQ(into_itself.status, 400u) << into_itself.body;
}

TEST_F(StreamVaultTest, V4ChangesAndDeletes) {
  const value file = upload("a.mp3", "x");
  const value music = folder("Music");
  const std::string path = "/files/" + text(file.at("uuid"));
  for (const std::string& root : {kV4, std::string("/api/v4")}) {
    const value changed =
        done(anna_.send("PUT", root + path + "/update/", value{{"name", "b.mp3"}}));
    EXPECT_EQ(changed.at("id"), file.at("uuid"));
    EXPECT_EQ(changed.at("name"), "b.mp3");
    EXPECT_EQ(changed.at("size"), 1);
    const std::string media = text(changed.at("file"));
    EXPECT_TRUE(media.starts_with("uploads/2023/11/14/") && media.ends_with("_b.mp3")) << media;
    EXPECT_EQ(nobody_.get("/storage/media/" + media).body, "x");
  }
  const auto bert = server_.user("bert");
  refused(bert.del(kV4 + path + "/delete/"), 404, {{"error", "File not found"}});
  done(anna_.del(kV4 + path + "/delete/"));
  refused(anna_.del(kV4 + path + "/delete/"), 404, {{"error", "File not found"}});
  refused(anna_.del(kV4 + "/folders/" + text(music.at("uuid")) + "/delete/"), 200,
          {{"message", "Папка и все вложения успешно удалены"}});
}

TEST_F(StreamVaultTest, ReplacingKeepsIdAndLinks) {
  const value file = upload("a.mp3", "old");
  const std::string path = fmt::format("{}/files/replace/{}/", kV3, file.at("file_id").as_int64());
  done(anna_.send_form(path, {{"file", "newer", "b.mp3"}}, "PUT"));
  EXPECT_EQ(fetch(file.at("view_url")), "newer");
  EXPECT_EQ(done(anna_.get(kV3 + "/files/" + text(file.at("token")) + "/")).at("id"),
            file.at("file_id"));
  refused(anna_.send_form(path, {}, "PUT"), 400, {{"file", array{"No file was submitted."}}});
}

TEST_F(StreamVaultTest, SharesAreRevoked) {
  const value file = upload("a.mp3", "x");
  const std::string share = kV3 + "/share/" + text(file.at("token")) + "/";
  EXPECT_TRUE(done(anna_.get(share)).at("expires_at").is_null());
  done(anna_.del(share));
  refused(nobody_.get(kV3 + "/files/" + text(file.at("token")) + "/"), 404,
          {{"error", "File not found"}});
  const std::string uuid = text(file.at("uuid"));
  EXPECT_NE(done(anna_.get(kV3 + "/files/" + uuid + "/")).at("token"), file.at("token"));
}

TEST_F(StreamVaultTest, GuestsAreLetInOnlyWhereTheyAreServed) {
  const value begun{{"file_name", "a"}, {"total_chunks", 1}};
  EXPECT_EQ(nobody_.post(kV3 + "/chunk_init/", begun).status, 201u);
  TestServer closed(Fields{{"guests", "off"}});
  refused(closed.anyone().post(kV3 + "/chunk_init/", begun), 401,
          {{"detail", "Authentication credentials were not provided."}});
}

TEST_F(StreamVaultTest, UnknownPathsAndMethodsAreAnsweredInItsShape) {
  refused(anna_.get(kV3 + "/nothing/"), 404,
          {{"detail", "Not found."}, {"error", "Path not found"}});
  const auto wrong = anna_.get(kV3 + "/chunk_init/");
  refused(wrong, 405, {{"detail", "Method \"GET\" not allowed."}});
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, POST");
  refused(anna_.call("POST", kV3 + "/folders/", "x", {{"Content-Type", "text/plain"}}), 415,
          {{"detail",
            done(anna_.call("POST", kV3 + "/folders/", "x", {{"Content-Type", "text/plain"}}), 415)
                .at("detail")}});
}

}  // namespace
}  // namespace coffer::apis::streamvault
