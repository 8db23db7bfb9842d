// Checks of passwords: their forms, what they cost, who pays for it, and what changes meanwhile.
#include <sodium.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "vault/identity/accounts.h"
#include "vault/identity/sessions.h"
#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

constexpr char kComposed[] = "Zo\xc3\xab's horse";
constexpr char kDecomposed[] = "Zoe\xcc\x88's horse";

class PasswordsOfAccountsTest : public VaultTest {
 protected:
  using VaultTest::VaultTest;

  Result<LogIn> log_in(const std::string& password, const std::string& address = "") {
    return run(vault_->sessions().log_in({"anna", password, address}));
  }
  Account make(const std::string& password) {
    NewAccount wanted;
    wanted.username = "anna";
    wanted.password = password;
    return run(vault_->accounts().create(wanted)).value();
  }
  Result<Account> change(const Actor& actor, const std::string& current, const std::string& wanted,
                         const std::string& address = "") {
    AccountChanges changes;
    changes.password = {.current = current, .wanted = wanted, .address = address};
    return run(vault_->accounts().update(actor, std::move(changes)));
  }
  Actor actor_of(const Tokens& tokens) {
    return Actor::of(run(vault_->sessions().authenticate(tokens.access)).value());
  }
  Actor key_of(const Account& account, KeyKind kind) {
    const auto key = run(vault_->api_keys().create(as(account), kind, "")).value();
    return Actor::of(run(vault_->api_keys().authenticate(key.secret)).value());
  }

  std::string stored(AccountId id) {
    auto body = [&](db::Transaction& tx) -> Task<std::optional<std::string>> {
      static constexpr db::Statement kRead{"SELECT password FROM account WHERE id = $1"};
      co_return co_await tx.find(
          kRead, [](const db::Row& row) { return std::string(row.text(0)); }, id);
    };
    return run(stores_.database->read(body)).value();
  }
  void store(AccountId id, const std::string& hash) {
    auto body = [&](db::Transaction& tx) -> Task<void> {
      static constexpr db::Statement kSet{"UPDATE account SET password = $2 WHERE id = $1"};
      co_await tx.execute(kSet, id, hash);
    };
    run(stores_.database->write(body));
  }
  // As programs before the normal form, or of lower cost, stored it.
  static std::string hash_of_bytes(const std::string& password, std::size_t memory) {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    EXPECT_EQ(crypto_pwhash_str_alg(text.data(), password.data(), password.size(), 1, memory,
                                    crypto_pwhash_ALG_ARGON2ID13),
              0);
    return text.data();
  }
};

TEST_F(PasswordsOfAccountsTest, FitInWhateverCompositionTheyAreTyped) {
  const Account anna = make(kDecomposed);
  EXPECT_TRUE(log_in(kDecomposed));
  EXPECT_TRUE(log_in(kComposed));
  EXPECT_TRUE(log_in("Zo\xc3\xab's\xc2\xa0horse")) << "a space that does not break";
  EXPECT_FAILS(log_in("zo\xc3\xab's horse"), kWrongPassword);
  ASSERT_TRUE(change(as(anna), kComposed, "one\xe3\x80\x80more horse"));
  EXPECT_TRUE(log_in("one more horse"));
  ASSERT_TRUE(run(vault_->accounts().set_password(anna.id, kDecomposed)));
  EXPECT_TRUE(log_in(kComposed));
}

TEST_F(PasswordsOfAccountsTest, CountInTheFormThatIsStored) {
  NewAccount wanted;
  wanted.username = "anna";
  wanted.password = "1234567e\xcc\x81";  // 10 bytes, 9 when composed
  EXPECT_TRUE(run(vault_->accounts().create(wanted)));
  wanted.username = "bert";
  wanted.password = "12345e\xcc\x81";  // 8 bytes, 7 when composed
  EXPECT_FAILS(run(vault_->accounts().create(wanted)), kInvalid);
  std::string longest;
  for (int i = 0; i < 512; ++i) longest += "e\xcc\x81";  // 1536 bytes, 1024 when composed
  wanted.password = longest;
  ASSERT_TRUE(run(vault_->accounts().create(wanted)));
  EXPECT_TRUE(run(vault_->sessions().log_in({"bert", longest})));
  wanted.username = "carl";
  wanted.password = longest + "x";
  EXPECT_FAILS(run(vault_->accounts().create(wanted)), kInvalid);
  wanted.password = "not \xff text";
  EXPECT_FAILS(run(vault_->accounts().create(wanted)), kInvalid);
}

TEST_F(PasswordsOfAccountsTest, OnesThatWereStoredAsTheyCameKeepWorking) {
  const Account anna = make("correct horse");
  store(anna.id, hash_of_bytes(kDecomposed, 8192));
  ASSERT_TRUE(log_in(kDecomposed));
  EXPECT_TRUE(log_in(kComposed)) << "from then on in every form";
  store(anna.id, hash_of_bytes("not \xff text", 8192));
  EXPECT_TRUE(log_in("not \xff text"));
  EXPECT_FAILS(log_in("not \xfe text"), kWrongPassword);
}

class CostTest : public PasswordsOfAccountsTest {
 protected:
  static constexpr std::size_t kCheap = 8192;
  static constexpr std::size_t kDear = 65536;

  // Hashes cost more than those that are stored, from now on.
  void raise() {
    auto context = Context{.database = *stores_.database,
                           .blobs = *stores_.blobs,
                           .clock = clock_,
                           .entropy = system_entropy(),
                           .passwords = dear_,
                           .classify = classify_by_extension,
                           .policy = {}};
    vault_ = run(Vault::open(std::move(context)));
  }
  static bool is_dear(const std::string& hash) {
    return hash.starts_with("$argon2id$v=19$m=64,t=1,");
  }

  Passwords dear_{{.memory_bytes = kDear, .passes = 1, .parallel = 4, .waiting = 1000}};
};

TEST_F(CostTest, ARaisedOneReachesAccountsAtTheirNextLogIn) {
  const Account anna = make("correct horse");
  const std::string before = stored(anna.id);
  raise();
  EXPECT_FAILS(log_in("battery staple"), kWrongPassword);
  EXPECT_EQ(stored(anna.id), before) << "not by a wrong password";
  const auto begun = log_in("correct horse");
  ASSERT_TRUE(begun);
  const std::string after = stored(anna.id);
  EXPECT_TRUE(is_dear(after)) << after;
  EXPECT_EQ(account(anna.id).updated_at, anna.updated_at) << "nothing that anybody would notice";
  EXPECT_TRUE(run(vault_->sessions().authenticate(begun->tokens.access)));
  EXPECT_TRUE(log_in("correct horse"));
  EXPECT_EQ(stored(anna.id), after) << "once";
}

TEST_F(CostTest, ALoweredOneLeavesThemAsTheyAre) {
  const Account anna = make("correct horse");
  store(anna.id, hash_of_bytes("correct horse", kDear));
  ASSERT_TRUE(log_in("correct horse"));
  EXPECT_TRUE(is_dear(stored(anna.id)));
}

TEST_F(CostTest, ALogInBesideOneThatRaisesItIsNotWrong) {
  const Account anna = make("correct horse");
  raise();
  for (int round = 0; round < 10; ++round) {
    store(anna.id, hash_of_bytes("correct horse", kCheap));
    std::atomic<int> begun = 0;
    in_parallel(6, [&](int) {
      if (log_in("correct horse")) ++begun;
    });
    EXPECT_EQ(begun, 6);
    EXPECT_TRUE(is_dear(stored(anna.id)));
  }
}

TEST_F(CostTest, AChangeBesideALogInThatRaisesItIsNotWrong) {
  const Account anna = make("correct horse");
  raise();
  for (int round = 0; round < 10; ++round) {
    store(anna.id, hash_of_bytes("correct horse", kCheap));
    std::atomic<bool> is_changed = false;
    in_parallel(4, [&](int i) {
      if (i > 0) {
        (void)log_in("correct horse");
      } else if (change(as(anna), "correct horse", "correct horse")) {
        is_changed = true;
      }
    });
    EXPECT_TRUE(is_changed);
  }
}

TEST_F(PasswordsOfAccountsTest, NoSessionOfTheOldOneOutlivesItsChange) {
  Policy unlimited;
  unlimited.password_attempts.reset();
  open(unlimited);
  const Account anna = make("password 0");
  for (int round = 0; round < 10; ++round) {
    const std::string old = "password " + std::to_string(round);
    const std::string fresh = "password " + std::to_string(round + 1);
    const auto own = log_in(old);
    ASSERT_TRUE(own);
    std::mutex mutex;
    std::vector<Tokens> begun;
    std::atomic<bool> ended = false;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (!ended) {
          const auto one = log_in(old);
          if (!one) continue;
          const std::lock_guard lock(mutex);
          begun.push_back(one->tokens);
        }
      });
    }
    std::this_thread::sleep_for(5ms);
    if (round % 2 == 0) {
      EXPECT_TRUE(change(actor_of(own->tokens), old, fresh));
    } else {
      EXPECT_TRUE(run(vault_->accounts().set_password(anna.id, fresh)));
    }
    std::this_thread::sleep_for(5ms);
    ended = true;
    threads.clear();
    for (const Tokens& tokens : begun) {
      EXPECT_FAILS(run(vault_->sessions().authenticate(tokens.access)), kSessionGone);
    }
  }
}

TEST_F(PasswordsOfAccountsTest, AKeyChangesNothingOfWhoTheAccountIs) {
  const Account anna = make("correct horse");
  for (const KeyKind kind : {KeyKind::kApi, KeyKind::kMaster}) {
    const Actor key = key_of(anna, kind);
    AccountChanges changes;
    changes.username = "eve";
    EXPECT_FAILS(run(vault_->accounts().update(key, changes)), kForbidden);
    changes.username.reset();
    changes.email = "eve@example.org";
    EXPECT_FAILS(run(vault_->accounts().update(key, changes)), kForbidden);
    EXPECT_FAILS(change(key, "correct horse", "battery staple"), kForbidden);
    EXPECT_FAILS(change(key, "wrong horse", "battery staple"), kWrongPassword);
  }
  EXPECT_EQ(account(anna.id).username, "anna");
  EXPECT_FALSE(account(anna.id).email);
  EXPECT_TRUE(log_in("correct horse"));
}

TEST_F(PasswordsOfAccountsTest, LoggingOutEndsAllSessionsAndKeysApart) {
  const Account anna = make("correct horse");
  const Account bert = make_account("bert");
  const Tokens of_bert = begin_session(bert);
  const auto bucket = run(vault_->buckets().create(as(anna), "bucket"));
  const auto token = run(vault_->api_keys().create_application(as(anna), bucket->id));
  const auto key = run(vault_->api_keys().create(as(anna), KeyKind::kApi, ""));
  const auto of_key = [&] { return run(vault_->api_keys().authenticate(key->secret)); };
  const auto one = log_in("correct horse");
  const auto two = log_in("correct horse");
  EXPECT_EQ(run(vault_->sessions().end_all(anna.id)), 2U);
  for (const auto& begun : {one, two}) {
    EXPECT_FAILS(run(vault_->sessions().authenticate(begun->tokens.access)), kSessionGone);
    EXPECT_FAILS(run(vault_->sessions().refresh(begun->tokens.refresh)), kSessionGone);
  }
  EXPECT_TRUE(of_key());
  EXPECT_EQ(run(vault_->api_keys().revoke_all(anna.id)), 2U);
  EXPECT_FAILS(of_key(), kTokenInvalid);
  EXPECT_FAILS(run(vault_->api_keys().authenticate(*token)), kTokenInvalid);
  EXPECT_TRUE(run(vault_->sessions().authenticate(of_bert.access)));
  EXPECT_TRUE(log_in("correct horse")) << "the account itself goes on";
}

class GuessingTest : public PasswordsOfAccountsTest {
 protected:
  static constexpr std::uint32_t kMax = 5;
  static Policy policy() {
    Policy policy;
    policy.password_attempts = kMax;
    return policy;
  }
  GuessingTest() : PasswordsOfAccountsTest(policy()) {}
};

TEST_F(GuessingTest, IsBoundedWhicheverCallChecksThePassword) {
  const Account anna = make("correct horse");
  const Actor key = key_of(anna, KeyKind::kApi);
  for (std::uint32_t i = 0; i < kMax; ++i) {
    const auto guess = i % 2 == 0 ? change(key, "wrong", "battery staple", "enemy").error().code
                                  : log_in("wrong", "enemy").error().code;
    EXPECT_EQ(guess, FailureCode::kWrongPassword);
  }
  EXPECT_FAILS(change(key, "correct horse", "battery staple", "other enemy"), kRateLimited);
  EXPECT_FAILS(log_in("correct horse", "other enemy"), kRateLimited);
  EXPECT_FAILS(run(vault_->sessions().log_in({"bert", "wrong", "enemy"})), kRateLimited);
  EXPECT_FAILS(run(vault_->sessions().log_in({"bert", "wrong", "elsewhere"})), kNoSuchAccount);
  clock_.advance(70s);
  EXPECT_TRUE(log_in("correct horse", "other enemy"));
}

TEST_F(GuessingTest, EitherNameOfTheAccountCountsAsOne) {
  const Account anna = make("correct horse");
  AccountChanges changes;
  changes.email = "anna@example.org";
  ASSERT_TRUE(run(vault_->accounts().update(as(anna), changes)));
  for (std::uint32_t i = 0; i < kMax; ++i) {
    const std::string name = i % 2 == 0 ? "ANNA" : "anna@example.org";
    EXPECT_FAILS(run(vault_->sessions().log_in({name, "wrong"})), kWrongPassword);
  }
  EXPECT_FAILS(log_in("correct horse"), kRateLimited);
}

TEST_F(GuessingTest, ANameThatIsNobodysLooksTheSame) {
  for (std::uint32_t i = 0; i < kMax; ++i) {
    EXPECT_FAILS(run(vault_->sessions().log_in({"nobody", "wrong"})), kNoSuchAccount);
  }
  EXPECT_FAILS(run(vault_->sessions().log_in({"Nobody ", "wrong"})), kRateLimited);
}

TEST_F(GuessingTest, WhoKnowsThePasswordLogsInAsOftenAsHeLikes) {
  make("correct horse");
  for (std::uint32_t i = 0; i < 10 * kMax; ++i) EXPECT_TRUE(log_in("correct horse", "home"));
  for (int i = 0; i < 20; ++i) {
    (void)log_in("wrong", "enemy " + std::to_string(i));
  }
  EXPECT_TRUE(log_in("correct horse", "home")) << "an enemy elsewhere does not lock him out";
}

// Of two threads one is everybody else's, whatever waits for the other.
TEST(PasswordQueue, OneAccountHoldsUpNobodyElse) {
  Passwords passwords(
      {.memory_bytes = 8U << 20U, .passes = 1, .parallel = 2, .waiting = 200, .waiting_each = 50});
  const std::string stored = run(passwords.hash("correct horse")).value();
  std::atomic<bool> ended = false;
  std::atomic<int> flood = 0;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      while (!ended) {
        const auto checked = run(passwords.verify("wrong", stored, {.account = 1}));
        ++(checked ? flood : refused);
        if (!checked) std::this_thread::sleep_for(1ms);
      }
    });
  }
  while (refused == 0) std::this_thread::yield();
  int waited_for = 0;
  for (std::int64_t other = 2; other < 12; ++other) {
    const int before = flood;
    const auto checked = run(passwords.verify("correct horse", stored, {.account = other}));
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_TRUE(*checked);
    waited_for += flood - before;
  }
  ended = true;
  threads.clear();
  EXPECT_LT(waited_for, 10 * 10) << "far from the fifty that wait";
  EXPECT_EQ(passwords.load().waiting, 0U);
  EXPECT_GT(passwords.load().refused, 0U);
}

TEST(PasswordQueue, OneAddressNeverFillsIt) {
  Passwords passwords({.memory_bytes = 8U << 20U,
                       .passes = 1,
                       .parallel = 1,
                       .waiting = 20,
                       .waiting_each = 20,
                       .waiting_address = 10});
  std::atomic<bool> ended = false;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 30; ++i) {
    threads.emplace_back([&, i] {
      while (!ended) {
        const auto hashed = run(passwords.hash("x", {.account = i + 1, .address = "enemy"}));
        if (!hashed) ++refused;
        std::this_thread::sleep_for(1ms);
      }
    });
  }
  while (refused == 0) std::this_thread::yield();
  EXPECT_TRUE(run(passwords.hash("x", {.account = 100, .address = "elsewhere"})));
  ended = true;
}

}  // namespace
}  // namespace coffer::vault::test
