#include "vault/identity/sessions.h"

#include <fmt/format.h>
#include <sodium.h>

#include <atomic>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

constexpr db::Statement kKey{"SELECT value FROM secret WHERE name = 'session_key'"};
constexpr db::Statement kCountSessions{"SELECT count(*) FROM session"};

class SessionsTest : public VaultTest {
 protected:
  Result<Caller> authenticate(std::string token) {
    return run(vault_->sessions().authenticate(std::move(token)));
  }
  Result<Tokens> refresh(std::string token) {
    return run(vault_->sessions().refresh(std::move(token)));
  }
  Bytes signing_key() {
    return run(stores_.database->read([](db::Transaction& tx) -> Task<Bytes> {
      const auto key = co_await tx.find(kKey, [](const db::Row& row) {
        const ByteView value = row.bytes(0);
        return Bytes(value.begin(), value.end());
      });
      co_return key.value();
    }));
  }
  std::int64_t sessions() {
    return run(stores_.database->read([](db::Transaction& tx) -> Task<std::int64_t> {
      const auto count =
          co_await tx.find(kCountSessions, [](const db::Row& row) { return row.integer(0); });
      co_return count.value();
    }));
  }
  std::int64_t now() const { return to_micros(clock_.now()) / 1'000'000; }

  const Account anna_ = make_account("anna");
};

// Made without the library that the program uses.
std::string forge(const std::string& header, const std::string& claims, const Bytes& key) {
  const std::string text = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(claims));
  Bytes mac(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  crypto_auth_hmacsha256_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                                text.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(mac.data()));
  return text + "." + to_base64url(mac);
}

constexpr const char* kHeader = R"({"alg":"HS256","typ":"JWT"})";

TEST_F(SessionsTest, TokensAreThoseOfTheStandard) {
  const Tokens tokens = begin_session(anna_);
  const auto caller = authenticate(tokens.access);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->account.id, anna_.id);
  EXPECT_EQ(caller->account.home, anna_.home);
  EXPECT_EQ(caller->credential, Credential::kSession);
  EXPECT_EQ(caller->session, tokens.session);

  const std::string claims = fmt::format(
      R"({{"token_type":"access","exp":{},"iat":{},"jti":"00","user_id":{},"sid":{},"gen":1}})",
      now() + 60, now(), anna_.id.value, tokens.session.value);
  EXPECT_TRUE(authenticate(forge(kHeader, claims, signing_key())))
      << "the forging of this test is right";
}

TEST_F(SessionsTest, RefusesWhatIsNotOurs) {
  const Tokens tokens = begin_session(anna_);
  const Bytes key = signing_key();
  const std::string good =
      fmt::format(R"("token_type":"access","exp":{},"iat":1,"user_id":{},"sid":{},"gen":1)",
                  now() + 60, anna_.id.value, tokens.session.value);
  const std::string claims = "{" + good + "}";
  ASSERT_TRUE(authenticate(forge(kHeader, claims, key)));

  Bytes other = key;
  other[0] ^= std::byte{1};
  const std::string unsigned_text = to_base64url(as_bytes(R"({"alg":"none","typ":"JWT"})")) + "." +
                                    to_base64url(as_bytes(claims)) + ".";
  const std::size_t dot = tokens.access.rfind('.');
  std::string tampered = tokens.access;
  tampered[dot - 3] = tampered[dot - 3] == 'A' ? 'B' : 'A';
  std::string resigned = tokens.access;
  resigned[dot + 5] = resigned[dot + 5] == 'A' ? 'B' : 'A';
  const std::string evil[] = {
      "",
      ".",
      "..",
      "...",
      "a.b.c",
      std::string("\0", 1),
      tampered,
      resigned,
      tokens.access + std::string("\0x", 2),
      tokens.access + "A",
      tokens.access.substr(0, dot),
      tokens.access.substr(0, dot + 1),
      tokens.access + std::string(5000, 'A'),
      unsigned_text,
      unsigned_text + "AAAA",
      forge(R"({"alg":"none","typ":"JWT"})", claims, key),
      forge(R"({"alg":"NONE","typ":"JWT"})", claims, key),
      forge(R"({"alg":"HS384","typ":"JWT"})", claims, key),
      forge(R"({"alg":"HS512","typ":"JWT"})", claims, key),
      forge(R"({"alg":"RS256","typ":"JWT"})", claims, key),
      forge(R"({"typ":"JWT"})", claims, key),
      forge(R"({"alg":1,"typ":"JWT"})", claims, key),
      forge("[]", claims, key),
      forge(kHeader, claims, other),
      forge(kHeader, claims, Bytes(1)),
      forge(kHeader, "", key),
      forge(kHeader, "[]", key),
      forge(kHeader, "{}", key),
      forge(kHeader, "{" + good, key),
      forge(kHeader, std::string(500, '[') + std::string(500, ']'), key),
  };
  for (const std::string& token : evil) {
    const auto result = authenticate(token);
    ASSERT_FALSE(result) << token;
    EXPECT_EQ(result.error().code, FailureCode::kTokenInvalid) << token;
    EXPECT_FALSE(refresh(token)) << token;
  }
}

TEST_F(SessionsTest, RefusesClaimsOfAnotherType) {
  const Tokens tokens = begin_session(anna_);
  const Bytes key = signing_key();
  const std::string type = R"("token_type":"access")";
  const std::string exp = fmt::format(R"("exp":{})", now() + 60);
  const std::string user = fmt::format(R"("user_id":{})", anna_.id.value);
  const std::string sid = fmt::format(R"("sid":{},"gen":1)", tokens.session.value);
  const std::string no_gen = fmt::format(R"("sid":{})", tokens.session.value);
  const auto with = [&](const std::string& a, const std::string& b, const std::string& c,
                        const std::string& d) {
    return forge(kHeader, "{" + a + "," + b + "," + c + "," + d + R"(,"iat":1})", key);
  };
  ASSERT_TRUE(authenticate(with(type, exp, user, sid)));
  for (const std::string& token : {
           with(R"("token_type":"sliding")", exp, user, sid),
           with(R"("token_type":1)", exp, user, sid),
           with(R"("x":1)", exp, user, sid),
           with(type, R"("exp":"9999999999")", user, sid),
           with(type, R"("exp":9999999999.5)", user, sid),
           with(type, R"("exp":true)", user, sid),
           with(type, R"("exp":null)", user, sid),
           with(type, R"("x":1)", user, sid),
           with(type, exp, fmt::format(R"("user_id":"{}")", anna_.id.value), sid),
           with(type, exp, R"("user_id":[1])", sid),
           with(type, exp, R"("x":1)", sid),
           with(type, exp, user, R"("sid":true,"gen":1)"),
           with(type, exp, user, no_gen),
           with(type, exp, user, no_gen + R"(,"gen":"1")"),
           with(type, exp, user, R"("x":1)"),
       }) {
    EXPECT_FAILS(authenticate(token), kTokenInvalid);
  }
  const std::string refreshing = R"("token_type":"refresh")";
  EXPECT_TRUE(refresh(with(refreshing + R"(,"rot":1)", exp, user, sid)));
  for (const std::string rotation : {"", R"(,"rot":"1")", R"(,"rot":0)", R"(,"rot":true)"}) {
    EXPECT_FAILS(refresh(with(refreshing + rotation, exp, user, sid)), kTokenInvalid);
  }
  EXPECT_FAILS(authenticate(with(type, R"("exp":-1)", user, sid)), kTokenExpired);
  const Account bob = make_account("bob");
  const std::string foreign = fmt::format(R"("user_id":{})", bob.id.value);
  EXPECT_FAILS(authenticate(with(type, exp, foreign, sid)), kSessionGone);
  EXPECT_FAILS(authenticate(with(type, exp, user, no_gen + R"(,"gen":2)")), kSessionGone);
}

TEST_F(SessionsTest, AccessExpiresAndRefreshGoesOn) {
  const Tokens first = begin_session(anna_);
  EXPECT_EQ(first.access_lifetime, std::chrono::seconds(3600));
  EXPECT_FAILS(authenticate(first.refresh), kTokenInvalid);
  clock_.advance(std::chrono::seconds(3599));
  EXPECT_TRUE(authenticate(first.access));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FAILS(authenticate(first.access), kTokenExpired);
  EXPECT_FAILS(refresh(first.access), kTokenExpired);

  const auto second = refresh(first.refresh);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->session, first.session);
  EXPECT_TRUE(authenticate(second->access));
  const auto by_access = refresh(second->access);
  ASSERT_TRUE(by_access);
  EXPECT_NE(by_access->access, second->access);

  clock_.advance(std::chrono::hours(7 * 24) - std::chrono::seconds(1));
  const auto third = refresh(second->refresh);
  ASSERT_TRUE(third) << "a refresh prolongs the session";
  EXPECT_FAILS(refresh(first.refresh), kTokenExpired);
  clock_.advance(std::chrono::hours(7 * 24));
  EXPECT_FAILS(refresh(third->refresh), kTokenExpired);
}

TEST_F(SessionsTest, AnEndedSessionIsGoneForAllItsTokens) {
  const Tokens one = begin_session(anna_);
  const Tokens other = begin_session(anna_);
  const auto again = refresh(one.refresh);
  ASSERT_TRUE(again);
  run(vault_->sessions().end(one.session));
  run(vault_->sessions().end(one.session));
  for (const std::string& token : {one.access, again->access}) {
    EXPECT_FAILS(authenticate(token), kSessionGone);
  }
  for (const std::string& token : {one.access, one.refresh, again->refresh}) {
    EXPECT_FAILS(refresh(token), kSessionGone);
  }
  EXPECT_TRUE(authenticate(other.access));
  const Tokens next = begin_session(anna_);
  EXPECT_GT(next.session, other.session) << "numbers never come twice";
  EXPECT_FAILS(authenticate(one.access), kSessionGone);
}

TEST_F(SessionsTest, ALockedAccountIsLockedAtOnce) {
  const Tokens tokens = begin_session(anna_);
  ASSERT_TRUE(authenticate(tokens.access));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(authenticate(tokens.access), kAccountDisabled);
  EXPECT_FAILS(refresh(tokens.refresh), kAccountDisabled);
}

TEST_F(SessionsTest, WhatWasRecognisedIsAskedForAgainAfterAnyChange) {
  const Tokens tokens = begin_session(anna_);
  // On an executor like the serving cores, which remember.
  ThreadPool core("core", 1);
  const auto there = [&]() -> Task<Result<Caller>> {
    co_await resume_on(core);
    auto caller = co_await vault_->sessions().authenticate(tokens.access);
    co_return caller;
  };
  EXPECT_FALSE(run(there())->account.is_admin);
  EXPECT_FALSE(run(there())->account.is_admin);
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    static constexpr db::Statement kRaise{"UPDATE account SET is_admin = 1 WHERE id = $1"};
    co_await tx.execute(kRaise, anna_.id);
  }));
  EXPECT_TRUE(run(there())->account.is_admin);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FALSE(run(there()));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  EXPECT_TRUE(run(there()));
  clock_.advance(std::chrono::days(8));
  EXPECT_FALSE(run(there())) << "time passes without a change";
}

TEST_F(SessionsTest, PrunesExpiredSessions) {
  const Account bob = make_account("bob");
  begin_session(anna_);
  begin_session(bob);
  clock_.advance(std::chrono::hours(7 * 24));
  begin_session(bob);
  EXPECT_EQ(run(vault_->sessions().prune(10)), 0U) << "what began in time may still commit";
  EXPECT_EQ(sessions(), 3);
  clock_.advance(std::chrono::hours(24));
  const Tokens tokens = begin_session(anna_);
  EXPECT_EQ(sessions(), 3) << "bob's two and anna's new one";
  EXPECT_EQ(run(vault_->sessions().prune(10)), 1U);
  EXPECT_EQ(run(vault_->sessions().prune(10)), 0U);
  EXPECT_TRUE(authenticate(tokens.access));
}

TEST_F(SessionsTest, ALogInBeyondTheMostEndsTheOldest) {
  const Account ben = make_account("ben");
  const Tokens others = begin_session(ben);
  const Tokens first = begin_session(anna_);
  const Tokens second = begin_session(anna_);
  static constexpr db::Statement kFill{
      "INSERT INTO session (account_id, created_at, expires_at, rotated_at, used_at)"
      " WITH RECURSIVE n (i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
      " SELECT $1, 0, 4000000000000000, 0, 0 FROM n"};
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kFill, anna_.id, kSessionsMax);
  }));
  EXPECT_TRUE(authenticate(first.access));
  const Tokens last = begin_session(anna_);
  EXPECT_FAILS(authenticate(first.access), kSessionGone);
  EXPECT_TRUE(authenticate(second.access));
  EXPECT_TRUE(authenticate(last.access));
  EXPECT_TRUE(authenticate(others.access));
}

TEST_F(SessionsTest, TokensOutliveARestart) {
  const Tokens tokens = begin_session(anna_);
  open({});
  EXPECT_TRUE(authenticate(tokens.access));
}

TEST_F(SessionsTest, KeysOfPrograms) {
  ApiKeys& keys = vault_->api_keys();
  const auto api = run(keys.create(as(anna_), KeyKind::kApi, " backup "));
  const auto master = run(keys.create(as(anna_), KeyKind::kMaster, ""));
  ASSERT_TRUE(api);
  ASSERT_TRUE(master);
  EXPECT_EQ(api->key.name, "backup");
  EXPECT_TRUE(api->secret.starts_with(api->key.hint));
  EXPECT_LT(api->key.hint.size(), 10U);

  const auto caller = run(keys.authenticate(api->secret));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->account.id, anna_.id);
  EXPECT_EQ(caller->credential, Credential::kApiKey);
  EXPECT_FALSE(caller->session);
  EXPECT_EQ(run(keys.authenticate(master->secret))->credential, Credential::kMasterKey);
  std::string wrong = api->secret;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  for (const std::string& bad :
       {std::string(), wrong, api->secret + "A", api->key.hint, std::string(1'000'000, 'A')}) {
    EXPECT_FAILS(run(keys.authenticate(bad)), kTokenInvalid);
  }

  const Account bob = make_account("bob");
  EXPECT_TRUE(run(keys.list(bob.id, ApiKeyId{})).items.empty());
  EXPECT_EQ(run(keys.list(anna_.id, ApiKeyId{})).items.size(), 2U);
  EXPECT_FAILS(run(keys.revoke(as(bob), api->key.id)), kNotFound);
  EXPECT_TRUE(run(keys.revoke(as(anna_), api->key.id)));
  EXPECT_FAILS(run(keys.revoke(as(anna_), api->key.id)), kNotFound);
  EXPECT_FAILS(run(keys.authenticate(api->secret)), kTokenInvalid);
  EXPECT_FAILS(run(keys.create(as(AccountId{999}), KeyKind::kApi, "x")), kNotFound);
  EXPECT_FAILS(run(keys.create(as(anna_), KeyKind::kApi, std::string(101, 'x'))), kInvalid);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(run(keys.authenticate(master->secret)), kAccountDisabled);
}

TEST_F(SessionsTest, ASessionMayHaveALifeOfItsOwn) {
  const auto days = [](int count) { return std::chrono::hours(24 * count); };
  const Tokens tokens = begin_session(anna_, days(180));
  clock_.advance(days(8));  // more than the policy gives
  EXPECT_TRUE(authenticate(tokens.access));
  // Another dialect's way to go on does not shorten it.
  EXPECT_TRUE(refresh(tokens.access));
  clock_.advance(days(171));
  EXPECT_TRUE(authenticate(tokens.access));
  clock_.advance(days(1));
  EXPECT_FAILS(authenticate(tokens.access), kTokenExpired);
}

TEST_F(SessionsTest, RenewingEndsTheOldTokensAndKeepsTheLifetime) {
  const std::chrono::hours life(24 * 5);
  const Tokens old = begin_session(anna_, life);
  clock_.advance(std::chrono::hours(24));
  const auto renewed = run(vault_->sessions().renew(old.access));
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->session, old.session) << "what is under way goes on";
  EXPECT_FAILS(authenticate(old.access), kSessionGone);
  EXPECT_FAILS(run(vault_->sessions().renew(old.access)), kSessionGone);
  EXPECT_FAILS(refresh(old.refresh), kSessionGone);
  EXPECT_FAILS(run(vault_->sessions().renew(renewed->refresh)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->sessions().renew("rubbish")), kTokenInvalid);
  clock_.advance(life - std::chrono::seconds(1));
  EXPECT_TRUE(authenticate(renewed->access));
  clock_.advance(std::chrono::seconds(1));
  EXPECT_FAILS(run(vault_->sessions().renew(renewed->access)), kTokenExpired);
}

TEST_F(SessionsTest, OfManyRenewalsAtOnceOneSucceeds) {
  const Tokens old = begin_session(anna_, std::chrono::hours(1));
  std::atomic<int> renewed = 0;
  in_parallel(8, [&](int) {
    const auto result = run(vault_->sessions().renew(old.access));
    if (result) ++renewed;
  });
  EXPECT_EQ(renewed, 1);
}

}  // namespace
}  // namespace coffer::vault::test
