#include "vault/upkeep/account_removal.h"

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class AccountRemovalTest : public VaultTest {
 protected:
  Result<void> remove(const Account& account) {
    return run(vault_->account_removal().remove(account.id));
  }
  Group make_group(const Account& owner, const std::vector<Account>& members) {
    const Group group = run(vault_->groups().create(as(owner), "friends")).value();
    for (const Account& member : members) {
      const auto secret = run(vault_->groups().invite(as(owner), group.number)).value();
      EXPECT_TRUE(run(vault_->groups().join(as(member), secret)));
    }
    return group;
  }
  Entry upload_to(const Account& owner, SpaceId space, const std::string& name) {
    std::vector<NewFile> files;
    files.push_back({.staged = receive(owner, name).value(), .name = name});
    return run(vault_->uploads().commit(as(owner), space, std::move(files))).value().at(0);
  }
  // As the collector and the command do it: clearing may give files back, and the other way round.
  void finish() {
    while (run(vault_->groups().return_files(16)) || run(vault_->clearing().clear(16))) {
    }
  }
  std::int64_t rows_of(const db::Statement& statement, AccountId id) {
    auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(
          statement, [](const db::Row& row) { return row.integer(0); }, id);
    };
    return run(stores_.database->read(body)).value();
  }
};

TEST_F(AccountRemovalTest, NobodyIsTheAccountAtOnce) {
  const Account anna = make_account("anna");
  const Tokens tokens = begin_session(anna);
  const auto key = run(vault_->api_keys().create(as(anna), KeyKind::kApi, ""));
  const Entry file = upload(anna, "file", "bytes");
  const UploadSession parts = begin_parts(anna, "parts");
  ASSERT_TRUE(put_part(anna, parts.uuid, 1, "part"));
  ASSERT_TRUE(remove(anna));
  EXPECT_FAILS(run(vault_->sessions().authenticate(tokens.access)), kSessionGone);
  EXPECT_FAILS(run(vault_->sessions().refresh(tokens.refresh)), kSessionGone);
  EXPECT_FAILS(run(vault_->api_keys().authenticate(key->secret)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->sessions().log_in({"anna", "correct horse"})), kNoSuchAccount);
  EXPECT_FALSE(run(vault_->accounts().find_by_login("anna")));
  EXPECT_FALSE(run(vault_->shares().find(file.share)));
  EXPECT_TRUE(run(vault_->accounts().list(AccountId{}, 10)).empty());
  EXPECT_FAILS(remove(anna), kNotFound);
  EXPECT_EQ(contradictions(), std::vector<std::string>()) << "at every moment";

  const Account heir = make_account("Anna");
  EXPECT_NE(heir.id, anna.id);
  EXPECT_TRUE(list({.owner = heir.id}).entries.empty());
}

TEST_F(AccountRemovalTest, OnesOwnNeedsThePassword) {
  const Account anna = make_account("anna");
  const Tokens tokens = begin_session(anna);
  const Actor actor = Actor::of(run(vault_->sessions().authenticate(tokens.access)).value());
  const auto prove = [&](Actor who, std::string password) {
    return run(vault_->accounts().prove_password(who, {.text = std::move(password)}));
  };
  EXPECT_FAILS(prove(actor, "wrong horse"), kWrongPassword);
  EXPECT_FAILS(prove(actor, std::string(10'000, 'x')), kWrongPassword);
  const auto key = run(vault_->api_keys().create(as(anna), KeyKind::kApi, "")).value();
  const Actor by_key = Actor::of(run(vault_->api_keys().authenticate(key.secret)).value());
  EXPECT_FAILS(prove(by_key, "correct horse"), kForbidden);
  const auto proved = prove(actor, "correct horse");
  ASSERT_TRUE(proved);
  ASSERT_TRUE(run(vault_->accounts().set_password(anna.id, "another horse")));
  EXPECT_FAILS(run(vault_->account_removal().remove_own(actor, *proved)), kSessionGone);
  EXPECT_FAILS(run(vault_->account_removal().remove_own(as(anna), *proved)), kBusy);
  EXPECT_TRUE(run(vault_->accounts().find_by_login("anna")));
  const auto again = prove(as(anna), "another horse");
  ASSERT_TRUE(again);
  ASSERT_TRUE(run(vault_->account_removal().remove_own(as(anna), *again)));
  EXPECT_FALSE(run(vault_->accounts().find_by_login("anna")));
  EXPECT_FAILS(run(vault_->api_keys().authenticate(key.secret)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->account_removal().remove_own(as(anna), *again)), kBusy);
}

TEST_F(AccountRemovalTest, NothingOfItIsLeft) {
  const Account anna = make_account("anna");
  upload(anna, "file", "bytes of hers", {"tag"});
  const Entry folder = make_folder(anna, "folder");
  upload_into(anna, folder.id, "inside", "more of hers");
  upload_parts(anna, "parts", {"one", "two"});
  for (const Entry& trashed : {upload(anna, "trashed", "bytes in the trash", {"tag"}),
                               upload_parts(anna, "trashed parts", {"one", "two", "three"})}) {
    ASSERT_TRUE(run(vault_->trash().put(as(anna), trashed.id)));
  }
  const UploadSession unfinished = begin_parts(anna, "unfinished");
  ASSERT_TRUE(put_part(anna, unfinished.uuid, 1, "part"));
  const auto bucket = run(vault_->buckets().create(as(anna), "bucket"));
  upload_to(anna, bucket->id, "in the bucket");
  ASSERT_TRUE(run(vault_->api_keys().create_application(as(anna), bucket->id)));
  const Entry shared = upload(anna, "shared", "bytes");
  const auto collection = run(vault_->collections().create(as(anna), "summer", std::nullopt));
  ASSERT_TRUE(run(vault_->share_links().create(as(anna), shared.id, {})));
  ASSERT_TRUE(run(vault_->share_links().create(as(anna), collection->id, {})));
  ASSERT_TRUE(run(vault_->webhooks().create(
      as(anna), {.url = "https://example.org/", .topics = {WebhookTopic::kEntryCreated}})));
  IdempotencyClaim claim(
      Sha256::of({}), [] { return Sha256Digest(); }, clock_);
  const Actor repeating = as(anna).claiming(&claim);
  ASSERT_TRUE(run(vault_->collections().create(repeating, "Summer", std::nullopt)));
  ASSERT_TRUE(run(vault_->idempotency_keys().keep(repeating, claim, {201, "", "reply"})));
  ASSERT_TRUE(remove(anna));
  collect_all();
  clock_.advance(std::chrono::hours(25));
  collect_all();
  EXPECT_EQ(stored_entries(), 0);
  EXPECT_EQ(stored_blobs(), 0U);
  static constexpr db::Statement kCounts[] = {
      {"SELECT count(*) FROM space WHERE owner_id = $1"},
      {"SELECT count(*) FROM multipart WHERE owner_id = $1"},
      {"SELECT count(*) FROM tree_total WHERE owner_id = $1 AND files > 0"},
      {"SELECT count(*) FROM entry_tag WHERE owner_id = $1"},
      {"SELECT count(*) FROM api_key WHERE account_id = $1"},
      {"SELECT count(*) FROM webhook WHERE account_id = $1"},
      {"SELECT count(*) FROM idempotency_key WHERE account_id = $1"},
      {"SELECT count(*) FROM collection WHERE owner_id = $1"},
      {"SELECT count(*) FROM share_link WHERE owner_id = $1"},
      {"SELECT count(*) FROM trash WHERE owner_id = $1"},
      {"SELECT count(*) FROM trash_total WHERE owner_id = $1"},
  };
  for (const db::Statement& statement : kCounts) {
    EXPECT_EQ(rows_of(statement, anna.id), 0) << statement.sql;
  }
  EXPECT_TRUE(run(vault_->buckets().create(as(make_account("bert")), "bucket"))) << "a free name";
  const Account left = account(anna.id);
  EXPECT_EQ(left.username, "");
  EXPECT_EQ(left.used, 0U);
  EXPECT_EQ(left.charged, 0U);
}

TEST_F(AccountRemovalTest, OtherPeopleKeepWhatIsTheirs) {
  const Account anna = make_account("anna");
  const Account bert = make_account("bert");
  const Account carl = make_account("carl");
  const Group of_anna = make_group(anna, {bert});
  const Group of_bert = make_group(bert, {anna, carl});
  upload_to(anna, of_anna.space, "hers in her group");
  const Entry returned = upload_to(bert, of_anna.space, "his in her group");
  const Entry gone = upload_to(anna, of_bert.space, "hers in his group");
  const Entry kept = upload_to(bert, of_bert.space, "his in his group");
  const Entry shared = upload(bert, "same bytes", "twice");
  upload(anna, "same bytes", "twice");
  ASSERT_TRUE(remove(anna));
  finish();
  EXPECT_EQ(children(bert.home), (std::vector<std::string>{"his in her group", "same bytes"}));
  EXPECT_EQ(children(of_bert.space), (std::vector<std::string>{"his in his group"}));
  EXPECT_EQ(content_of(shared), "twice");
  EXPECT_EQ(content_of(returned), "his in her group");
  EXPECT_EQ(content_of(kept), "his in his group");
  EXPECT_FALSE(run(vault_->shares().find(gone.share)));
  EXPECT_FAILS(run(vault_->groups().find(bert.id, of_anna.number)), kNotFound);
  EXPECT_TRUE(run(vault_->groups().find(carl.id, of_bert.number)));
}

// A group that was removed before has not yet given back the files in it.
TEST_F(AccountRemovalTest, FilesOnTheirWayHomeGoToo) {
  const Account anna = make_account("anna");
  const Account bert = make_account("bert");
  const Group group = make_group(bert, {anna});
  upload_to(anna, group.space, "hers");
  upload_to(bert, group.space, "his");
  ASSERT_TRUE(run(vault_->groups().remove(as(bert), group.number)));
  ASSERT_TRUE(remove(anna));
  finish();
  EXPECT_EQ(children(bert.home), (std::vector<std::string>{"his"}));
  EXPECT_EQ(stored_entries(), 1);
}

TEST_F(AccountRemovalTest, GoesOnWhereItStopped) {
  const Account anna = make_account("anna");
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    const Entry folder = make_folder(anna, "folder " + number);
    upload_into(anna, folder.id, "file", "bytes " + number);
    ASSERT_TRUE(run(vault_->buckets().create(as(anna), "bucket-" + number)));
  }
  ASSERT_TRUE(remove(anna));
  int steps = 0;
  while (run(vault_->groups().return_files(1)) || run(vault_->clearing().clear(1))) {
    ASSERT_EQ(contradictions(), std::vector<std::string>());
    if (++steps % 7 == 0) open({});  // the server was stopped and started
    ASSERT_LT(steps, 1000);
  }
  EXPECT_GT(steps, 40);
  EXPECT_EQ(stored_entries(), 0);
}

// What refers to accounts: remove() and clear_account() have to know of all of it.
TEST_F(AccountRemovalTest, KnowsWhatAnAccountHas) {
  auto body = [](db::Transaction& tx) -> Task<std::vector<std::string>> {
    static constexpr db::Statement kReferences{
        "SELECT DISTINCT m.name || '.' || r.\"from\" FROM sqlite_schema AS m"
        " JOIN pragma_foreign_key_list(m.name) AS r WHERE r.\"table\" = 'account' ORDER BY 1"};
    co_return co_await tx.all(kReferences,
                              [](const db::Row& row) { return std::string(row.text(0)); });
  };
  EXPECT_EQ(
      run(stores_.database->read(body)),
      (std::vector<std::string>{
          "api_key.account_id", "collection.owner_id", "idempotency_key.account_id",
          "login.account_id", "member.account_id", "session.account_id", "share_link.owner_id",
          "space.owner_id", "trash.owner_id", "trash_total.owner_id", "webhook.account_id"}));
}

TEST_F(AccountRemovalTest, TheGuestsAccountStays) {
  const Account guests = run(vault_->accounts().guest());
  EXPECT_FAILS(remove(guests), kNotFound);
  EXPECT_FAILS(run(vault_->account_removal().remove(AccountId{999})), kNotFound);
}

}  // namespace
}  // namespace coffer::vault::test
