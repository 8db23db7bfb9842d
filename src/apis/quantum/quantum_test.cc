// The document's calls, one after the other, in a whole server.
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "server/test/test_server.h"

namespace coffer::apis::quantum {
namespace {

using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

std::string text(const value& json) { return std::string(json.as_string()); }

// The data of a success; null where it has none.
value done(const Response& reply) {
  EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(reply.header("Content-Type"), "application/json");
  const value body = reply.json();
  EXPECT_EQ(body.at("status"), "success");
  EXPECT_FALSE(text(body.at("message")).empty());
  const value* data = body.as_object().if_contains("data");
  EXPECT_EQ(body.as_object().size(), data ? 3u : 2u);
  return data ? *data : value();
}

void refused(const Response& reply, unsigned status, std::string_view code) {
  EXPECT_EQ(reply.status, status) << reply.body;
  EXPECT_EQ(reply.json(), (value{{"status", "error"}, {"message", code}}));
}

Response add(const Caller& caller, const std::string& place, const std::string& name,
             const std::string& content, std::optional<std::string> force = std::nullopt) {
  std::vector<server::test::Part> parts;
  if (force) parts.push_back({"force", *force});
  parts.push_back({"files", content, name});
  return caller.send_form("/file/add/" + place, parts);
}

class QuantumTest : public ::testing::Test {
 protected:
  Caller with_application(const std::string& bucket) {
    const value data = done(anna_.post("/token/create/" + bucket));
    EXPECT_EQ(data.as_object().size(), 1u);
    return server_.anyone().with("X-API-AKEY", text(data.at("token")));
  }
  std::string download_token(const std::string& place) {
    return text(done(anna_.get("/file/get/" + place)).at("file_token"));
  }

  TestServer server_{Fields{{"accounts.quota", "1MiB"}}};
  Caller anna_ = server_.with_master_key(server_.user("anna").account);
  Caller nobody_ = server_.anyone();
};

TEST_F(QuantumTest, Buckets) {
  EXPECT_EQ(done(anna_.get("/bucket")), (value{{"Buckets", boost::json::array()}}));
  EXPECT_EQ(done(anna_.post("/bucket/create/beta")), value());
  done(anna_.post("/bucket/create/alpha"));
  EXPECT_EQ(done(anna_.get("/bucket/")), (value{{"Buckets", {"alpha", "beta"}}}));
  const Caller bert = server_.with_master_key(server_.user("bert").account);
  refused(bert.post("/bucket/create/alpha"), 400, "BUCKET_EXISTS");
  refused(bert.post("/bucket/remove/alpha"), 404, "BUCKET_DNE");
  EXPECT_EQ(done(bert.get("/bucket")), (value{{"Buckets", boost::json::array()}}));
  EXPECT_EQ(done(anna_.post("/bucket/remove/alpha")), value());
  refused(anna_.post("/bucket/remove/alpha"), 404, "BUCKET_DNE");
  EXPECT_EQ(done(anna_.get("/API/bucket")), (value{{"Buckets", {"beta"}}}));
}

TEST_F(QuantumTest, FilesAndDirectories) {
  done(anna_.post("/bucket/create/bucket"));
  EXPECT_EQ(done(add(anna_, "bucket/a/b", "f", "one")), value());
  EXPECT_EQ(done(anna_.post("/file/mkdir/bucket/a/c")), value());
  refused(add(anna_, "bucket/a/b", "f", "two"), 400, "FILE_ALREADY_EXISTS");
  refused(add(anna_, "bucket/a/b", "f", "two", "false"), 400, "FILE_ALREADY_EXISTS");
  EXPECT_EQ(nobody_.get("/file/download/" + download_token("bucket/a/b/f")).body, "one");
  done(add(anna_, "bucket/a/b", "f", "two", "true"));
  EXPECT_EQ(nobody_.get("/file/download/" + download_token("bucket/a/b/f")).body, "two");
  refused(anna_.get("/file/get/bucket/a"), 404, "NOT_A_FILE");
  refused(anna_.get("/file/get/bucket/none"), 404, "FILE_DNE");
  refused(anna_.get("/file/get/none/f"), 404, "BUCKET_DNE");
  EXPECT_EQ(done(anna_.post("/file/remove/bucket/a")), value());
  refused(anna_.get("/file/get/bucket/a/b/f"), 404, "FILE_DNE");
  refused(anna_.post("/file/remove/bucket/a"), 404, "FILE_DNE");
}

TEST_F(QuantumTest, APathThatEscapesIsInvalid) {
  done(anna_.post("/bucket/create/bucket"));
  for (const std::string path : {"../x", "%2e%2e/x", "a/../../x", "%2fetc", "a%00b"}) {
    SCOPED_TRACE(path);
    refused(anna_.get("/file/get/bucket/" + path), 400, "INVALID_PATH");
  }
  refused(add(anna_, "bucket/", "../x", "x"), 400, "INVALID_PATH");
}

TEST_F(QuantumTest, ADownloadTokenWorksOnce) {
  done(anna_.post("/bucket/create/bucket"));
  done(add(anna_, "bucket/", "f", "bytes"));
  const std::string first = download_token("bucket/f");
  const std::string second = download_token("bucket/f");
  EXPECT_NE(first, second);
  EXPECT_EQ(nobody_.get("/file/download/" + first).body, "bytes");
  for (const std::string& token : {first, second, std::string("none")}) {
    refused(nobody_.get("/file/download/" + token), 400, "INVALID_TOKEN");
  }
}

TEST_F(QuantumTest, AnApplicationHasItsBucketAlone) {
  done(anna_.post("/bucket/create/bucket"));
  done(anna_.post("/bucket/create/other"));
  const Caller application = with_application("bucket");
  done(add(application, "bucket/", "f", "bytes"));
  done(application.get("/file/get/bucket/f"));
  refused(add(application, "other/", "f", "bytes"), 400, "INVALID_BUCKET");
  refused(application.get("/bucket"), 403, "UNAUTHORIZED");
  refused(application.post("/bucket/create/new"), 403, "UNAUTHORIZED");
  refused(application.post("/token/create/bucket"), 403, "UNAUTHORIZED");
  refused(application.post("/token/remove/none"), 403, "UNAUTHORIZED");
}

TEST_F(QuantumTest, TokensAreRemovedAloneAndTogether) {
  done(anna_.post("/bucket/create/bucket"));
  const std::string token = text(done(anna_.post("/token/create/bucket")).at("token"));
  const Caller one = nobody_.with("X-API-AKEY", token);
  const Caller two = with_application("bucket");
  done(one.get("/file/quota"));
  EXPECT_EQ(done(anna_.post("/token/remove/" + token)), value());
  refused(one.get("/file/quota"), 401, "UNAUTHORIZED");
  refused(anna_.post("/token/remove/" + token), 404, "TOKEN_DNE");
  done(two.get("/file/quota"));
  EXPECT_EQ(done(anna_.post("/token/remove/b/bucket")), value());
  refused(two.get("/file/quota"), 401, "UNAUTHORIZED");
  refused(anna_.post("/token/create/none"), 404, "BUCKET_DNE");
}

TEST_F(QuantumTest, TheQuotaIsWhatIsLeft) {
  done(anna_.post("/bucket/create/bucket"));
  const auto left = [&] {
    return done(anna_.get("/file/quota")).at("space_left").to_number<long>();
  };
  const long before = left();
  EXPECT_LE(before, 1 << 20);
  done(add(anna_, "bucket/", "f", std::string(300'000, 'x')));
  EXPECT_LE(left(), before - 300'000);
  refused(add(anna_, "bucket/", "g", std::string(900'000, 'x')), 400, "INSUFFICIENT_SPACE");
  EXPECT_LE(left(), before - 300'000);
}

TEST_F(QuantumTest, StatusHasTheDocumentedFields) {
  const value data = done(nobody_.get("/status"));
  EXPECT_TRUE(data.at("system_load").is_number());
  EXPECT_TRUE(data.at("memory_free").is_number());
  EXPECT_TRUE(data.at("disk_free").is_number());
  EXPECT_FALSE(text(data.at("kernel_version")).empty());
  EXPECT_TRUE(data.at("upgradable_packages").is_array());
  EXPECT_EQ(data.as_object().size(), 5u);
}

TEST_F(QuantumTest, CredentialsThatAreMissingWrongOrOfAnotherKind) {
  done(anna_.post("/bucket/create/bucket"));
  const auto bert = server_.user("bert");
  refused(nobody_.get("/bucket"), 401, "UNAUTHORIZED");
  EXPECT_EQ(nobody_.get("/bucket").header("WWW-Authenticate"), "API-Key");
  refused(nobody_.with("X-API-MKEY", "wrong").get("/bucket"), 401, "UNAUTHORIZED");
  refused(nobody_.with("X-API-AKEY", "wrong").get("/bucket"), 401, "UNAUTHORIZED");
  refused(bert.get("/bucket"), 401, "UNAUTHORIZED");
  refused(server_.with_api_key(bert.account).get("/bucket"), 401, "UNAUTHORIZED");
}

TEST_F(QuantumTest, WrongMethodsAndFormsThatAreNone) {
  done(anna_.post("/bucket/create/bucket"));
  const auto wrong = anna_.get("/bucket/create/x");
  refused(wrong, 405, "REQ_METHOD_INVALID");
  EXPECT_EQ(wrong.header("Allow"), "OPTIONS, POST");
  refused(anna_.post("/file/add/bucket/"), 400, "INVALID_FORM");
  refused(anna_.post("/file/add/bucket/", value{{"files", "x"}}), 400, "INVALID_FORM");
  refused(anna_.send_form("/file/add/bucket/", {{"other", "x", "f"}}), 400, "INVALID_FORM");
  refused(anna_.send_form("/file/add/bucket/", {{"force", "perhaps"}, {"files", "x", "f"}}), 400,
          "INVALID_FORM");
  EXPECT_EQ(server_.stored_blobs(), 0u);
}

}  // namespace
}  // namespace coffer::apis::quantum
