#include "vault/sharing/short_links.h"

#include <atomic>
#include <set>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using Claim = ShortLinks::Claim;

class ShortLinksTest : public VaultTest {
 protected:
  Addressed addressed(const Entry& entry) { return vault_->addresses().of(entry); }
  Result<Addressed> find(const std::string& address) {
    return run(vault_->addresses().find(address));
  }
  Result<void> remove_by_key(const std::string& address, const std::string& key) {
    return run(vault_->addresses().remove(address, key));
  }
  std::vector<bool> transfer(const Account& caller, std::vector<Claim> claims) {
    return run(vault_->addresses().transfer(as(caller), std::move(claims))).value();
  }
  Claim claim_of(const Entry& entry) {
    const Addressed file = addressed(entry);
    return {file.address, file.delete_key.str()};
  }
  Entry upload_extended(const Account& owner, const std::string& name,
                        const std::string& extension) {
    auto staged = receive(owner, name);
    const auto made =
        commit(owner, {.staged = std::move(*staged), .name = name, .address_extension = extension});
    return made.value().at(0);
  }
  std::vector<std::string> own(const Account& owner, std::size_t limit = 100) {
    std::vector<std::string> names;
    EntryId after{0};
    for (;;) {
      auto page = run(vault_->addresses().list_own(owner.id, after, limit));
      for (const Addressed& file : page.files) names.push_back(file.entry.name);
      if (!page.next) return names;
      after = *page.next;
    }
  }
};

TEST(ExtensionTest, IsTheLastOneAndNeverANameWithALeadingDot) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"test.mp4", ".mp4"}, {"a.tar.gz", ".gz"}, {".bashrc", ""}, {"..x", ""},         {"a.", "."},
      {"noext", ""},        {"dir.d/x", ""},     {"dir/.x", ""},  {"..a.txt", ".txt"}, {"", ""},
      {"dir\\x.y", ".y"}};
  for (const auto& [name, extension] : cases) EXPECT_EQ(extension_of_name(name), extension) << name;
  EXPECT_EQ(address_extension("a.mp4"), ".mp4");
  for (const char* name : {"a.", "a.m p4", "a.\xd0\xb0", "a.x/y", "a.\"x", "a.x\n", "a.%41",
                           "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(address_extension(name), "") << name;
  }
}

TEST_F(ShortLinksTest, AnAddressLeadsToItsFileAcrossRestarts) {
  const Account owner = make_account("anna");
  const Entry file = upload(owner, "a.txt", "hello");
  const Addressed before = addressed(file);
  open({});
  EXPECT_EQ(addressed(file).address, before.address);
  EXPECT_EQ(addressed(file).delete_key, before.delete_key);
  EXPECT_EQ(find(before.address)->entry.id, file.id);
  EXPECT_EQ(find(before.address + ".txt")->entry.id, file.id);
  for (const std::string& wrong : {before.address + ".jpg", before.address + ".", std::string("x"),
                                   before.address + ".txt.txt", before.address.substr(0, 9)}) {
    EXPECT_FAILS(find(wrong), kNotFound);
  }
  EXPECT_FAILS(find(vault_->addresses().of(make_folder(owner, "F")).address), kNotFound);
}

TEST_F(ShortLinksTest, AnExtendedAddressStaysWhenTheNameChanges) {
  const Account owner = make_account("anna");
  const Entry file = upload_extended(owner, "a.mp4", ".mp4");
  const std::string bare = addressed(file).address;
  ASSERT_TRUE(run(vault_->entries().update(as(owner), file.id, {.name = "b.mkv"})));
  for (const char* extension : {"", ".mp4", ".mkv"}) {
    EXPECT_EQ(find(bare + extension)->address, bare + ".mp4");
  }
  EXPECT_EQ(run(vault_->addresses().list_own(owner.id, EntryId{0}, 10)).files.at(0).address,
            bare + ".mp4");
  ASSERT_TRUE(remove(owner, file.id));
  EXPECT_FAILS(find(bare), kNotFound);
}

TEST_F(ShortLinksTest, ClosedWhileTheOwnerIsDisabledOrTheShareHasExpired) {
  const Account owner = make_account("anna");
  const Entry file = upload(owner, "a.txt", "hello");
  const Claim claim = claim_of(file);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(owner.id, true)));
  EXPECT_FAILS(find(claim.address), kNotFound);
  EXPECT_FAILS(remove_by_key(claim.address, claim.key), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(owner.id, false)));
  ASSERT_TRUE(run(vault_->shares().set_expiry(as(owner), file.id, clock_.now())));
  EXPECT_FAILS(find(claim.address), kNotFound);
  EXPECT_TRUE(remove_by_key(claim.address, claim.key));
}

TEST_F(ShortLinksTest, OnlyTheKeyDeletesAndOnlyOnce) {
  const Account owner = make_account("anna");
  const Entry file = upload(owner, "a.txt", "hello");
  const Claim claim = claim_of(file);
  const Claim other = claim_of(upload(owner, "b.txt", "other"));
  for (const std::string& wrong :
       {std::string(), std::string("x"), other.key, file.uuid.str(), file.share.str()}) {
    EXPECT_FAILS(remove_by_key(claim.address, wrong), kInvalid);
  }
  std::atomic<int> removed = 0;
  std::atomic<int> gone = 0;
  in_parallel(8, [&](int) {
    const auto result = remove_by_key(claim.address, claim.key);
    (result ? removed : gone) += 1;
    if (!result) {
      EXPECT_EQ(result.error().code, FailureCode::kNotFound);
    }
  });
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(gone, 7);
}

TEST_F(ShortLinksTest, ALinkIsMadeNewByItsKey) {
  const Account owner = make_account("anna");
  const Entry file = upload_extended(owner, "a.mp4", ".mp4");
  const Claim old = claim_of(file);
  EXPECT_FAILS(run(vault_->addresses().rotate(old.address, file.uuid.str())), kInvalid);
  EXPECT_FAILS(run(vault_->addresses().rotate("x", old.key)), kNotFound);
  const Addressed renewed = run(vault_->addresses().rotate(old.address, old.key)).value();
  EXPECT_NE(renewed.address.substr(0, 10), old.address.substr(0, 10));
  EXPECT_TRUE(renewed.address.ends_with(".mp4"));
  EXPECT_NE(renewed.delete_key.str(), old.key);
  EXPECT_FAILS(find(old.address), kNotFound);
  EXPECT_FAILS(run(vault_->shares().find(file.share)), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().rotate(old.address, old.key)), kNotFound);
  EXPECT_FAILS(remove_by_key(renewed.address, old.key), kInvalid);
  EXPECT_EQ(find(renewed.address)->entry.id, file.id);
  EXPECT_EQ(transfer(owner, {old, {renewed.address, renewed.delete_key.str()}}),
            (std::vector<bool>{false, true}));
  open({});
  EXPECT_EQ(find(renewed.address)->entry.id, file.id);
}

TEST_F(ShortLinksTest, OfManyWhoMakeItNewAtOnceOneDoes) {
  const Account owner = make_account("anna");
  const Claim old = claim_of(upload(owner, "a.txt", "hello"));
  std::atomic<int> renewed = 0;
  in_parallel(6, [&](int) {
    renewed += run(vault_->addresses().rotate(old.address, old.key)).has_value();
  });
  EXPECT_EQ(renewed, 1);
}

class GroupKeyTest : public ShortLinksTest {
 protected:
  Group make_group(const std::string& name) {
    return run(vault_->groups().create(as(owner_), name)).value();
  }
  Entry upload_to(const Group& group) {
    std::vector<NewFile> files;
    files.push_back({.staged = receive(owner_, "x").value(), .name = "f.txt"});
    return run(vault_->uploads().commit(as(member_), group.space, std::move(files))).value().at(0);
  }
  std::string group_key(const Entry& file) { return vault_->addresses().group_key(file).str(); }

  const Account owner_ = make_account("anna");
  const Account member_ = make_account("bob");
  const Group group_ = make_group("g");

  void SetUp() override {
    const auto invite = run(vault_->groups().invite(as(owner_), group_.number));
    ASSERT_TRUE(run(vault_->groups().join(as(member_), invite.value())));
  }
};

TEST_F(GroupKeyTest, IsAnotherThanTheUploadersAndDeletes) {
  const Entry file = upload_to(group_);
  EXPECT_NE(group_key(file), claim_of(file).key);
  EXPECT_FAILS(run(vault_->addresses().rotate(claim_of(file).address, group_key(file))), kInvalid);
  EXPECT_TRUE(remove_by_key(claim_of(file).address, group_key(file)));
}

TEST_F(GroupKeyTest, EndsWithTheGroup) {
  const Entry file = upload_to(group_);
  const Claim own = claim_of(file);
  const std::string groups = group_key(file);
  ASSERT_TRUE(run(vault_->groups().remove(as(owner_), group_.number)));
  EXPECT_FAILS(remove_by_key(own.address, groups), kInvalid);  // before the file has moved, too
  clear_all();
  EXPECT_EQ(find(own.address)->entry.space, member_.home);
  EXPECT_FAILS(remove_by_key(own.address, groups), kInvalid);
  EXPECT_TRUE(remove_by_key(own.address, own.key));
}

TEST_F(GroupKeyTest, IsNoKeyOfFilesElsewhere) {
  const Entry file = upload(member_, "home.txt", "x");
  EXPECT_FAILS(remove_by_key(claim_of(file).address, group_key(file)), kInvalid);
}

class TransferTest : public ShortLinksTest {
 protected:
  Account guest() { return run(vault_->accounts().guest()); }
};

TEST_F(TransferTest, GuestsFilesBecomeTheCallersWithAllThatBelongsToThem) {
  const Account anna = make_account("anna");
  upload(anna, "a.txt", "mine");
  const Account guests = guest();
  const Entry folder = make_folder(guests, "F");
  const Entry file = upload(guests, "a.txt", "theirs", {"Sea"});
  const Entry nested = upload_into(guests, folder.id, "n.txt", "nested");
  const Entry parts = upload_parts(guests, "p.bin", {"one", "two"});
  const auto outcomes = transfer(anna, {claim_of(file), claim_of(nested), claim_of(parts)});
  EXPECT_EQ(outcomes, (std::vector<bool>{true, true, true}));
  EXPECT_EQ(account(anna.id).used, 4U + 6 + 6 + 6);
  EXPECT_EQ(account(guests.id).used, 0U);
  EXPECT_EQ(children(anna.home), (std::vector<std::string>{"a.txt", "a.txt", "n.txt", "p.bin"}));
  EXPECT_EQ(list({.owner = anna.id, .tag = "sea"}).total, 1U);
  EXPECT_EQ(list({.owner = guests.id}).total, 0U);
  EXPECT_EQ(content_of(find(addressed(parts).address)->entry), "onetwo");
  // It is the caller's now: again is no failure, and its key stays good.
  EXPECT_EQ(transfer(anna, {claim_of(file)}), std::vector<bool>{true});
  EXPECT_TRUE(remove_by_key(claim_of(file).address, claim_of(file).key));
}

TEST_F(TransferTest, NobodyElsesAndNothingWithoutItsKey) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  const Entry bobs = upload(bob, "b.txt", "bob");
  const Entry loose = upload(guest(), "g.txt", "guest");
  const Claim good = claim_of(loose);
  const auto outcomes = transfer(anna, {claim_of(bobs),
                                        {good.address, claim_of(bobs).key},
                                        {"nonsense", good.key},
                                        {good.address, ""},
                                        good,
                                        good});
  EXPECT_EQ(outcomes, (std::vector<bool>{false, false, false, false, true, true}));
  EXPECT_EQ(transfer(bob, {good}), std::vector<bool>{false});
  EXPECT_EQ(account(bob.id).used, 3U);
}

TEST_F(TransferTest, TheQuotaDecidesFileByFile) {
  Policy policy;
  policy.quota = 10 + 2 * (kEntryCharge + 1);
  open(policy);
  const Account anna = make_account("anna");
  std::vector<Claim> claims;
  for (const char* content : {"123456", "abcde", "wxyz"}) {
    claims.push_back(claim_of(upload(guest(), "f", content)));
  }
  EXPECT_EQ(transfer(anna, claims), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(account(anna.id).used, 10U);
}

TEST_F(TransferTest, OfManyAtOnceOneWins) {
  std::vector<Account> accounts;
  for (int i = 0; i < 6; ++i) accounts.push_back(make_account("a" + std::to_string(i)));
  std::vector<Claim> claims;
  for (int i = 0; i < 150; ++i) {
    claims.push_back(claim_of(upload(guest(), "f.txt", std::to_string(i))));
  }
  std::atomic<std::size_t> won = 0;
  in_parallel(6, [&](int i) {
    for (const bool one : transfer(accounts[static_cast<std::size_t>(i)], claims)) won += one;
  });
  EXPECT_EQ(won, claims.size());
  std::size_t owned = 0;
  for (const Account& one : accounts) owned += own(one, 7).size();
  EXPECT_EQ(owned, claims.size());
}

}  // namespace
}  // namespace coffer::vault::test
