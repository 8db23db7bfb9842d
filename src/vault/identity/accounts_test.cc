#include "vault/identity/accounts.h"

#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <mutex>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class AccountsTest : public VaultTest {
 protected:
  Result<Account> create(std::string username, std::optional<std::string> email = std::nullopt,
                         std::string password = "correct horse") {
    NewAccount wanted;
    wanted.username = std::move(username);
    wanted.email = std::move(email);
    wanted.password = std::move(password);
    return run(vault_->accounts().create(std::move(wanted)));
  }
  Result<Account> log_in(std::string login, std::string password = "correct horse") {
    auto begun = run(vault_->sessions().log_in({std::move(login), std::move(password)}));
    if (!begun) return std::unexpected(begun.error());
    return begun->account;
  }
  Result<Account> update(AccountId id, AccountChanges changes,
                         std::optional<SessionId> keep = std::nullopt) {
    Caller caller{.account = {}, .session = keep};
    caller.account.id = id;
    const Actor actor = keep ? Actor::of(caller) : as(id);
    return run(vault_->accounts().update(actor, std::move(changes)));
  }
};

TEST_F(AccountsTest, NamesConflictInWhateverCaseAndComposition) {
  ASSERT_TRUE(
      create("J\xc3\xbcrgen Stra\xc3\x9f"
             "e",
             "jay@Example.org"));
  for (const char* same :
       {"j\xc3\x9cRGEN STRASSE", "ju\xcc\x88rgen strasse", "  J\xc3\xbcrgen Strasse\t"}) {
    const auto again = create(same);
    ASSERT_FALSE(again) << same;
    EXPECT_EQ(again.error().code, FailureCode::kConflict);
    EXPECT_EQ(fields_of(again.error()), std::set<std::string>{"username"});
  }
  const auto both = create("jay@example.ORG", "JAY@EXAMPLE.ORG");
  ASSERT_FALSE(both);
  EXPECT_EQ(both.error().code, FailureCode::kConflict);
  EXPECT_EQ(fields_of(both.error()), (std::set<std::string>{"username", "email"}));
}

TEST_F(AccountsTest, NoLogInNameLeadsToTwoAccounts) {
  ASSERT_TRUE(create("anna", "anna@example.org"));
  EXPECT_FAILS(create("Anna@Example.org"), kConflict);
  ASSERT_TRUE(create("bob@example.org"));
  EXPECT_FAILS(create("robert", "BOB@example.org"), kConflict);
  const auto own = create("eve@example.org", "Eve@example.org");
  ASSERT_TRUE(own) << own.error().message;
  EXPECT_EQ(log_in("EVE@example.org")->id, own->id);
}

TEST_F(AccountsTest, ParallelRegistrationsOfOneNameMakeOneAccount) {
  std::atomic<int> made = 0;
  in_parallel(8, [&](int i) {
    if (create(i % 2 == 0 ? "Race" : "rACE")) ++made;
  });
  EXPECT_EQ(made, 1);
  EXPECT_EQ(run(vault_->accounts().list(AccountId{0}, 100)).size(), 1U);
  EXPECT_EQ(events().size(), 1U);
}

TEST_F(AccountsTest, TellsEveryFieldAtFault) {
  const auto refused = create("", "nobody", "short");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::kInvalid);
  EXPECT_EQ(fields_of(refused.error()), (std::set<std::string>{"username", "email", "password"}));
  EXPECT_TRUE(events().empty());
}

TEST_F(AccountsTest, BoundsNames) {
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "\xc3\xa9";
  EXPECT_TRUE(create(longest));
  for (const std::string& bad :
       {longest + "x", std::string(" \t "), std::string("a\nb"), std::string("nul\0l", 5),
        std::string("c1\xc2\x85"), std::string("\xff\xfe"), std::string("\xc2\xa0")}) {
    EXPECT_FAILS(create(bad), kInvalid);
  }
  for (const std::string& bad :
       {std::string("@example.org"), std::string("a@"), std::string("a b@c"), std::string(""),
        std::string("a\r\n@c"), std::string(250, 'a') + "@b.de"}) {
    EXPECT_FAILS(create("somebody", bad), kInvalid);
  }
  EXPECT_TRUE(create("somebody", std::string(249, 'a') + "@b.de"));
}

TEST_F(AccountsTest, BoundsPasswordsInBytes) {
  EXPECT_FAILS(create("a", {}, "1234567"), kInvalid);
  EXPECT_TRUE(create("a", {}, "12345678"));
  EXPECT_TRUE(create("b", {}, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"));
  EXPECT_TRUE(create("c", {}, std::string(1024, 'x')));
  EXPECT_FAILS(create("d", {}, std::string(1025, 'x')), kInvalid);
  EXPECT_TRUE(log_in("c", std::string(1024, 'x')));
  EXPECT_FAILS(log_in("c", std::string(1025, 'x')), kWrongPassword);
  ASSERT_TRUE(create("e", {}, std::string("zero\0zero", 9)));
  EXPECT_FAILS(log_in("e", std::string("zero\0ZERO", 9)), kWrongPassword);
}

TEST_F(AccountsTest, LogsInByEitherName) {
  const auto made = create("anna", "anna@example.org");
  ASSERT_TRUE(made);
  for (const char* login : {"anna", "ANNA", " anna ", "anna@example.org", "Anna@EXAMPLE.org"}) {
    const auto account = log_in(login);
    ASSERT_TRUE(account) << login;
    EXPECT_EQ(account->id, made->id);
    EXPECT_EQ(account->home, made->home);
  }
  EXPECT_FAILS(log_in("anna", "correct horsf"), kWrongPassword);
  EXPECT_FAILS(log_in("anna", ""), kWrongPassword);
  EXPECT_FAILS(log_in("nobody"), kNoSuchAccount);
  EXPECT_FAILS(log_in(""), kNoSuchAccount);
  EXPECT_FAILS(log_in("\xff"), kNoSuchAccount);
  EXPECT_FAILS(log_in(std::string(100'000, 'a')), kNoSuchAccount);
  EXPECT_FAILS(log_in("anna' OR '1'='1"), kNoSuchAccount);
}

TEST_F(AccountsTest, TellsOfALockedAccountOnlyToItsOwner) {
  const Account anna = make_account("anna");
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna.id, true)));
  EXPECT_FAILS(log_in("anna", "wrong password"), kWrongPassword);
  EXPECT_FAILS(log_in("anna"), kAccountDisabled);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna.id, false)));
  EXPECT_TRUE(log_in("anna"));
  EXPECT_FAILS(run(vault_->accounts().set_disabled(AccountId{999}, true)), kNotFound);
}

TEST_F(AccountsTest, ChangesNames) {
  const Account anna = make_account("anna");
  const Account bob = make_account("bob");
  AccountChanges changes;
  changes.username = "Bob";
  EXPECT_FAILS(update(anna.id, changes), kConflict);
  changes.username = "ANNA";
  changes.email = "anna@example.org";
  clock_.advance(std::chrono::seconds(5));
  const auto renamed = update(anna.id, changes);
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->username, "ANNA");
  EXPECT_EQ(renamed->updated_at, clock_.now());
  EXPECT_EQ(account(anna.id).email, "anna@example.org");

  AccountChanges theft;
  theft.username = "anna@example.org";
  EXPECT_FAILS(update(bob.id, theft), kConflict);
  theft.username = std::nullopt;
  theft.email = "ANNA";
  EXPECT_FAILS(update(bob.id, theft), kInvalid);

  changes.username = "eve";
  changes.email = "eve@example.org";
  ASSERT_TRUE(update(anna.id, changes));
  EXPECT_FAILS(log_in("anna"), kNoSuchAccount);
  EXPECT_FAILS(log_in("anna@example.org"), kNoSuchAccount);
  EXPECT_TRUE(log_in("eve@example.org"));
  EXPECT_TRUE(create("anna", "anna@example.org")) << "names given up are free";
  EXPECT_FAILS(update(AccountId{999}, changes), kNotFound);
}

TEST_F(AccountsTest, AFailedChangeChangesNothing) {
  const Account anna = make_account("anna");
  make_account("bob");
  AccountChanges changes;
  changes.username = "bob";
  changes.email = "new@example.org";
  changes.password = {.current = "correct horse", .wanted = "battery staple"};
  EXPECT_FAILS(update(anna.id, changes), kConflict);
  EXPECT_TRUE(log_in("anna"));
  EXPECT_FALSE(account(anna.id).email);
}

TEST_F(AccountsTest, ANewPasswordEndsTheOtherSessions) {
  const Account anna = make_account("anna");
  const Tokens here = begin_session(anna);
  const Tokens there = begin_session(anna);
  AccountChanges changes;
  changes.password = {.current = "wrong password", .wanted = "battery staple"};
  EXPECT_FAILS(update(anna.id, changes, here.session), kWrongPassword);
  EXPECT_TRUE(run(vault_->sessions().authenticate(there.access)));
  changes.password->current = "correct horse";
  changes.password->wanted = "short";
  EXPECT_FAILS(update(anna.id, changes, here.session), kInvalid);
  changes.password->wanted = "battery staple";
  ASSERT_TRUE(update(anna.id, changes, here.session));
  EXPECT_TRUE(run(vault_->sessions().authenticate(here.access)));
  EXPECT_FAILS(run(vault_->sessions().authenticate(there.access)), kSessionGone);
  EXPECT_FAILS(log_in("anna"), kWrongPassword);
  EXPECT_TRUE(log_in("anna", "battery staple"));

  ASSERT_TRUE(run(vault_->accounts().set_password(anna.id, "from the admin")));
  EXPECT_FAILS(run(vault_->sessions().authenticate(here.access)), kSessionGone);
  EXPECT_TRUE(log_in("anna", "from the admin"));
  EXPECT_FAILS(run(vault_->accounts().set_password(AccountId{999}, "from the admin")), kNotFound);
}

TEST_F(AccountsTest, ListsInPagesAndKnowsAdmins) {
  EXPECT_FALSE(run(vault_->accounts().any_admin()));
  for (const char* name : {"a", "b", "c", "d", "e"}) make_account(name);
  EXPECT_FALSE(run(vault_->accounts().any_admin()));
  NewAccount root;
  root.username = "root";
  root.password = "correct horse";
  root.is_admin = true;
  ASSERT_TRUE(run(vault_->accounts().create(root)));
  EXPECT_TRUE(run(vault_->accounts().any_admin()));
  std::string names;
  AccountId after{0};
  for (;;) {
    const auto page = run(vault_->accounts().list(after, 4));
    if (page.empty()) break;
    for (const Account& one : page) names += one.username;
    after = page.back().id;
  }
  EXPECT_EQ(names, "abcderoot");
}

TEST(Passwords, RefusesWhatWouldWaitTooLong) {
  Passwords passwords({.memory_bytes = 16U << 20U, .passes = 2, .parallel = 1, .waiting = 2});
  InlineExecutor executor;
  int hashed = 0;
  int busy = 0;
  int left = 8;
  const auto one = [&]() -> Task<void> {
    const auto result = co_await passwords.hash("correct horse");
    if (!result) {
      EXPECT_EQ(result.error().code, FailureCode::kBusy);
    }
    ++(result ? hashed : busy);
    --left;
  };
  const auto all = [&]() -> Task<void> {
    for (int i = 0; i < 8; ++i) start(one(), [](std::exception_ptr) {});
    ThreadPool elsewhere("elsewhere", 1);
    while (left > 0) {
      co_await resume_on(elsewhere);
      co_await resume_on(executor);
    }
  };
  executor.run(all());
  EXPECT_EQ(hashed, 3);
  EXPECT_EQ(busy, 5);
  const auto later = executor.run(passwords.hash("correct horse"));
  ASSERT_TRUE(later) << "room again";
  EXPECT_TRUE(later->starts_with("$argon2id$v=19$m=16384,t=2,p=1$"));
  EXPECT_TRUE(executor.run(passwords.verify("correct horse", *later)).value().right);
  EXPECT_FALSE(executor.run(passwords.verify("Correct horse", *later)).value().right);
}

TEST(Passwords, AnUnknownAccountCostsAsMuch) {
  Passwords passwords({.memory_bytes = 32U << 20U, .passes = 3});
  InlineExecutor executor;
  const auto stored = executor.run(passwords.hash("correct horse"));
  const auto cost = [&](const std::string& against) {
    auto min = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 3; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_FALSE(executor.run(passwords.verify("battery staple", against)).value().right);
      min = std::min(min, std::chrono::steady_clock::now() - begin);
    }
    return std::chrono::duration<double>(min).count();
  };
  const double known = cost(*stored);
  EXPECT_GT(cost(""), known / 3);
}

TEST(Passwords, ADamagedHashIsTheMachinesFailure) {
  Passwords passwords({.memory_bytes = 8192, .passes = 1});
  InlineExecutor executor;
  const std::string stored = executor.run(passwords.hash("x")).value();
  for (const std::string& damaged : {std::string("not a hash"), std::string("$argon2id$"),
                                     stored.substr(0, stored.size() / 2)}) {
    const auto verify = [&] { return executor.run(passwords.verify("x", damaged)).has_value(); };
    EXPECT_THROW(verify(), std::runtime_error) << damaged;
  }
}

// Bounds what the process may allocate from now on.
class NoMoreMemory {
 public:
  NoMoreMemory() {
    getrlimit(RLIMIT_DATA, &before_);
    std::ifstream status("/proc/self/status");
    std::uint64_t kilobytes = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmData:")) kilobytes = std::stoull(line.substr(7));
    }
    rlimit now = before_;
    now.rlim_cur = kilobytes * 1024 + (std::uint64_t{8} << 20U);
    setrlimit(RLIMIT_DATA, &now);
  }
  ~NoMoreMemory() { setrlimit(RLIMIT_DATA, &before_); }
  NoMoreMemory(const NoMoreMemory&) = delete;
  NoMoreMemory& operator=(const NoMoreMemory&) = delete;

 private:
  rlimit before_{};
};

TEST(Passwords, WithoutMemoryNoPasswordIsCalledWrong) {
  Passwords passwords({.memory_bytes = 64U << 20U, .passes = 1});
  InlineExecutor executor;
  const std::string stored = executor.run(passwords.hash("correct horse")).value();
  {
    const NoMoreMemory limit;
    const auto verified = executor.run(passwords.verify("correct horse", stored));
    ASSERT_FALSE(verified) << "the limit has no effect here";
    EXPECT_EQ(verified.error().code, FailureCode::kBusy);
    const auto hashed = executor.run(passwords.hash("correct horse"));
    ASSERT_FALSE(hashed);
    EXPECT_EQ(hashed.error().code, FailureCode::kBusy);
  }
  EXPECT_TRUE(executor.run(passwords.verify("correct horse", stored)).value().right);
}

class GuestsTest : public VaultTest {
 protected:
  static Policy policy(std::optional<std::uint64_t> quota) {
    Policy policy;
    policy.guest_quota = quota;
    return policy;
  }
  // For 100 bytes in two files whose names have one.
  static constexpr std::uint64_t kQuota = 100 + 2 * (kEntryCharge + 1);
  GuestsTest() : VaultTest(policy(kQuota)) {}
};

TEST_F(GuestsTest, ThereIsOneAccountThatNobodyLogsInTo) {
  std::mutex mutex;
  std::set<AccountId> ids;
  in_parallel(8, [&](int) {
    const Account guest = run(vault_->accounts().guest());
    const std::lock_guard lock(mutex);
    ids.insert(guest.id);
  });
  EXPECT_EQ(ids.size(), 1U);
  const Account guest = run(vault_->accounts().guest());
  EXPECT_TRUE(guest.is_guest);
  EXPECT_EQ(guest.quota, kQuota);
  for (const std::string name : {"guests", "GUESTS", ""}) {
    EXPECT_FAILS(run(vault_->sessions().log_in({name, ""})), kNoSuchAccount);
    EXPECT_FALSE(run(vault_->accounts().find_by_login(name)));
  }
  EXPECT_TRUE(run(vault_->accounts().list(AccountId{}, 10)).empty());
  const Account anna = make_account("anna");
  EXPECT_FALSE(anna.is_guest);
  EXPECT_EQ(run(vault_->accounts().list(AccountId{}, 10)).size(), 1U);
}

TEST_F(GuestsTest, WhatIsUnlistedIsNotFoundByOwner) {
  const Account guest = run(vault_->accounts().guest());
  const Account unlisted = run(vault_->accounts().unlisted_guest());
  EXPECT_TRUE(unlisted.is_guest);
  EXPECT_NE(unlisted.id, guest.id);
  EXPECT_NE(unlisted.home, guest.home);
  EXPECT_EQ(run(vault_->accounts().unlisted_guest()).id, unlisted.id);
  EXPECT_TRUE(run(vault_->accounts().list(AccountId{}, 10)).empty());
  const Entry file = upload(unlisted, "f", "secret");
  EXPECT_EQ(list({.owner = guest.id}).total, 0U);
  EXPECT_TRUE(run(vault_->entries().walk(guest.id, EntryId{})).items.empty());
  EXPECT_FAILS(run(vault_->entries().find(guest.id, file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(guest.id, file.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(guest.id, file.share)), kNotFound);
  EXPECT_FAILS(run(vault_->files().remove(Actor::guest(guest), file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->shares().rotate(Actor::guest(guest), file.id)), kNotFound);
  const Addressed link = vault_->addresses().of(file);
  EXPECT_TRUE(run(vault_->addresses().find(link.address)));
  EXPECT_TRUE(run(vault_->addresses().remove(link.address, link.delete_key.str())));
}

TEST_F(GuestsTest, TheirNameIsNobodyElses) {
  for (const std::string name : {"guests", "Guests", " GUESTS "}) {
    EXPECT_FAILS(run(vault_->accounts().create({.username = name,
                                                .email = std::nullopt,
                                                .password = "correct horse",
                                                .is_admin = false})),
                 kConflict);
  }
  const Account anna = make_account("anna");
  AccountChanges changes;
  changes.username = "guests";
  EXPECT_FAILS(run(vault_->accounts().update(as(anna), changes)), kConflict);
}

TEST_F(GuestsTest, WhatIsListedAndWhatIsNotHaveOneQuota) {
  const Account guest = run(vault_->accounts().guest());
  const Account unlisted = run(vault_->accounts().unlisted_guest());
  upload(guest, "a", std::string(60, 'x'));
  EXPECT_EQ(run(vault_->accounts().space_left(unlisted.id)), 40 + kEntryCharge + 1);
  EXPECT_FAILS(try_upload(unlisted, "b", std::string(41, 'x')), kQuotaExceeded);
  const Entry file = upload(unlisted, "b", std::string(40, 'x'));
  EXPECT_FAILS(try_upload(guest, "c", ""), kQuotaExceeded);
  EXPECT_EQ(account(guest.id).used, 60U);
  EXPECT_EQ(account(unlisted.id).used, 40U);
  EXPECT_TRUE(run(vault_->files().remove(Actor::guest(unlisted), file.id)));
  upload(guest, "c", std::string(40, 'x'));
  // An account's quota is its own.
  upload(make_account("anna"), "d", std::string(4000, 'x'));
}

TEST_F(GuestsTest, WhatTheyLeaveCountsForAllOfThem) {
  const Account guest = run(vault_->accounts().guest());
  upload(guest, "a", std::string(60, 'x'));
  EXPECT_FAILS(try_upload(guest, "b", std::string(41, 'x')), kQuotaExceeded);
  open(policy(kQuota + 1));
  const Account again = run(vault_->accounts().guest());
  EXPECT_EQ(again.id, guest.id);
  EXPECT_EQ(again.quota, kQuota + 1);
  EXPECT_TRUE(try_upload(guest, "b", std::string(41, 'x')));
  open(policy(std::nullopt));
  EXPECT_FALSE(run(vault_->accounts().guest()).quota);
}

}  // namespace
}  // namespace coffer::vault::test
