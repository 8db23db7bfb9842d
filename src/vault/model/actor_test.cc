// What was true when a request began has to be true when it commits.
#include "vault/model/actor.h"

#include <atomic>
#include <mutex>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

class ActorTest : public VaultTest {
 protected:
  Caller caller_of(const Tokens& tokens) {
    return run(vault_->sessions().authenticate(tokens.access)).value();
  }
  Caller with_session() { return caller_of(begin_session(anna_)); }
  Caller with_key(KeyKind kind = KeyKind::kApi) {
    const auto made = run(vault_->api_keys().create(as(anna_), kind, "k")).value();
    return run(vault_->api_keys().authenticate(made.secret)).value();
  }

  Result<std::vector<Entry>> commit_as(const Actor& actor, SpaceId space, StagedBlob staged) {
    std::vector<NewFile> files;
    files.push_back({.staged = std::move(staged), .name = "late.txt"});
    return run(vault_->uploads().commit(actor, space, std::move(files)));
  }

  // Uploads as `caller` does, loses its right in the middle, and expects nothing to be kept.
  template <class Lose>
  void loses(const Caller& caller, FailureCode code, Lose lose) {
    const std::uint64_t used = account(anna_.id).used;
    auto staged = receive(anna_, "the bytes of a slow upload").value();
    lose();
    const auto made = commit_as(Actor::of(caller), anna_.home, std::move(staged));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, code) << made.error().message;
    EXPECT_EQ(account(anna_.id).used, used);
    EXPECT_EQ(stored_blobs(), 0U);
    EXPECT_TRUE(list({.owner = anna_.id}).entries.empty());
  }

  void disable(bool disabled = true) {
    ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, disabled)));
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST_F(ActorTest, WhoIsDisabledCommitsNothing) {
  const Caller session = with_session();
  const Caller key = with_key();
  loses(session, FailureCode::kAccountDisabled, [&] { disable(); });
  loses(key, FailureCode::kAccountDisabled, [] {});
  disable(false);
  EXPECT_TRUE(commit_as(Actor::of(session), anna_.home, receive(anna_, "x").value()));
}

TEST_F(ActorTest, AnEndedSessionCommitsNothing) {
  const Caller caller = with_session();
  loses(caller, FailureCode::kSessionGone,
        [&] { run(vault_->sessions().end(caller.session.value())); });
}

TEST_F(ActorTest, ANewPasswordEndsEveryOtherSessionsCommits) {
  const Caller other = with_session();
  const Caller here = with_session();
  const Caller key = with_key();
  loses(other, FailureCode::kSessionGone, [&] {
    AccountChanges changes;
    changes.password = {.current = "correct horse", .wanted = "battery staple"};
    ASSERT_TRUE(run(vault_->accounts().update(Actor::of(here), changes)));
  });
  // The session that changed it and the keys of programs go on.
  EXPECT_TRUE(commit_as(Actor::of(here), anna_.home, receive(anna_, "x").value()));
  EXPECT_TRUE(commit_as(Actor::of(key), anna_.home, receive(anna_, "y").value()));
}

TEST_F(ActorTest, TheAdminsNewPasswordEndsEverySessionsCommits) {
  const Caller caller = with_session();
  loses(caller, FailureCode::kSessionGone,
        [&] { ASSERT_TRUE(run(vault_->accounts().set_password(anna_.id, "from the admin"))); });
}

TEST_F(ActorTest, ARevokedKeyCommitsNothing) {
  for (const KeyKind kind : {KeyKind::kApi, KeyKind::kMaster}) {
    const Caller caller = with_key(kind);
    loses(caller, FailureCode::kTokenInvalid,
          [&] { ASSERT_TRUE(run(vault_->api_keys().revoke(as(anna_), caller.key.value()))); });
  }
}

TEST_F(ActorTest, AnothersSessionOrKeyIsNoRight) {
  Caller session = with_session();
  session.account = bob_;
  loses(session, FailureCode::kSessionGone, [] {});
  Caller key = with_key();
  key.account = bob_;
  loses(key, FailureCode::kTokenInvalid, [] {});
}

// A session that ends by time alone ends no upload that began before.
TEST_F(ActorTest, WhatBeganInTimeMayFinishAfterTheSessionExpired) {
  const Caller caller = caller_of(begin_session(anna_, 1h));
  auto staged = receive(anna_, "slow").value();
  clock_.advance(2h);
  begin_session(anna_);  // which removes what has long expired
  EXPECT_EQ(run(vault_->sessions().prune(100)), 0U);
  EXPECT_TRUE(commit_as(Actor::of(caller), anna_.home, std::move(staged)));
  clock_.advance(24h);
  EXPECT_EQ(run(vault_->sessions().prune(100)), 1U);
  EXPECT_FAILS(commit_as(Actor::of(caller), anna_.home, receive(anna_, "y").value()), kSessionGone);
}

// The client has new tokens of the same session; logging out with them ends what the old ones
// began.
TEST_F(ActorTest, ARenewedTokenEndsNoUpload) {
  const Tokens tokens = begin_session(anna_, 24h);
  const Caller caller = caller_of(tokens);
  const auto renewed = run(vault_->sessions().renew(tokens.access)).value();
  EXPECT_TRUE(commit_as(Actor::of(caller), anna_.home, receive(anna_, "x").value()));
  run(vault_->sessions().end(caller_of(renewed).session.value()));
  EXPECT_FAILS(commit_as(Actor::of(caller), anna_.home, receive(anna_, "y").value()), kSessionGone);
}

TEST_F(ActorTest, AKeyOfARemovedBucketCommitsNothing) {
  const auto bucket = run(vault_->buckets().create(as(anna_), "photos")).value();
  const auto secret = run(vault_->api_keys().create_application(as(anna_), bucket.id)).value();
  const Caller application = run(vault_->api_keys().authenticate(secret)).value();
  const Caller master = with_key(KeyKind::kMaster);
  auto one = receive(anna_, "one").value();
  auto two = receive(anna_, "two").value();
  ASSERT_TRUE(run(vault_->buckets().remove(Actor::of(master), "photos")));
  const auto put = [&](const Caller& caller, StagedBlob staged) {
    return run(vault_->paths().put(Actor::of(caller), bucket.id, {},
                                   one_file(std::move(staged), "f"), Existing::kKept));
  };
  EXPECT_FAILS(put(application, std::move(one)), kTokenInvalid);
  EXPECT_FAILS(put(master, std::move(two)), kNotFound);
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(ActorTest, NothingIsReplacedNorRemovedInARemovedBucket) {
  const auto bucket = run(vault_->buckets().create(as(anna_), "photos")).value();
  const auto file =
      run(vault_->paths().put(as(anna_), bucket.id, {},
                              one_file(receive(anna_, "old").value(), "f"), Existing::kKept))
          .value()
          .front();
  auto staged = receive(anna_, "new bytes").value();
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "photos")));
  EXPECT_FAILS(run(vault_->files().replace(as(anna_), file.id, std::move(staged))), kNotFound);
  EXPECT_FAILS(run(vault_->paths().remove(as(anna_), bucket.id, {"f"})), kNotFound);
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(ActorTest, WhoLeftTheGroupCommitsNothingToIt) {
  const Caller caller = with_session();
  const auto group = run(vault_->groups().create(as(bob_), "friends")).value();
  const auto invite = run(vault_->groups().invite(as(bob_), group.number)).value();
  ASSERT_TRUE(run(vault_->groups().join(as(anna_), invite)));
  auto staged = receive(anna_, "for friends").value();
  ASSERT_TRUE(run(vault_->groups().leave(as(anna_), group.number)));
  EXPECT_FAILS(commit_as(Actor::of(caller), group.space, std::move(staged)), kForbidden);
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(ActorTest, WhoLeftTheGroupReplacesNothingInIt) {
  const auto group = run(vault_->groups().create(as(bob_), "friends")).value();
  const auto invite = run(vault_->groups().invite(as(bob_), group.number)).value();
  ASSERT_TRUE(run(vault_->groups().join(as(anna_), invite)));
  const auto file =
      commit_as(as(anna_), group.space, receive(anna_, "for friends").value()).value().front();
  ASSERT_TRUE(run(vault_->files().replace(as(anna_), file.id, receive(anna_, "new").value())));
  auto staged = receive(anna_, "newer").value();
  ASSERT_TRUE(run(vault_->groups().leave(as(anna_), group.number)));
  EXPECT_FAILS(run(vault_->files().replace(as(anna_), file.id, std::move(staged))), kForbidden);
  EXPECT_EQ(account(anna_.id).used, 3U);
  // Once the group is gone, the file is its owner's alone.
  ASSERT_TRUE(run(vault_->groups().remove(as(bob_), group.number)));
  EXPECT_TRUE(run(vault_->files().replace(as(anna_), file.id, receive(anna_, "x").value())));
}

// Every command that changes something on somebody's behalf, tried by one who lost the right to it.
TEST_F(ActorTest, EveryChangingCommandAsks) {
  const Entry file = upload(anna_, "f.txt", "content");
  const Entry folder = make_folder(anna_, "folder");
  const auto group = run(vault_->groups().create(as(anna_), "friends")).value();
  const auto theirs = run(vault_->groups().create(as(bob_), "theirs")).value();
  const auto invite = run(vault_->groups().invite(as(bob_), theirs.number)).value();
  const auto bucket = run(vault_->buckets().create(as(anna_), "photos")).value();
  const auto token = run(vault_->api_keys().create_application(as(anna_), bucket.id)).value();
  const auto put = run(vault_->paths().put(as(anna_), bucket.id, {},
                                           one_file(receive(anna_, "in a bucket").value(), "g"),
                                           Existing::kKept))
                       .value();
  const UploadSession parts = begin_parts(anna_, "parts");
  ASSERT_TRUE(put_part(anna_, parts.uuid, 1, "one"));
  const Account guests = run(vault_->accounts().guest());
  std::vector<NewFile> left;
  left.push_back({.staged = receive(guests, "left here").value(), .name = "l"});
  const auto found =
      run(vault_->uploads().commit(Actor::guest(guests), guests.home, std::move(left))).value();
  const Addressed claimed = vault_->addresses().of(found.front());

  const Caller caller = with_session();
  const Actor actor = Actor::of(caller);
  const Caller key = with_key();
  run(vault_->sessions().end(caller.session.value()));
  const std::uint64_t used = account(anna_.id).used;
  const std::size_t events_before = events().size();

  auto& entries = vault_->entries();
  auto& folders = vault_->folders();
  auto& groups = vault_->groups();
  auto& keys = vault_->api_keys();
  auto& upload_sessions = vault_->upload_sessions();
  const auto bytes = [&] { return receive(anna_, "new").value(); };
  AccountChanges names;
  names.username = "hannah";

  EXPECT_FAILS(run(vault_->accounts().update(actor, names)), kSessionGone);
  EXPECT_FAILS(run(keys.create(actor, KeyKind::kApi, "k")), kSessionGone);
  EXPECT_FAILS(run(keys.create_application(actor, bucket.id)), kSessionGone);
  EXPECT_FAILS(run(keys.revoke(actor, key.key.value())), kSessionGone);
  EXPECT_FAILS(run(keys.revoke_application(actor, token)), kSessionGone);
  EXPECT_FAILS(run(keys.revoke_applications(actor, bucket.id)), kSessionGone);
  EXPECT_FAILS(run(entries.update(actor, file.id, {.name = "x"})), kSessionGone);
  EXPECT_FAILS(run(vault_->files().replace(actor, file.id, bytes())), kSessionGone);
  EXPECT_FAILS(run(vault_->files().remove(actor, file.id)), kSessionGone);
  EXPECT_FAILS(run(folders.create(actor, anna_.home, {.name = "n"})), kSessionGone);
  EXPECT_FAILS(run(folders.make_path(actor, bucket.id, {"n"})), kSessionGone);
  EXPECT_FAILS(run(folders.update(actor, folder.id, {.name = "n"})), kSessionGone);
  EXPECT_FAILS(run(folders.remove(actor, folder.id)), kSessionGone);
  EXPECT_FAILS(
      run(vault_->paths().put(actor, bucket.id, {}, one_file(bytes(), "p"), Existing::kKept)),
      kSessionGone);
  EXPECT_FAILS(run(vault_->paths().remove(actor, bucket.id, {"g"})), kSessionGone);
  EXPECT_FAILS(run(vault_->buckets().create(actor, "films")), kSessionGone);
  EXPECT_FAILS(run(vault_->buckets().remove(actor, "photos")), kSessionGone);
  EXPECT_FAILS(run(vault_->downloads().issue(actor, bucket.id, put.front().id)), kSessionGone);
  EXPECT_FAILS(run(groups.create(actor, "g")), kSessionGone);
  EXPECT_FAILS(run(groups.remove(actor, group.number)), kSessionGone);
  EXPECT_FAILS(run(groups.invite(actor, group.number)), kSessionGone);
  EXPECT_FAILS(run(groups.revoke_invites(actor, group.number)), kSessionGone);
  EXPECT_FAILS(run(groups.join(actor, invite)), kSessionGone);
  EXPECT_FAILS(run(groups.leave(actor, theirs.number)), kSessionGone);
  EXPECT_FAILS(
      run(vault_->addresses().transfer(actor, {{claimed.address, claimed.delete_key.str()}})),
      kSessionGone);
  EXPECT_FAILS(run(vault_->shares().rotate(actor, file.id)), kSessionGone);
  EXPECT_FAILS(run(vault_->shares().set_expiry(actor, file.id, clock_.now())), kSessionGone);
  EXPECT_FAILS(commit_as(actor, anna_.home, bytes()), kSessionGone);
  EXPECT_FAILS(run(upload_sessions.begin(actor, {.space = anna_.home, .name = "m"})), kSessionGone);
  TextStream stream("two");
  EXPECT_FAILS(run(upload_sessions.put_part(actor, parts.uuid, 2, stream, 3)), kSessionGone);
  EXPECT_FAILS(run(upload_sessions.commit_part(actor, parts.uuid, 2, bytes())), kSessionGone);
  EXPECT_FAILS(run(upload_sessions.complete(actor, parts.uuid, {})), kSessionGone);
  EXPECT_FAILS(run(upload_sessions.abandon(actor, parts.uuid)), kSessionGone);

  EXPECT_EQ(account(anna_.id).used, used);
  EXPECT_EQ(events().size(), events_before);
  EXPECT_EQ(children(anna_.home), (std::vector<std::string>{"folder/", "f.txt"}));
  EXPECT_TRUE(run(vault_->api_keys().authenticate(token)));
}

// The file that a delete key opens may have become another's between the look and the deed.
TEST_F(ActorTest, ADeleteKeyIsComparedWhereTheFileIsDeleted) {
  const Entry file = upload(anna_, "f.txt", "content");
  const Addressed addressed = vault_->addresses().of(file);
  const std::string key = addressed.delete_key.str();
  disable();
  EXPECT_FAILS(run(vault_->addresses().remove(addressed.address, key)), kNotFound);
  disable(false);
  int removed = 0;
  std::mutex mutex;
  in_parallel(8, [&](int) {
    const auto done = run(vault_->addresses().remove(addressed.address, key));
    const std::lock_guard lock(mutex);
    if (done) ++removed;
  });
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(account(anna_.id).used, 0U);
}

// A log-in takes long; what it checked may no longer hold when it begins its session.
class LogInTest : public ActorTest {
 protected:
  std::int64_t sessions() {
    auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      static constexpr db::Statement kCount{"SELECT count(*) FROM session"};
      co_return co_await tx.find(kCount, [](const db::Row& row) { return row.integer(0); });
    };
    return run(stores_.database->read(body)).value();
  }

  // Logs in on many threads all the while, changes the account, and gives how many sessions more
  // there are in the end than right after the change.
  template <class Change>
  std::int64_t begun_after(Change change) {
    std::atomic<int> begun = 0;
    std::atomic<bool> ended = false;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        while (!ended) {
          if (run(vault_->sessions().log_in({"anna", "correct horse"}))) ++begun;
        }
      });
    }
    while (begun < 20) std::this_thread::yield();
    change();
    const std::int64_t left = sessions();
    std::this_thread::sleep_for(50ms);
    ended = true;
    threads.clear();
    return sessions() - left;
  }
};

TEST_F(LogInTest, ALogInWithTheOldPasswordBeginsNoSessionAfterItsChange) {
  // What the log-ins verify meanwhile is the old hash.
  const std::string hash = run(passwords_.hash("battery staple")).value();
  const auto change = [&] {
    auto body = [&](db::Transaction& tx) -> Task<void> {
      static constexpr db::Statement kSet{"UPDATE account SET password = $2 WHERE id = $1"};
      co_await tx.execute(kSet, anna_.id, hash);
    };
    run(stores_.database->write(body));
  };
  EXPECT_EQ(begun_after(change), 0);
}

TEST_F(LogInTest, ALogInBeginsNoSessionOfWhoIsDisabledMeanwhile) {
  EXPECT_EQ(begun_after([&] { disable(); }), 0);
  disable(false);
  EXPECT_TRUE(run(vault_->sessions().log_in({"anna", "correct horse"})));
}

TEST_F(LogInTest, SigningUpBeginsASession) {
  const auto made = run(vault_->sessions().sign_up(
      {.username = "eve", .email = std::nullopt, .password = "correct horse"}, 1h));
  ASSERT_TRUE(made);
  EXPECT_EQ(caller_of(made->tokens).account.id, made->account.id);
  EXPECT_FAILS(run(vault_->sessions().sign_up(
                   {.username = "Eve", .email = std::nullopt, .password = "correct horse"}, 1h)),
               kConflict);
}

}  // namespace
}  // namespace coffer::vault::test
