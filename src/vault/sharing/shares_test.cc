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
    EXPECT_EQ(run(shares().find(file.share))->entry.id, file.id);
    EXPECT_FAILS(run(shares().find(file.uuid)), kNotFound);
  }
  EXPECT_EQ(tokens.size(), 50U);
  const Entry folder = make_folder(anna_, "g");
  EXPECT_EQ(run(shares().find(folder.share))->entry.id, folder.id);
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
  EXPECT_EQ(run(shares().find(rotated->share))->entry.id, file.id);
  EXPECT_EQ(run(vault_->entries().find(anna_.id, rotated->share))->id, file.id);
  EXPECT_EQ(events().back().type, EventType::kEntryUpdated);
}

TEST_F(SharesTest, ADisabledAccountSharesNothing) {
  const Entry folder = make_folder(anna_, "f");
  const Entry file = upload_into(anna_, folder.id, "x", "x");
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(run(shares().find(folder.share)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(folder.share, file.uuid)), kNotFound);
  EXPECT_FAILS(run(shares().find_media(file.uuid)), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  EXPECT_TRUE(run(shares().find_under(folder.share, file.uuid)));
  EXPECT_TRUE(run(shares().find_media(file.uuid)));
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
  EXPECT_EQ(run(shares().find_under(a.share, deep.uuid))->entry.id, deep.id);
  EXPECT_EQ(run(shares().find_under(a.share, b.uuid))->entry.id, b.id);
  EXPECT_EQ(run(shares().find_under(a.share, a.uuid))->entry.id, a.id);
  for (const Entry& other : {beside, next, in_next, bobs, bobs_a}) {
    EXPECT_FAILS(run(shares().find_under(a.share, other.uuid)), kNotFound);
  }
  EXPECT_FAILS(run(shares().find_under(b.share, a.uuid)), kNotFound);  // not upwards
  EXPECT_EQ(run(shares().find_under(deep.share, deep.uuid))->entry.id, deep.id);
  EXPECT_FAILS(run(shares().find_under(deep.share, b.uuid)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(a.uuid, deep.uuid)), kNotFound);  // a UUID is no token

  FolderChanges out;
  out.parent.emplace();
  ASSERT_TRUE(run(vault_->folders().update(as(anna_), b.id, out)));
  EXPECT_FAILS(run(shares().find_under(a.share, deep.uuid)), kNotFound);  // moved away
}

class DerivedTokensTest : public SharesTest {
 protected:
  // What a reader of `folder` is shown for `entry`.
  Entry seen(const Entry& folder, const Entry& entry) {
    const auto shared = run(shares().find(folder.share));
    return shares().for_reader(shared.value().share, entry);
  }

  const Entry top_ = make_folder(anna_, "top");
  const Entry inner_ = make_folder(anna_, "inner", top_.id);
  const Entry file_ = upload_into(anna_, inner_.id, "f", "x");
};

TEST_F(DerivedTokensTest, ReadersAreToldNothingThatOutlivesTheShare) {
  const Entry shown = seen(top_, file_);
  for (const Uuid& told : {shown.share, shown.uuid}) {
    EXPECT_NE(told, file_.share);
    EXPECT_NE(told, file_.uuid);
    EXPECT_EQ(told.str()[14], '8');
  }
  const auto found = run(shares().find(shown.share));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->entry.id, file_.id);
  EXPECT_EQ(found->entry.share, shown.share);
  EXPECT_EQ(found->entry.uuid, shown.uuid);
  EXPECT_EQ(seen(top_, top_).share, top_.share);
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, shown.share)), kNotFound);
  EXPECT_FAILS(run(shares().find_media(shown.uuid)), kNotFound);
}

TEST_F(DerivedTokensTest, WhatIsReadThroughADerivedTokenIsOfTheSameShare) {
  const auto folder = run(shares().find(seen(top_, inner_).share)).value();
  EXPECT_EQ(folder.entry.id, inner_.id);
  EXPECT_EQ(shares().for_reader(folder.share, file_).share, seen(top_, file_).share);
  const Uuid file = seen(top_, file_).share;
  EXPECT_EQ(run(shares().find_under(folder.entry.share, file))->entry.id, file_.id);
  EXPECT_EQ(run(shares().find_under(top_.share, file))->entry.id, file_.id);
  // One of another share, though it opens the same file.
  EXPECT_FAILS(run(shares().find_under(top_.share, seen(inner_, file_).share)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(folder.entry.share, top_.uuid)), kNotFound);
  const Entry beside = upload_into(anna_, top_.id, "beside", "x");
  EXPECT_FAILS(run(shares().find_under(folder.entry.share, seen(top_, beside).share)), kNotFound);
}

TEST_F(DerivedTokensTest, EndWithTheFoldersToken) {
  const Uuid file = seen(top_, file_).share;
  const Uuid through_inner = seen(inner_, file_).share;
  ASSERT_TRUE(run(shares().set_expiry(as(anna_), top_.id, clock_.now())));
  EXPECT_FAILS(run(shares().find(file)), kNotFound);
  ASSERT_TRUE(run(shares().set_expiry(as(anna_), top_.id, std::nullopt)));
  EXPECT_TRUE(run(shares().find(file)));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(run(shares().find(file)), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  const Entry renewed = run(shares().rotate(as(anna_), top_.id)).value();
  EXPECT_FAILS(run(shares().find(file)), kNotFound);
  EXPECT_FAILS(run(shares().find_under(renewed.share, file)), kNotFound);
  EXPECT_TRUE(run(shares().find(seen(renewed, file_).share)));
  EXPECT_TRUE(run(shares().find(through_inner))) << "another share of the same file goes on";
  EXPECT_TRUE(run(shares().find(file_.share)));
}

TEST_F(DerivedTokensTest, EndWhereTheFileIsNoLongerBelow) {
  const Uuid file = seen(top_, file_).share;
  EntryChanges out;
  out.parent.emplace();
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file_.id, out)));
  EXPECT_FAILS(run(shares().find(file)), kNotFound);
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file_.id, {.parent = {{inner_.id}}})));
  EXPECT_TRUE(run(shares().find(file)));
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), inner_.id)));
  EXPECT_FAILS(run(shares().find(file)), kNotFound);
}

TEST_F(SharesTest, MakingLinksNewClosesEveryOldOne) {
  const Entry file = upload(anna_, "f", "x");
  const Addressed before = vault_->addresses().of(file);
  ASSERT_TRUE(run(shares().find_media(file.media_uuid())));
  const Entry renewed = run(shares().rotate(as(anna_), file.id)).value();
  const Addressed after = vault_->addresses().of(renewed);
  EXPECT_EQ(renewed.uuid, file.uuid);
  EXPECT_FAILS(run(shares().find_media(file.media_uuid())), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().find(before.address)), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().remove(before.address, before.delete_key.str())), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().remove(after.address, before.delete_key.str())), kInvalid);
  EXPECT_EQ(run(shares().find_media(renewed.media_uuid()))->id, file.id);
  EXPECT_EQ(run(vault_->addresses().find(after.address))->entry.id, file.id);
  EXPECT_TRUE(run(vault_->addresses().remove(after.address, after.delete_key.str())));
}

TEST_F(SharesTest, AShareTokenIsNoMediaPathBeforeThat) {
  const Entry file = upload(anna_, "f", "x");
  EXPECT_FAILS(run(shares().find_media(file.share)), kNotFound);
}

}  // namespace
}  // namespace coffer::vault::test
