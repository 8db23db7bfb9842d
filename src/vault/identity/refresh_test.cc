// Refresh tokens: each is replaced by the next, and one that comes back ends its session.
#include <atomic>
#include <set>

#include "vault/identity/sessions.h"
#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

class RefreshTest : public VaultTest {
 protected:
  Result<Tokens> refresh(const std::string& token, Rotation rotation = Rotation::kReplace) {
    return run(vault_->sessions().refresh(token, rotation));
  }
  Tokens refreshed(const std::string& token, Rotation rotation = Rotation::kReplace) {
    auto tokens = refresh(token, rotation);
    if (!tokens) throw std::runtime_error(tokens.error().message);
    return std::move(*tokens);
  }
  bool works(const std::string& access) {
    return run(vault_->sessions().authenticate(access)).has_value();
  }

  const Account anna_ = make_account("anna");
};

TEST_F(RefreshTest, EachReplacesTheOneBefore) {
  Tokens tokens = begin_session(anna_);
  const std::string first_access = tokens.access;
  for (int i = 0; i < 5; ++i) {
    clock_.advance(10min);
    const Tokens next = refreshed(tokens.refresh);
    EXPECT_EQ(next.session, tokens.session);
    EXPECT_NE(next.refresh, tokens.refresh);
    EXPECT_TRUE(works(next.access));
    EXPECT_TRUE(works(first_access)) << "requests under way go on";
    tokens = next;
  }
}

TEST_F(RefreshTest, OneThatComesBackEndsTheSession) {
  const Tokens others = begin_session(anna_);
  const Tokens stolen = begin_session(anna_);
  clock_.advance(1h - 1s);
  const Tokens next = refreshed(stolen.refresh);
  clock_.advance(kRefreshRepeat + 1us);
  EXPECT_FAILS(refresh(stolen.refresh), kSessionGone);
  EXPECT_EQ(vault_->sessions().reuses(), 1U);
  // Nobody knows which of the two is the thief.
  EXPECT_FALSE(works(next.access));
  EXPECT_FAILS(refresh(next.refresh), kSessionGone);
  EXPECT_EQ(vault_->sessions().reuses(), 1U) << "one of an ended session is no reuse";
  open({});
  EXPECT_FAILS(refresh(next.refresh), kSessionGone);  // the end is durable
  EXPECT_TRUE(refresh(others.refresh)) << "another log-in of the account goes on";
}

TEST_F(RefreshTest, ALostReplyIsAskedForAgain) {
  const Tokens first = begin_session(anna_);
  refreshed(first.refresh);  // and lost
  clock_.advance(kRefreshRepeat);
  const Tokens again = refreshed(first.refresh);
  EXPECT_TRUE(works(again.access));
  clock_.advance(10min);
  const Tokens next = refreshed(again.refresh);
  EXPECT_TRUE(works(next.access));
  EXPECT_EQ(vault_->sessions().reuses(), 0U);
}

TEST_F(RefreshTest, RepeatingDoesNotProlongTheTimeForIt) {
  const Tokens first = begin_session(anna_);
  refreshed(first.refresh);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(kRefreshRepeat / 3);
    EXPECT_TRUE(refresh(first.refresh));
  }
  clock_.advance(1us);
  EXPECT_FAILS(refresh(first.refresh), kSessionGone);
}

TEST_F(RefreshTest, OneBeforeTheLastIsNoLostReply) {
  const Tokens first = begin_session(anna_);
  const Tokens second = refreshed(first.refresh);
  refreshed(second.refresh);
  // Whoever has the third has had the second, and needs the first for nothing.
  EXPECT_FAILS(refresh(first.refresh), kSessionGone);
  EXPECT_FAILS(refresh(second.refresh), kSessionGone);
}

TEST_F(RefreshTest, BothOfALostReplyLeadOnUntilOneIsReplaced) {
  const Tokens first = begin_session(anna_);
  const Tokens one = refreshed(first.refresh);
  const Tokens other = refreshed(first.refresh);
  clock_.advance(10min);
  const Tokens next = refreshed(one.refresh);
  clock_.advance(kRefreshRepeat + 1s);
  EXPECT_FAILS(refresh(other.refresh), kSessionGone);
  EXPECT_FALSE(works(next.access));
}

TEST_F(RefreshTest, ManyAtOnceGetPairsThatWork) {
  const Tokens first = begin_session(anna_);
  std::atomic<int> good = 0;
  in_parallel(8, [&](int) {
    const auto tokens = run(vault_->sessions().refresh(first.refresh));
    if (tokens && run(vault_->sessions().authenticate(tokens->access))) ++good;
  });
  EXPECT_EQ(good, 8);
  EXPECT_EQ(vault_->sessions().reuses(), 0U);
}

TEST_F(RefreshTest, AnAccessTokenReplacesNone) {
  const Tokens first = begin_session(anna_);
  const Tokens by_access = refreshed(first.access);
  clock_.advance(10min);
  EXPECT_TRUE(works(refreshed(by_access.refresh).access));
  clock_.advance(10min);
  // It has the same place as the other.
  EXPECT_FAILS(refresh(first.refresh), kSessionGone);
}

TEST_F(RefreshTest, ADialectMayKeepTheOneOfTheLogIn) {
  const Tokens first = begin_session(anna_);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(1h);
    EXPECT_TRUE(works(refreshed(first.refresh, Rotation::kKeep).access));
  }
  EXPECT_EQ(run(vault_->sessions().inspect(first.refresh)), TokenKind::kRefresh);
  const Tokens second = refreshed(first.refresh);
  EXPECT_TRUE(run(vault_->sessions().inspect(first.refresh))) << "its reply may be lost";
  clock_.advance(kRefreshRepeat + 1s);
  EXPECT_FAILS(run(vault_->sessions().inspect(first.refresh)), kSessionGone);
  EXPECT_TRUE(works(second.access)) << "looking is not using";
  EXPECT_FAILS(refresh(first.refresh, Rotation::kKeep), kSessionGone);
  EXPECT_FALSE(works(second.access));
}

TEST_F(RefreshTest, RenewingKeepsItsPlace) {
  const Tokens first = begin_session(anna_);
  const Tokens second = refreshed(first.refresh);
  const auto renewed = run(vault_->sessions().renew(second.access));
  ASSERT_TRUE(renewed);
  EXPECT_FAILS(refresh(second.refresh), kSessionGone);
  EXPECT_TRUE(works(refreshed(renewed->refresh).access)) << "of an earlier generation is no reuse";
}

TEST_F(RefreshTest, OfASessionThatLostItsLastChangesIsRefused) {
  const Tokens first = begin_session(anna_);
  const Tokens second = refreshed(first.refresh);
  static constexpr db::Statement kForget{"UPDATE session SET rotation = 1"};
  run(stores_.database->write(
      [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kForget); }));
  EXPECT_FAILS(refresh(second.refresh), kSessionGone);
  EXPECT_TRUE(works(second.access)) << "and does not count as one that came back";
}

TEST_F(RefreshTest, SessionsAreListedWithWhereTheyAreUsed) {
  const auto log_in = [&](SessionClient client) {
    auto begun = run(vault_->sessions().log_in(
        {.login = "anna", .password = "correct horse", .client = std::move(client)}));
    return begun.value().tokens;
  };
  const Tokens phone = log_in({.address = "192.0.2.1", .agent = "Phone/1.0"});
  std::string unreadable = "\xff\n\x7f" + std::string(1000, 'b');
  log_in({.address = std::string(1000, 'a'), .agent = std::move(unreadable)});
  std::string long_agent(255, 'c');
  long_agent += "\u00e9";
  log_in({.agent = std::move(long_agent)});
  clock_.advance(10min);
  ASSERT_TRUE(run(vault_->sessions().refresh(phone.refresh, Rotation::kReplace,
                                             {.address = "2001:db8::1", .agent = "Phone/1.1"})));
  const auto page = run(vault_->sessions().list(anna_.id, SessionId{}));
  ASSERT_EQ(page.items.size(), 3U);
  EXPECT_EQ(page.items[0].id, phone.session);
  EXPECT_EQ(page.items[0].client.address, "2001:db8::1");
  EXPECT_EQ(page.items[0].client.agent, "Phone/1.1");
  EXPECT_EQ(page.items[0].used_at, clock_.now());
  EXPECT_EQ(page.items[0].created_at, clock_.now() - 10min);
  EXPECT_EQ(page.items[1].client.address.size(), 64U);
  EXPECT_EQ(page.items[1].client.agent, "???" + std::string(253, 'b'));
  EXPECT_EQ(page.items[2].client.agent, std::string(255, 'c')) << "no character is cut";
  clock_.advance(std::chrono::days(7) - 5min);
  const auto left = run(vault_->sessions().list(anna_.id, SessionId{}));
  ASSERT_EQ(left.items.size(), 1U) << "the others have expired";
  EXPECT_EQ(left.items[0].id, phone.session);
  EXPECT_TRUE(run(vault_->sessions().list(anna_.id, phone.session)).items.empty());
}

TEST_F(RefreshTest, OnesOwnSessionsAreEnded) {
  const Account bert = make_account("bert");
  const Tokens of_bert = begin_session(bert);
  const Tokens one = begin_session(anna_);
  const Tokens other = begin_session(anna_);
  EXPECT_FAILS(run(vault_->sessions().end(as(anna_), of_bert.session)), kNotFound);
  EXPECT_FAILS(run(vault_->sessions().end(as(anna_), SessionId{12345})), kNotFound);
  ASSERT_TRUE(run(vault_->sessions().end(as(anna_), one.session)));
  EXPECT_FAILS(run(vault_->sessions().end(as(anna_), one.session)), kNotFound);
  EXPECT_FALSE(works(one.access));
  EXPECT_TRUE(works(other.access));
  const auto caller = run(vault_->sessions().authenticate(other.access));
  EXPECT_EQ(run(vault_->sessions().end_all(Actor::of(*caller))), 1U);
  EXPECT_FALSE(works(other.access));
  EXPECT_TRUE(works(of_bert.access));
  EXPECT_FAILS(run(vault_->sessions().end_all(Actor::of(*caller))), kSessionGone);
}

TEST_F(RefreshTest, LastUsesAreWrittenDownLater) {
  const Tokens tokens = begin_session(anna_);
  const auto key = run(vault_->api_keys().create(as(anna_), KeyKind::kApi, "")).value();
  const auto last = [&] {
    const auto sessions = run(vault_->sessions().list(anna_.id, SessionId{}));
    const auto keys = run(vault_->api_keys().list(anna_.id, ApiKeyId{}));
    return std::pair(std::optional(sessions.items.at(0).used_at), keys.items.at(0).used_at);
  };
  EXPECT_EQ(last(), std::pair(std::optional(clock_.now()), std::optional<Time>()));
  const Time begin = clock_.now();
  clock_.advance(5min);
  const auto writes = stores_.database->stats().writes;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(works(tokens.access));
    ASSERT_TRUE(run(vault_->api_keys().authenticate(key.secret)));
  }
  EXPECT_EQ(stores_.database->stats().writes, writes) << "no request writes";
  const Time used = clock_.now();
  const auto both = std::pair(std::optional(used), std::optional(used));
  EXPECT_EQ(last(), both) << "what is not written yet is shown too";
  EXPECT_FALSE(run(vault_->sessions().write_uses(10)));
  EXPECT_FALSE(run(vault_->api_keys().write_uses(10)));
  EXPECT_EQ(stores_.database->stats().writes, writes + 2);
  clock_.advance(kUsePrecision - 1us);
  ASSERT_TRUE(works(tokens.access));
  ASSERT_TRUE(run(vault_->api_keys().authenticate(key.secret)));
  EXPECT_FALSE(run(vault_->sessions().write_uses(10)));
  EXPECT_FALSE(run(vault_->api_keys().write_uses(10)));
  EXPECT_EQ(stores_.database->stats().writes, writes + 2) << "near enough";
  open({});
  EXPECT_EQ(last(), both);
  EXPECT_LT(begin, used);
}

TEST_F(RefreshTest, UsesAreWrittenInSteps) {
  std::vector<std::string> tokens;
  for (int i = 0; i < 5; ++i) tokens.push_back(begin_session(anna_).access);
  clock_.advance(5min);
  for (const std::string& token : tokens) ASSERT_TRUE(works(token));
  EXPECT_TRUE(run(vault_->sessions().write_uses(3)));
  EXPECT_FALSE(run(vault_->sessions().write_uses(3)));
  open({});
  std::set<Time> used;
  for (const Session& session : run(vault_->sessions().list(anna_.id, SessionId{})).items) {
    used.insert(session.used_at);
  }
  EXPECT_EQ(used, (std::set{clock_.now()}));
}

TEST_F(RefreshTest, KeysHaveScopesAndAnEnd) {
  ApiKeys& keys = vault_->api_keys();
  const auto create = [&](KeyTerms terms) {
    return run(keys.create(as(anna_), KeyKind::kApi, "key", terms));
  };
  const KeyScopes read{.read = true, .write = false};
  const auto reader = create({.scopes = read, .expires_at = clock_.now() + 1h}).value();
  const auto plain = create({}).value();
  EXPECT_EQ(run(keys.authenticate(reader.secret))->scopes, read);
  EXPECT_EQ(run(keys.authenticate(plain.secret))->scopes, KeyScopes{});
  const auto listed = run(keys.list(anna_.id, ApiKeyId{})).items;
  EXPECT_EQ(listed.at(0).scopes, read);
  EXPECT_EQ(listed.at(0).expires_at, clock_.now() + 1h);
  EXPECT_EQ(listed.at(1).expires_at, std::nullopt);
  const auto late = create({.expires_at = clock_.now()});
  ASSERT_FALSE(late);
  EXPECT_EQ(fields_of(late.error()), std::set<std::string>{"expires_at"});
  clock_.advance(1h - 1us);
  EXPECT_TRUE(run(keys.authenticate(reader.secret)));
  clock_.advance(1us);
  EXPECT_FAILS(run(keys.authenticate(reader.secret)), kTokenExpired);
  EXPECT_TRUE(run(keys.authenticate(plain.secret)));
  EXPECT_EQ(run(keys.list(anna_.id, ApiKeyId{})).items.size(), 2U) << "until it is revoked";
}

TEST_F(RefreshTest, AnAccountHasABoundedNumberOfKeys) {
  static constexpr db::Statement kFill{
      "INSERT INTO api_key (account_id, kind, name, hint, hash, created_at)"
      " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
      " SELECT $1, 0, '', '', CAST(i AS BLOB), 0 FROM n"};
  static constexpr db::Statement kCharge{
      "UPDATE account SET charged = charged + 256 * $2"
      " WHERE id = $1"};
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kFill, anna_.id, kKeysMax - 1);
    co_await tx.execute(kCharge, anna_.id, kKeysMax - 1);
  }));
  ApiKeys& keys = vault_->api_keys();
  const auto last = run(keys.create(as(anna_), KeyKind::kApi, ""));
  ASSERT_TRUE(last);
  EXPECT_FAILS(run(keys.create(as(anna_), KeyKind::kApi, "")), kQuotaExceeded);
  EXPECT_TRUE(run(keys.create(as(anna_), KeyKind::kMaster, ""))) << "another kind";
  ASSERT_TRUE(run(keys.revoke(as(anna_), last->key.id)));
  EXPECT_TRUE(run(keys.create(as(anna_), KeyKind::kApi, "")));
}

}  // namespace
}  // namespace coffer::vault::test
