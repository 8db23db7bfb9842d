// Sessions, keys and the end of an account, as Media Vault serves them.
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
using boost::json::array;
using boost::json::value;
using server::test::Caller;
using server::test::Fields;
using server::test::Response;
using server::test::TestServer;

const std::string kRoot = "/api/v1";
const std::string kMe = kRoot + "/users/me";
const std::string kRefresh = kRoot + "/auth/refresh";
const std::string kSessions = kRoot + "/auth/sessions";
const std::string kKeys = kRoot + "/api-keys";

std::string text(const value& json) { return std::string(json.as_string()); }

value data_of(const Response& reply, unsigned status = 200) {
  EXPECT_EQ(reply.status, status) << reply.body;
  return reply.json().at("data");
}

std::string code_of(const Response& reply) { return text(reply.json().at("error").at("code")); }

// The fields that the error's details name.
std::set<std::string> faults_of(const Response& reply) {
  EXPECT_EQ(reply.status, 400u) << reply.body;
  const value body = reply.json();
  std::set<std::string> fields;
  for (const value& detail : body.at("error").at("details").as_array()) {
    fields.insert(text(detail.at("field")));
  }
  return fields;
}

class MediaVaultAccounts : public ::testing::Test {
 protected:
  value log_in(const std::string& name, const std::string& agent = "") {
    const value body{{"username", name}, {"password", TestServer::kPassword}};
    const Caller caller = server_.anyone().with("User-Agent", agent);
    return data_of(caller.post(kRoot + "/auth/login", body));
  }
  Caller bearing(const value& token) const {
    return server_.anyone().with("Authorization", "Bearer " + text(token));
  }
  Response refresh(const value& token) const {
    return server_.anyone().post(kRefresh, {{"refresh_token", token}});
  }
  Caller with_key(const value& made) const {
    return server_.anyone().with("X-API-Key", text(made.at("secret")));
  }
  value make_key(value body) { return data_of(anna_.post(kKeys, body), 201); }

  TestServer server_;
  TestServer::User anna_ = server_.user("anna");
};

TEST_F(MediaVaultAccounts, ARefreshTokenIsReplaced) {
  const value first = log_in("anna");
  const value second = data_of(refresh(first.at("refresh_token")));
  EXPECT_NE(second.at("refresh_token"), first.at("refresh_token"));
  EXPECT_EQ(second.at("expires_in"), 3600);
  EXPECT_EQ(bearing(second.at("token")).get(kMe).status, 200u);
  EXPECT_EQ(bearing(first.at("token")).get(kMe).status, 200u) << "until it expires by itself";

  server_.advance(30s);
  const value again = data_of(refresh(first.at("refresh_token")));
  EXPECT_EQ(bearing(again.at("token")).get(kMe).status, 200u) << "the reply may have been lost";
  server_.advance(1us);
  const auto reused = refresh(first.at("refresh_token"));
  EXPECT_EQ(reused.status, 401u);
  EXPECT_EQ(code_of(reused), "unauthorized");
  for (const value& token : {first.at("token"), second.at("token"), again.at("token")}) {
    EXPECT_EQ(bearing(token).get(kMe).status, 401u) << "the whole family has ended";
  }
  EXPECT_EQ(refresh(again.at("refresh_token")).status, 401u);
  EXPECT_EQ(anna_.get(kMe).status, 200u) << "and no other session";
}

TEST_F(MediaVaultAccounts, ARefreshTakesTheBearerToo) {
  const value login = log_in("anna");
  const value by_access = data_of(bearing(login.at("token")).post(kRefresh));
  EXPECT_EQ(bearing(by_access.at("token")).get(kMe).status, 200u);
  const value by_refresh = data_of(bearing(login.at("refresh_token")).post(kRefresh));
  EXPECT_EQ(bearing(by_refresh.at("token")).get(kMe).status, 200u);
  EXPECT_EQ(bearing(login.at("refresh_token")).get(kMe).status, 401u) << "it opens nothing else";
  const auto key = make_key({{"name", "k"}});
  EXPECT_EQ(with_key(key).post(kRefresh).status, 401u) << "a key has no session";
  EXPECT_EQ(server_.anyone().post(kRefresh).status, 401u);
}

TEST_F(MediaVaultAccounts, StreamVaultsClientsKeepTheirRefreshToken) {
  const auto login = server_.anyone().post(
      "/storage/api/v5/login/",
      value{{"email", "anna@example.com"}, {"password", TestServer::kPassword}});
  const value kept = login.json().at("refresh");
  for (int i = 0; i < 3; ++i) {
    server_.advance(1h);
    const auto reply =
        server_.anyone().post("/storage/api/v5/token/refresh/", value{{"refresh", kept}});
    ASSERT_EQ(reply.status, 200u) << reply.body;
    EXPECT_EQ(bearing(reply.json().at("access")).get(kMe).status, 200u);
  }
  // Media Vault replaces it, and then it is the same there.
  data_of(refresh(kept));
  server_.advance(31s);
  const auto reply =
      server_.anyone().post("/storage/api/v5/token/refresh/", value{{"refresh", kept}});
  EXPECT_EQ(reply.status, 401u);
  EXPECT_EQ(reply.json().at("code"), "token_not_valid");
}

TEST_F(MediaVaultAccounts, SessionsAreListedAndEnded) {
  server_.advance(1h - 1s);
  const value phone = log_in("anna", "Phone/1.0");
  server_.advance(5min);
  const value tab = log_in("anna", "Browser/2.0");
  server_.advance(5min);
  const Caller caller = bearing(tab.at("token"));
  const value list = data_of(caller.get(kSessions));
  ASSERT_EQ(list.as_array().size(), 3u);
  const value& second = list.at(1);
  std::set<std::string> names;
  for (const auto& member : second.as_object()) names.emplace(member.key());
  EXPECT_EQ(names, (std::set<std::string>{"address", "created_at", "current", "expires_at", "id",
                                          "last_used_at", "user_agent"}));
  EXPECT_TRUE(text(second.at("id")).starts_with("session_"));
  EXPECT_EQ(second.at("address"), "127.0.0.1");
  EXPECT_EQ(second.at("user_agent"), "Phone/1.0");
  EXPECT_EQ(second.at("current"), false);
  EXPECT_EQ(second.at("last_used_at"), second.at("created_at"));
  EXPECT_EQ(list.at(2).at("current"), true);
  EXPECT_NE(list.at(2).at("last_used_at"), list.at(2).at("created_at")) << "just now";

  const std::string path = kSessions + "/" + text(second.at("id"));
  const auto bert = server_.user("bert");
  EXPECT_EQ(bert.del(path).status, 404u) << "somebody else's is none";
  EXPECT_EQ(data_of(caller.del(path)), (value{{"id", second.at("id")}, {"deleted", true}}));
  EXPECT_EQ(bearing(phone.at("token")).get(kMe).status, 401u);
  EXPECT_EQ(refresh(phone.at("refresh_token")).status, 401u);
  EXPECT_EQ(caller.del(path).status, 404u);
  for (const std::string id : {"1", "session_", "session_x", "session_-1", "session_0",
                               "session_99999999999999999999", "key_1"}) {
    EXPECT_EQ(caller.del(kSessions + "/" + id).status, 404u) << id;
  }
  EXPECT_EQ(data_of(bert.get(kSessions)).as_array().size(), 1u);
  // One's own session may be ended as any other.
  EXPECT_EQ(caller.del(kSessions + "/" + text(list.at(2).at("id"))).status, 200u);
  EXPECT_EQ(caller.get(kMe).status, 401u);
}

TEST_F(MediaVaultAccounts, WhatASessionSaysOfItselfIsBounded) {
  log_in("anna", std::string(5000, 'x'));
  log_in("anna", "\xff\xfe<b>");
  const value list = data_of(anna_.get(kSessions));
  EXPECT_EQ(text(list.at(1).at("user_agent")), std::string(256, 'x'));
  EXPECT_EQ(text(list.at(2).at("user_agent")),
            "?"
            "?<b>");
}

TEST_F(MediaVaultAccounts, TheAddressIsTheClientsBehindAProxy) {
  TestServer server(Fields{{"trusted_proxies", "127.0.0.1"}});
  server.user("anna");
  const value body{{"username", "anna"}, {"password", TestServer::kPassword}};
  const auto login =
      server.anyone().with("X-Forwarded-For", "2001:db8::7").post(kRoot + "/auth/login", body);
  const auto caller =
      server.anyone().with("Authorization", "Bearer " + text(login.json().at("token")));
  EXPECT_EQ(data_of(caller.get(kSessions)).at(1).at("address"), "2001:db8::7");
}

TEST_F(MediaVaultAccounts, LogOutEverywhereEndsEverySession) {
  const value one = log_in("anna");
  const auto bert = server_.user("bert");
  const value key = make_key({{"name", "k"}});
  const value done = data_of(anna_.post(kRoot + "/auth/logout-all"));
  EXPECT_EQ(done.at("sessions_ended"), 2);
  for (const Caller& caller : {static_cast<Caller>(anna_), bearing(one.at("token"))}) {
    EXPECT_EQ(caller.get(kMe).status, 401u);
  }
  EXPECT_EQ(refresh(one.at("refresh_token")).status, 401u);
  EXPECT_EQ(bert.get(kMe).status, 200u);
  EXPECT_EQ(with_key(key).get(kMe).status, 200u) << "keys are revoked one by one";
  log_in("anna");
}

TEST_F(MediaVaultAccounts, ANewPasswordEndsTheOtherSessions) {
  const value other = log_in("anna");
  const auto change = [&](value body) { return anna_.send("PATCH", kMe, body); };
  EXPECT_EQ(faults_of(change({{"password", "a new password"}})),
            std::set<std::string>{"current_password"});
  EXPECT_EQ(faults_of(change({{"password", "a new password"}, {"current_password", "wrong"}})),
            std::set<std::string>{"current_password"});
  EXPECT_EQ(bearing(other.at("token")).get(kMe).status, 200u);
  data_of(change({{"password", "a new password"}, {"current_password", TestServer::kPassword}}));
  EXPECT_EQ(bearing(other.at("token")).get(kMe).status, 401u);
  EXPECT_EQ(refresh(other.at("refresh_token")).status, 401u);
  EXPECT_EQ(anna_.get(kMe).status, 200u);
  EXPECT_EQ(data_of(anna_.get(kSessions)).as_array().size(), 1u);
  EXPECT_EQ(refresh(value(anna_.refresh)).status, 200u);
}

TEST_F(MediaVaultAccounts, KeysAreListedWithTheirLastUse) {
  const value made =
      make_key({{"name", "backup"}, {"scopes", {"read"}}, {"expires_at", "2023-11-15T22:13:20Z"}});
  EXPECT_EQ(made.at("scopes"), (value{"read"}));
  EXPECT_EQ(made.at("expires_at"), "2023-11-15T22:13:20Z");
  EXPECT_TRUE(made.at("last_used_at").is_null());
  EXPECT_TRUE(text(made.at("secret")).starts_with(text(made.at("prefix"))));
  server_.advance(90s);
  EXPECT_EQ(with_key(made).get(kMe).status, 200u);
  const auto shown = [&] { return data_of(anna_.get(kKeys)).at(0).at("last_used_at"); };
  EXPECT_EQ(shown(), "2023-11-14T22:14:50Z");
  server_.collect();
  server_.restart();
  const auto anna = server_.user("anna");
  EXPECT_EQ(data_of(anna.get(kKeys)).at(0).at("last_used_at"), "2023-11-14T22:14:50Z");
  const value plain = data_of(anna.post(kKeys, value{{"name", ""}}), 201);
  EXPECT_EQ(plain.at("scopes"), (value{"read", "write"}));
  EXPECT_TRUE(plain.at("expires_at").is_null());
}

TEST_F(MediaVaultAccounts, AKeyExpires) {
  const value key = make_key({{"name", "k"}, {"expires_at", "2023-11-14T23:13:20Z"}});
  const value master =
      make_key({{"name", "m"}, {"kind", "master"}, {"expires_at", "2023-11-14T23:13:20Z"}});
  const Caller quantum = server_.anyone().with("X-API-MKEY", text(master.at("secret")));
  server_.advance(1h - 1us);
  EXPECT_EQ(with_key(key).get(kMe).status, 200u);
  EXPECT_EQ(quantum.get("/bucket").status, 200u);
  server_.advance(1us);
  const auto refused = with_key(key).get(kMe);
  EXPECT_EQ(refused.status, 401u);
  EXPECT_EQ(code_of(refused), "unauthorized");
  EXPECT_EQ(quantum.get("/bucket").status, 401u);
}

TEST_F(MediaVaultAccounts, AKeyDoesWhatItsScopesSay) {
  const value reader = make_key({{"name", "r"}, {"scopes", {"read"}}});
  const value writer = make_key({{"name", "w"}, {"scopes", {"write"}}});
  const auto upload = [](const Caller& caller) {
    return caller.send_form(kRoot + "/media/upload", {{"file", "bytes", "f"}});
  };
  const value media = data_of(upload(with_key(writer)), 201);
  const std::string path = kRoot + "/media/" + text(media.at("id"));
  const Caller reads = with_key(reader);
  EXPECT_EQ(reads.get(path).status, 200u);
  EXPECT_EQ(reads.call("HEAD", path).status, 200u);
  EXPECT_EQ(reads.get(path + "/content").body, "bytes");
  for (const Response& refused :
       {upload(reads), reads.del(path), reads.send("PATCH", path, value{{"title", "t"}}),
        reads.post(kRoot + "/collections", value{{"name", "c"}}),
        reads.post("/storage/api/v3/folders/", value{{"name", "f"}})}) {
    EXPECT_EQ(refused.status, 403u) << refused.body;
  }
  EXPECT_EQ(code_of(upload(reads)), "forbidden");
  EXPECT_EQ(server_.stored_blobs(), 1u) << "of the upload that was let through";
  EXPECT_EQ(reads.get("/storage/api/v3/all_files/").status, 200u);
  EXPECT_EQ(reads.post("/storage/api/v3/folders_search/", value{{"name", "f"}}).status, 200u)
      << "a search is no change, whatever its method";

  const Caller writes = with_key(writer);
  EXPECT_EQ(writes.get(path).status, 403u);
  EXPECT_EQ(writes.get(path + "/content").status, 403u);
  // A link would give what the key may not read.
  const std::string collection =
      kRoot + "/collections/" +
      text(data_of(writes.post(kRoot + "/collections", value{{"name", "c"}}), 201).at("id"));
  const std::string share =
      kRoot + "/shares/" +
      text(data_of(anna_.post(path + "/shares", value(boost::json::object())), 201).at("id"));
  for (const Caller& caller : {reads, writes}) {
    EXPECT_EQ(caller.post(path + "/shares", value(boost::json::object())).status, 403u);
    EXPECT_EQ(caller.post(collection + "/shares", value(boost::json::object())).status, 403u);
    EXPECT_EQ(caller.send("PATCH", share, value(boost::json::object())).status, 403u);
  }
  const Caller both = with_key(make_key({{"name", "b"}}));
  EXPECT_EQ(both.post(collection + "/shares", value(boost::json::object())).status, 201u);
  EXPECT_EQ(both.send("PATCH", share, value(boost::json::object())).status, 200u);
  EXPECT_EQ(writes.del(share).status, 200u) << "what ends a link tells nothing";
  EXPECT_EQ(writes.del(collection).status, 200u);
  EXPECT_EQ(writes.del(path).status, 403u) << "its reply shows the file";
  EXPECT_EQ(data_of(both.del(path)).at("deleted"), true);
}

TEST_F(MediaVaultAccounts, ScopesHoldForMasterKeysToo) {
  const value made = make_key({{"name", "m"}, {"kind", "master"}, {"scopes", {"read"}}});
  const Caller key = server_.anyone().with("X-API-MKEY", text(made.at("secret")));
  const auto master = server_.with_master_key(anna_.account);
  ASSERT_EQ(master.post("/bucket/create/pictures").status, 200u);
  EXPECT_EQ(key.get("/bucket").status, 200u);
  const auto refused = key.post("/bucket/create/others");
  EXPECT_EQ(refused.status, 403u);
  EXPECT_EQ(refused.json().at("status"), "error");
  EXPECT_EQ(key.post("/bucket/remove/pictures").status, 403u);
  EXPECT_EQ(key.get("/file/get/pictures/none").status, 404u) << "a download is asked for";
}

TEST_F(MediaVaultAccounts, FaultyTermsOfKeysAreNamed) {
  const auto create = [&](std::string_view field, value wrong) {
    return anna_.post(kKeys, value{{"name", "k"}, {field, std::move(wrong)}});
  };
  for (const value& wrong : {value(array()), value{"admin"}, value{"read", "admin"}, value("read"),
                             value(1), value(nullptr), value{1}, value{""}}) {
    EXPECT_EQ(faults_of(create("scopes", wrong)), std::set<std::string>{"scopes"}) << wrong;
  }
  for (const value& wrong :
       {value(1), value(""), value("tomorrow"), value("2023-11-14T22:13:20Z"),
        value("2023-02-30T10:00:00Z"), value(true), value{"2030-01-01T00:00:00Z"}}) {
    EXPECT_EQ(faults_of(create("expires_at", wrong)), std::set<std::string>{"expires_at"}) << wrong;
  }
  EXPECT_EQ(faults_of(anna_.post(
                kKeys, value{{"name", 1}, {"kind", "x"}, {"scopes", {"x"}}, {"expires_at", "x"}})),
            (std::set<std::string>{"name", "kind", "scopes", "expires_at"}))
      << "all at once";
  EXPECT_EQ(data_of(anna_.get(kKeys)).as_array().size(), 0u);
}

TEST_F(MediaVaultAccounts, AnAccountIsDeletedWithEverythingInIt) {
  const auto upload = anna_.send_form(kRoot + "/media/upload", {{"file", "bytes", "f"}});
  ASSERT_EQ(upload.status, 201u);
  const value other = log_in("anna");
  const value key = make_key({{"name", "k"}});
  EXPECT_EQ(faults_of(anna_.del(kMe)), std::set<std::string>{"password"});
  for (const value& wrong : {value("wrong horse"), value(1), value(nullptr), value("")}) {
    EXPECT_EQ(faults_of(anna_.send("DELETE", kMe, value{{"password", wrong}})),
              std::set<std::string>{"password"});
  }
  const value body{{"password", TestServer::kPassword}};
  EXPECT_EQ(with_key(key).send("DELETE", kMe, body).status, 403u);
  EXPECT_EQ(server_.anyone().send("DELETE", kMe, body).status, 401u);
  EXPECT_EQ(anna_.get(kMe).status, 200u);

  const value done = data_of(anna_.send("DELETE", kMe, body));
  EXPECT_EQ(done.at("deleted"), true);
  EXPECT_EQ(anna_.get(kMe).status, 401u);
  EXPECT_EQ(bearing(other.at("token")).get(kMe).status, 401u);
  EXPECT_EQ(with_key(key).get(kMe).status, 401u);
  const value login{{"username", "anna"}, {"password", TestServer::kPassword}};
  EXPECT_EQ(server_.anyone().post(kRoot + "/auth/login", login).status, 401u);
  server_.collect();
  server_.advance(std::chrono::days(2));
  server_.collect();
  EXPECT_EQ(server_.stored_blobs(), 0u);
  const auto heir = server_.user("anna");
  EXPECT_EQ(data_of(heir.get(kRoot + "/media")).as_array().size(), 0u);
}

TEST_F(MediaVaultAccounts, GuessingThePasswordOfADeletionIsBounded) {
  TestServer server(Fields{{"rate_limits", "on"}, {"limits.wrong_passwords_per_minute", "3"}});
  const auto anna = server.user("anna");
  std::vector<unsigned> statuses;
  for (int i = 0; i < 5; ++i) {
    statuses.push_back(anna.send("DELETE", kMe, value{{"password", "guess"}}).status);
  }
  EXPECT_EQ(statuses, (std::vector<unsigned>{400, 400, 400, 429, 429}));
  EXPECT_EQ(anna.get(kMe).status, 200u);
}

TEST_F(MediaVaultAccounts, KeysHaveNoPartInSessions) {
  const Caller key = with_key(make_key({{"name", "k"}}));
  for (const auto& [method, path] :
       std::vector<std::pair<std::string, std::string>>{{"POST", "/auth/logout"},
                                                        {"POST", "/auth/logout-all"},
                                                        {"GET", "/auth/sessions"},
                                                        {"DELETE", "/auth/sessions/session_1"},
                                                        {"DELETE", "/users/me"}}) {
    const auto refused = key.call(method, kRoot + path);
    EXPECT_EQ(refused.status, 403u) << path;
    EXPECT_EQ(code_of(refused), "forbidden");
  }
}

TEST_F(MediaVaultAccounts, MeShowsTheQuota) {
  TestServer server(Fields{{"accounts.quota", "1MiB"}});
  const auto anna = server.user("anna");
  anna.send_form(kRoot + "/media/upload", {{"file", std::string(1000, 'x'), "name"}});
  const value me = data_of(anna.get(kMe));
  EXPECT_EQ(me.at("quota"), 1 << 20);
  EXPECT_EQ(me.at("used"), 1000 + 1024 + 4) << "with what the quota takes for the record";
  EXPECT_EQ(me.at("used_bytes"), 1000);
  EXPECT_TRUE(data_of(anna_.get(kMe)).at("quota").is_null());
}

}  // namespace
}  // namespace coffer::apis::mediavault
