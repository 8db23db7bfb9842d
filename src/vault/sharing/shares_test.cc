#include "vault/sharing/shares.h"

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class SharesTest : public VaultTest {
 protected:
  Shares& shares() { return vault_->shares(); }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST_F(SharesTest, EveryEntryHasOneFromTheStart) {
  std::set<Uuid> tokens;
  for (int i = 0; i < 50; ++i) {
    const Entry file = upload(anna_, "f", "x");
    tokens.insert(file.share);
    EXPECT_EQ(file.share.str()[14], '4');
    EXPECT_NE(file.share, file.uuid);
    EXPECT_EQ(run(shares().find(file.share))->id, file.id);
    EXPECT_FAILS(run(shares().find(file.uuid)), kNotFound);
  }
  EXPECT_EQ(tokens.size(), 50U);
  const Entry folder = make_folder(anna_, "g");
  EXPECT_EQ(run(shares().find(folder.share))->id, folder.id);
  EXPECT_FAILS(run(shares().find(Uuid{})), kNotFound);
}

TEST_F(SharesTest, AnOldTokenStandsForNothing) {
  const Entry file = upload(anna_, "f", "x");
  EXPECT_FAILS(run(shares().rotate(as(bob_), file.id)), kNotFound);
  const auto rotated = run(shares().rotate(as(anna_), file.id));
  ASSERT_TRUE(rotated);
  EXPECT_NE(rotated->share, file.share);
  EXPECT_EQ(rotated->uuid, file.uuid);
  EXPECT_FAILS(run(shares().find(file.share)), kNotFound);
  EXPECT_EQ(run(shares().find(rotated->share))->id, file.id);
  EXPECT_EQ(run(vault_->entries().find(anna_.id, rotated->share))->id, file.id);
  EXPECT_EQ(events().back().type, EventType::kEntryUpdated);
}

TEST_F(SharesTest, ADisabledAccountSharesNothing) {
  const Entry folder = make_folder(anna_, "f");
  const Entry file = upload_into(anna_, folder.id, "x", "x");
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(run(shares().find(folder.share)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(folder.share, file.uuid)), kNotFound);
  EXPECT_FAILS(run(shares().find_file(file.uuid)), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  EXPECT_TRUE(run(shares().find_under(folder.share, file.uuid)));
  EXPECT_TRUE(run(shares().find_file(file.uuid)));
}

TEST_F(SharesTest, ExpiresAtItsTime) {
  const Entry folder = make_folder(anna_, "f");
  const Entry file = upload_into(anna_, folder.id, "x", "x");
  const Time end = clock_.now() + std::chrono::hours(1);
  EXPECT_FAILS(run(shares().set_expiry(as(bob_), folder.id, end)), kNotFound);
  EXPECT_EQ(run(shares().set_expiry(as(anna_), folder.id, end))->share_expires_at, end);
  clock_.advance(std::chrono::hours(1) - std::chrono::microseconds(1));
  EXPECT_TRUE(run(shares().find(folder.share)));
  EXPECT_TRUE(run(shares().find_under(folder.share, file.uuid)));
  clock_.advance(std::chrono::microseconds(1));
  EXPECT_FAILS(run(shares().find(folder.share)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(folder.share, file.uuid)), kNotFound);
  EXPECT_TRUE(run(shares().find(file.share))) << "its own does not expire";
  EXPECT_TRUE(run(vault_->folders().find(anna_.id, folder.share))) << "the owner still finds it";
  ASSERT_TRUE(run(shares().set_expiry(as(anna_), folder.id, std::nullopt)));
  EXPECT_TRUE(run(shares().find(folder.share)));
}

TEST_F(SharesTest, AFolderSharesWhatIsBelowAndNothingElse) {
  const Entry a = make_folder(anna_, "a");
  const Entry b = make_folder(anna_, "b", a.id);
  const Entry deep = upload_into(anna_, b.id, "deep", "x");
  const Entry beside = upload(anna_, "a!", "x");
  const Entry next = make_folder(anna_, "ab");
  const Entry in_next = upload_into(anna_, next.id, "x", "x");
  const Entry bobs_a = make_folder(bob_, "a");
  const Entry bobs = upload_into(bob_, bobs_a.id, "x", "x");
  EXPECT_EQ(run(shares().find_under(a.share, deep.uuid))->id, deep.id);
  EXPECT_EQ(run(shares().find_under(a.share, b.uuid))->id, b.id);
  EXPECT_EQ(run(shares().find_under(a.share, a.uuid))->id, a.id);
  for (const Entry& other : {beside, next, in_next, bobs, bobs_a}) {
    EXPECT_FAILS(run(shares().find_under(a.share, other.uuid)), kNotFound);
  }
  EXPECT_FAILS(run(shares().find_under(b.share, a.uuid)), kNotFound);  // not upwards
  EXPECT_EQ(run(shares().find_under(deep.share, deep.uuid))->id, deep.id);
  EXPECT_FAILS(run(shares().find_under(deep.share, b.uuid)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(a.uuid, deep.uuid)), kNotFound);  // a UUID is no token

  FolderChanges out;
  out.parent.emplace();
  ASSERT_TRUE(run(vault_->folders().update(as(anna_), b.id, out)));
  EXPECT_FAILS(run(shares().find_under(a.share, deep.uuid)), kNotFound);  // moved away
}

}  // namespace
}  // namespace coffer::vault::test
