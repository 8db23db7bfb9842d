#include "vault/tree/groups.h"

#include <atomic>
#include <set>

#include "vault/sharing/short_links.h"
#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class GroupsTest : public VaultTest {
 protected:
  Group create(const Account& owner, const std::string& name = "Bim-Bam") {
    return run(vault_->groups().create(as(owner), name)).value();
  }
  std::string invite(const Account& owner, const Group& group) {
    return run(vault_->groups().invite(as(owner), group.number)).value();
  }
  Result<Group> join(const Account& account, const std::string& secret) {
    return run(vault_->groups().join(as(account), secret));
  }
  Result<Group> find(const Account& account, const Group& group) {
    return run(vault_->groups().find(account.id, group.number));
  }
  void add(const Account& member, const Account& owner, const Group& group) {
    ASSERT_TRUE(join(member, invite(owner, group)));
  }
  Result<Entry> upload_to(const Group& group, const Account& owner, const std::string& name,
                          const std::string& content) {
    std::vector<NewFile> files;
    files.push_back({.staged = receive(owner, content).value(), .name = name});
    auto made = run(vault_->uploads().commit(as(owner), group.space, std::move(files)));
    if (!made) return std::unexpected(made.error());
    return made->at(0);
  }
  std::vector<std::string> own(const Account& owner) {
    std::vector<std::string> names;
    for (const auto& file : run(vault_->addresses().list_own(owner.id, EntryId{0}, 100)).files) {
      names.push_back(file.entry.name);
    }
    return names;
  }
  std::vector<std::string> in_group(const Group& group, std::size_t limit = 100) {
    std::vector<std::string> names;
    std::string after;
    for (;;) {
      const auto page = run(vault_->addresses().list_space(group.space, after, limit));
      for (const auto& file : page.items) names.push_back(file.entry.name);
      if (!page.more) return names;
      after = page.items.back().entry.key;
    }
  }
};

TEST_F(GroupsTest, NumbersHaveEightDigitsAndAreNotAlike) {
  const Account anna = make_account("anna");
  std::set<std::uint32_t> numbers;
  for (int i = 0; i < 50; ++i) {
    const Group group = create(anna);
    EXPECT_GE(group.number, 10'000'000U);
    EXPECT_LE(group.number, 99'999'999U);
    EXPECT_TRUE(numbers.insert(group.number).second);
  }
  EXPECT_EQ(run(vault_->groups().of_account(anna.id, std::nullopt, 100)).items.size(), 50U);
}

TEST_F(GroupsTest, NamesAreAtMost50CharactersNotBytes) {
  const Account anna = make_account("anna");
  std::string fifty;
  for (int i = 0; i < 50; ++i) fifty += "\xd0\x96";
  EXPECT_EQ(create(anna, fifty).name, fifty);
  for (const std::string& bad : {fifty + "x", std::string(), std::string("  "), std::string("\xff"),
                                 std::string("a\nb"), std::string("a\0b", 3)}) {
    EXPECT_FAILS(run(vault_->groups().create(as(anna), bad)), kInvalid);
  }
}

TEST_F(GroupsTest, OnlyMembersFindItAndOnlyTheOwnerInvites) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  const Group group = create(anna);
  EXPECT_FAILS(find(bob, group), kForbidden);
  EXPECT_FAILS(run(vault_->groups().find(bob.id, 1)), kNotFound);
  EXPECT_FAILS(run(vault_->groups().invite(as(bob), group.number)), kForbidden);
  const std::string secret = invite(anna, group);
  EXPECT_EQ(run(vault_->groups().find_invite(secret))->number, group.number);
  EXPECT_EQ(join(bob, secret)->name, group.name);
  EXPECT_FAILS(join(bob, secret), kConflict);
  EXPECT_FAILS(join(anna, secret), kConflict);
  EXPECT_FAILS(join(bob, secret + "x"), kNotFound);
  EXPECT_TRUE(find(bob, group));
  EXPECT_FAILS(run(vault_->groups().invite(as(bob), group.number)), kForbidden);
  EXPECT_FAILS(run(vault_->groups().remove(as(bob), group.number)), kForbidden);
}

TEST_F(GroupsTest, AnInviteIsKeptAsItsHashAndGoodUntilRevoked) {
  const Account anna = make_account("anna");
  const Group group = create(anna);
  const std::string first = invite(anna, group);
  const std::string second = invite(anna, group);
  EXPECT_NE(first, second);
  EXPECT_GE(first.size(), 22U);
  auto rows = [&](db::Transaction& tx) -> Task<std::vector<Bytes>> {
    static constexpr db::Statement kHashes{"SELECT hash FROM link ORDER BY id"};
    co_return co_await tx.all(kHashes, [](const db::Row& row) {
      return Bytes(row.bytes(0).begin(), row.bytes(0).end());
    });
  };
  const auto hashes = run(stores_.database->read(rows));
  ASSERT_EQ(hashes.size(), 2U);
  EXPECT_TRUE(std::ranges::equal(hashes[0], Sha256::of(as_bytes(first)).bytes));
  EXPECT_TRUE(join(make_account("bob"), first));
  EXPECT_TRUE(join(make_account("cleo"), first));
  ASSERT_TRUE(run(vault_->groups().revoke_invites(as(anna), group.number)));
  EXPECT_FAILS(join(make_account("dora"), first), kNotFound);
  EXPECT_FAILS(run(vault_->groups().find_invite(second)), kNotFound);
  EXPECT_TRUE(join(make_account("emil"), invite(anna, group)));
}

TEST_F(GroupsTest, OneInviteTakesManyAtOnceEachOnce) {
  const Account anna = make_account("anna");
  const Group group = create(anna);
  const std::string secret = invite(anna, group);
  std::vector<Account> accounts;
  for (int i = 0; i < 10; ++i) accounts.push_back(make_account("m" + std::to_string(i)));
  std::atomic<int> joined = 0;
  in_parallel(20, [&](int i) {
    if (join(accounts[static_cast<std::size_t>(i) % 10], secret)) ++joined;
  });
  EXPECT_EQ(joined, 10);
}

TEST_F(GroupsTest, AnInviteMayBeForSoMany) {
  const Account anna = make_account("anna");
  const Group group = create(anna);
  const auto charged = [&] { return run(vault_->accounts().find(anna.id))->charged; };
  const std::uint64_t before = charged();
  const std::string secret = run(vault_->groups().invite(as(anna), group.number, 3)).value();
  EXPECT_GT(charged(), before);
  EXPECT_FAILS(join(anna, secret), kConflict);  // uses nothing up
  std::vector<Account> accounts;
  for (int i = 0; i < 10; ++i) accounts.push_back(make_account("m" + std::to_string(i)));
  std::atomic<int> joined = 0;
  in_parallel(20, [&](int i) {
    if (join(accounts[static_cast<std::size_t>(i) % 10], secret)) ++joined;
  });
  EXPECT_EQ(joined, 3);
  EXPECT_FAILS(run(vault_->groups().find_invite(secret)), kNotFound);
  EXPECT_EQ(charged(), before);
}

TEST_F(GroupsTest, InvitesHaveABound) {
  const Account anna = make_account("anna");
  const Group group = create(anna);
  const std::string first = invite(anna, group);
  for (std::size_t i = 1; i < kGroupInvitesMax; ++i) invite(anna, group);
  EXPECT_FAILS(run(vault_->groups().invite(as(anna), group.number)), kQuotaExceeded);
  EXPECT_TRUE(run(vault_->groups().find_invite(first)));
  ASSERT_TRUE(run(vault_->groups().revoke_invites(as(anna), group.number)));
  EXPECT_TRUE(run(vault_->groups().invite(as(anna), group.number)));
}

TEST_F(GroupsTest, LeavingIsForMembersAndNotForTheOwner) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  const Group group = create(anna);
  const auto leave = [&](const Account& account) {
    return run(vault_->groups().leave(as(account), group.number));
  };
  EXPECT_FAILS(leave(bob), kInvalid);
  EXPECT_FAILS(leave(anna), kForbidden);
  EXPECT_FAILS(run(vault_->groups().leave(as(bob), 5)), kNotFound);
  add(bob, anna, group);
  ASSERT_TRUE(upload_to(group, bob, "b.txt", "bob"));
  EXPECT_TRUE(leave(bob));
  EXPECT_FAILS(find(bob, group), kForbidden);
  EXPECT_FAILS(upload_to(group, bob, "c.txt", "late"), kForbidden);
  EXPECT_EQ(in_group(group), std::vector<std::string>{"b.txt"});
  EXPECT_EQ(account(bob.id).used, 3U);
  EXPECT_EQ(stored_blobs(), 1U);  // the bytes that were refused went at once
}

TEST_F(GroupsTest, FilesCountForTheirUploaderAndStandInTheGroup) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  const Group group = create(anna);
  add(bob, anna, group);
  upload(bob, "home.txt", "home");
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(upload_to(group, i % 2 == 0 ? anna : bob, "f.txt", std::to_string(i)));
  }
  EXPECT_EQ(in_group(group, 2).size(), 5U);
  EXPECT_EQ(own(bob), std::vector<std::string>{"home.txt"});
  EXPECT_EQ(own(anna), std::vector<std::string>());
  EXPECT_EQ(account(bob.id).used, 6U);
  EXPECT_EQ(list({.owner = bob.id}).total, 3U);  // other lists show all of an owner's files
}

TEST_F(GroupsTest, ARemovedGroupsFilesGoHome) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  const Group group = create(anna);
  const Group other = create(anna, "Other");
  add(bob, anna, group);
  const std::string secret = invite(anna, group);
  upload(bob, "f.txt", "home");
  std::vector<Entry> files;
  for (int i = 0; i < 7; ++i) {
    files.push_back(upload_to(group, bob, "f.txt", std::to_string(i)).value());
  }
  ASSERT_TRUE(upload_to(group, anna, "a.txt", "anna"));
  ASSERT_TRUE(upload_to(other, anna, "o.txt", "other"));
  const std::string address = vault_->addresses().of(files[0]).address;

  ASSERT_TRUE(run(vault_->groups().remove(as(anna), group.number)));
  EXPECT_FAILS(run(vault_->groups().remove(as(anna), group.number)), kNotFound);
  EXPECT_FAILS(find(anna, group), kNotFound);
  EXPECT_FAILS(join(make_account("cleo"), secret), kNotFound);
  EXPECT_TRUE(run(vault_->groups().of_account(bob.id, std::nullopt)).items.empty());
  EXPECT_FAILS(upload_to(group, anna, "late.txt", "late"), kNotFound);
  // At once, before anything has moved.
  EXPECT_EQ(own(bob).size(), 8U);
  EXPECT_TRUE(run(vault_->addresses().find(address)));

  int steps = 0;
  do {
    open({});  // as after a restart in the middle
    EXPECT_EQ(own(bob).size(), 8U);
    EXPECT_EQ(contradictions(), std::vector<std::string>());
    ++steps;
  } while (run(vault_->groups().return_files(3)));
  EXPECT_GE(steps, 4) << "3, 3, 2 and none";
  EXPECT_EQ(children(bob.home).size(), 8U);
  EXPECT_EQ(children(anna.home), std::vector<std::string>{"a.txt"});
  EXPECT_EQ(in_group(other), std::vector<std::string>{"o.txt"});
  EXPECT_EQ(content_of(run(vault_->addresses().find(address))->entry), "0");
  EXPECT_EQ(account(bob.id).used, 4U + 7);
  std::set<std::string> keys;
  for (const Entry& entry : list({.owner = bob.id}).entries) {
    EXPECT_EQ(entry.space, bob.home);
    EXPECT_TRUE(keys.insert(entry.key).second);
  }
}

TEST_F(GroupsTest, UploadsAndTheRemovalRace) {
  const Account anna = make_account("anna");
  for (int round = 0; round < 5; ++round) {
    const Group group = create(anna);
    std::atomic<std::size_t> stored = 0;
    const std::size_t before = list({.owner = anna.id}).total;
    in_parallel(5, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(run(vault_->groups().remove(as(anna), group.number)));
        clear_all();
        return;
      }
      const auto made = upload_to(group, anna, "f.txt", std::to_string(round * 10 + i));
      if (made) {
        ++stored;
      } else {
        EXPECT_EQ(made.error().code, FailureCode::kNotFound);
      }
    });
    EXPECT_EQ(list({.owner = anna.id}).total, before + stored);
    clear_all();
    EXPECT_EQ(children(anna.home).size(), before + stored);
  }
}

}  // namespace
}  // namespace coffer::vault::test
