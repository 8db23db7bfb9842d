#include "vault/tree/buckets.h"

#include <atomic>

#include "vault/model/quota.h"
#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class BucketsTest : public VaultTest {
 protected:
  using VaultTest::VaultTest;

  Bucket make_bucket(const Account& owner, const std::string& name) {
    auto made = run(vault_->buckets().create(as(owner), name));
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }

  Result<std::vector<Entry>> put(const Account& owner, const Bucket& bucket, Path folder,
                                 const std::string& name, const std::string& content,
                                 Existing existing = Existing::kKept) {
    auto staged = receive(owner, content);
    if (!staged) return std::unexpected(staged.error());
    std::vector<PathFile> files;
    files.push_back({.staged = std::move(*staged), .name = name});
    return run(
        vault_->paths().put(as(owner), bucket.id, std::move(folder), std::move(files), existing));
  }

  Result<std::vector<Entry>> put_all(const Account& owner, const Bucket& bucket, Path folder,
                                     const std::vector<std::pair<std::string, std::string>>& all,
                                     Existing existing) {
    std::vector<PathFile> files;
    for (const auto& [name, content] : all) {
      files.push_back({.staged = receive(owner, content).value(), .name = name});
    }
    return run(
        vault_->paths().put(as(owner), bucket.id, std::move(folder), std::move(files), existing));
  }

  Result<Entry> at(const Bucket& bucket, Path path) {
    return run(vault_->paths().find(bucket.id, std::move(path)));
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST(BucketNames, AreThoseOfS3) {
  for (const char* name : {"abc", "a.b", "a-b", "0-0", "my.bucket-1", "1.2.3"}) {
    EXPECT_TRUE(is_bucket_name(name)) << name;
  }
  EXPECT_TRUE(is_bucket_name(std::string(63, 'a')));
  for (const char* name : {"", "ab", "Abc", "a_b", "a b", "-ab", "ab-", ".ab", "ab.", "a..b",
                           "192.168.0.1", "a/b", "äbc", "a\nb", "..."}) {
    EXPECT_FALSE(is_bucket_name(name)) << name;
  }
  EXPECT_FALSE(is_bucket_name(std::string(64, 'a')));
  EXPECT_FALSE(is_bucket_name(std::string("ab\0", 3)));
}

TEST_F(BucketsTest, ANameIsTakenForEverybody) {
  make_bucket(anna_, "photos");
  EXPECT_FAILS(run(vault_->buckets().create(as(anna_), "photos")), kConflict);
  EXPECT_FAILS(run(vault_->buckets().create(as(bob_), "photos")), kConflict);
  EXPECT_FAILS(run(vault_->buckets().find(bob_.id, "photos")), kNotFound);
  EXPECT_FAILS(run(vault_->buckets().remove(as(bob_), "photos")), kNotFound);
  EXPECT_TRUE(run(vault_->buckets().find(anna_.id, "photos")));
  make_bucket(anna_, "films");
  std::vector<std::string> names;
  for (const Bucket& bucket : run(vault_->buckets().list(anna_.id, "")).items) {
    names.push_back(bucket.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"films", "photos"}));
  EXPECT_TRUE(run(vault_->buckets().list(bob_.id, "")).items.empty());
}

TEST_F(BucketsTest, OneOfManyGetsTheName) {
  std::atomic<int> made = 0;
  in_parallel(8, [&](int i) {
    const auto bucket = run(vault_->buckets().create(as(i % 2 == 0 ? anna_.id : bob_.id), "one"));
    if (bucket) ++made;
  });
  EXPECT_EQ(made, 1);
}

TEST_F(BucketsTest, WhatIsPutIsThereExactly) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const auto made = put(anna_, bucket, {"2024", "Juni"}, "a b.jpg", "one");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->at(0).key, "a b.jpg");
  EXPECT_EQ(content_of(at(bucket, {"2024", "Juni", "a b.jpg"}).value()), "one");
  EXPECT_TRUE(at(bucket, {"2024", "Juni"})->is_folder());
  EXPECT_FAILS(at(bucket, {"2024", "a b.jpg"}), kNotFound);
  EXPECT_FAILS(at(bucket, {"a b.jpg"}), kNotFound);
  EXPECT_FAILS(at(bucket, {}), kNotFound);
  EXPECT_TRUE(put(anna_, bucket, {}, "a b.jpg", "root"));
  EXPECT_EQ(content_of(at(bucket, {"a b.jpg"}).value()), "root");
  EXPECT_EQ(account(anna_.id).used, 7U);
}

TEST_F(BucketsTest, WhatIsThereStaysUnlessItIsToGiveWay) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const Entry old = put(anna_, bucket, {"d"}, "f", "old")->at(0);
  const auto kept = put(anna_, bucket, {"d"}, "f", "new");
  EXPECT_FAILS(kept, kConflict);
  EXPECT_EQ(fields_of(put(anna_, bucket, {"d"}, "f", "new").error()),
            std::set<std::string>{"name"});
  EXPECT_EQ(content_of(at(bucket, {"d", "f"}).value()), "old");
  const auto replaced = put(anna_, bucket, {"d"}, "f", "longer", Existing::kReplaced);
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->at(0).id, old.id);
  EXPECT_EQ(content_of(at(bucket, {"d", "f"}).value()), "longer");
  EXPECT_EQ(account(anna_.id).used, 6U);
}

TEST_F(BucketsTest, FilesAndFoldersDoNotShareANameOrAWay) {
  const Bucket bucket = make_bucket(anna_, "photos");
  ASSERT_TRUE(put(anna_, bucket, {"d"}, "f", "x"));
  for (const Existing existing : {Existing::kKept, Existing::kReplaced}) {
    const auto over = put(anna_, bucket, {}, "d", "y", existing);
    ASSERT_FALSE(over);
    EXPECT_EQ(fields_of(over.error()), std::set<std::string>{"folder"});
    const auto through = put(anna_, bucket, {"d", "f"}, "z", "y", existing);
    ASSERT_FALSE(through);
    EXPECT_EQ(fields_of(through.error()), std::set<std::string>{"path"});
  }
  EXPECT_EQ(account(anna_.id).used, 1U);
}

TEST_F(BucketsTest, ManyFilesAreThereAllOrNone) {
  const Bucket bucket = make_bucket(anna_, "photos");
  ASSERT_TRUE(put(anna_, bucket, {"d"}, "b", "old"));
  const std::vector<std::pair<std::string, std::string>> three{{"a", "1"}, {"b", "2"}, {"c", "3"}};
  EXPECT_FAILS(put_all(anna_, bucket, {"d", "new"}, {{"a", "1"}, {"a", "2"}}, Existing::kKept),
               kConflict);
  EXPECT_FAILS(put_all(anna_, bucket, {"d"}, three, Existing::kKept), kConflict);
  EXPECT_FAILS(at(bucket, {"d", "a"}), kNotFound);
  EXPECT_FAILS(at(bucket, {"d", "new"}), kNotFound);
  // Equal bytes that are dropped one right after the other may stay until they are looked at.
  for (int step = 0; step < 100 && stored_blobs() > 1; ++step) {
    run(vault_->references().collect_dropped(16));
  }
  EXPECT_EQ(stored_blobs(), 1U);
  ASSERT_TRUE(put_all(anna_, bucket, {"d"}, three, Existing::kReplaced));
  EXPECT_EQ(content_of(at(bucket, {"d", "b"}).value()), "2");
  EXPECT_EQ(content_of(at(bucket, {"d", "c"}).value()), "3");
  // Of two of one name the last would replace the first.
  ASSERT_TRUE(put_all(anna_, bucket, {}, {{"x", "first"}, {"x", "last"}}, Existing::kReplaced));
  EXPECT_EQ(content_of(at(bucket, {"x"}).value()), "last");
}

TEST_F(BucketsTest, NamesThatAreNoPartOfAKeyAreRefused) {
  const Bucket bucket = make_bucket(anna_, "photos");
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
        std::string("a\\b"), std::string("a\0b", 3), std::string("\xc0\xaf"), std::string("a\nb"),
        std::string(256, 'x')}) {
    // Bytes of their own: equal ones that are dropped while others look for them stay for the
    // sweep.
    EXPECT_FAILS(put(anna_, bucket, {}, name, "as a file: " + name), kInvalid);
    EXPECT_FAILS(put(anna_, bucket, {name}, "f", "as a folder: " + name), kInvalid);
    EXPECT_FAILS(run(vault_->folders().make_path(as(anna_), bucket.id, {name})), kInvalid);
  }
  EXPECT_FAILS(put(anna_, bucket, Path(20, std::string(250, 'x')), "f", "x"), kInvalid);
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(BucketsTest, RemovingTakesAFileOrAFolderWithAllInIt) {
  const Bucket bucket = make_bucket(anna_, "photos");
  ASSERT_TRUE(put(anna_, bucket, {"d", "e"}, "f", "x"));
  ASSERT_TRUE(put(anna_, bucket, {"d"}, "g", "y"));
  ASSERT_TRUE(put(anna_, bucket, {}, "d.txt", "z"));
  EXPECT_FAILS(run(vault_->paths().remove(as(anna_), bucket.id, {"d", "x"})), kNotFound);
  EXPECT_FAILS(run(vault_->paths().remove(as(anna_), bucket.id, {})), kNotFound);
  ASSERT_TRUE(run(vault_->paths().remove(as(anna_), bucket.id, {"d", "g"})));
  EXPECT_FAILS(at(bucket, {"d", "g"}), kNotFound);
  ASSERT_TRUE(run(vault_->paths().remove(as(anna_), bucket.id, {"d"})));
  EXPECT_FAILS(at(bucket, {"d", "e", "f"}), kNotFound);
  EXPECT_TRUE(at(bucket, {"d.txt"}));
  EXPECT_EQ(account(anna_.id).used, 1U);
  // One event a file and folder, once it is cleared away.
  clear_all();
  EXPECT_EQ(std::ranges::count(events(), EventType::kEntryDeleted, &Event::type), 4);
}

TEST_F(BucketsTest, ARemovedBucketIsGoneAtOnceAndClearedLater) {
  const Bucket bucket = make_bucket(anna_, "photos");
  for (int i = 0; i < 25; ++i) {
    ASSERT_TRUE(put(anna_, bucket, {"d" + std::to_string(i % 5)}, std::to_string(i), "x"));
    ASSERT_TRUE(put(anna_, bucket, {}, std::to_string(i), "y"));
  }
  const auto token = run(vault_->api_keys().create_application(as(anna_), bucket.id)).value();
  const Entry file = at(bucket, {"0"}).value();
  const auto download = run(vault_->downloads().issue(as(anna_), bucket.id, file.id)).value();
  auto late = receive(anna_, "late");
  int told = 0;
  vault_->clearing().removals().set([&] { ++told; });
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "photos")));
  EXPECT_EQ(told, 1);
  vault_->clearing().removals().set({});

  EXPECT_FAILS(run(vault_->buckets().find(bucket.id)), kNotFound);
  EXPECT_FAILS(run(vault_->api_keys().authenticate(token)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->downloads().find(download)), kNotFound);
  EXPECT_FAILS(run(vault_->downloads().issue(as(anna_), bucket.id, file.id)), kNotFound);
  std::vector<PathFile> files;
  files.push_back({.staged = std::move(*late), .name = "late"});
  EXPECT_FAILS(
      run(vault_->paths().put(as(anna_), bucket.id, {}, std::move(files), Existing::kKept)),
      kNotFound);
  EXPECT_FAILS(run(vault_->folders().make_path(as(anna_), bucket.id, {"late"})), kNotFound);

  const Bucket again = make_bucket(bob_, "photos");
  ASSERT_TRUE(put(bob_, again, {"d0"}, "0", "bob's"));
  // Step by step, over a restart, always without a contradiction.
  int steps = 0;
  while (run(vault_->clearing().clear(3))) {
    EXPECT_EQ(contradictions(), std::vector<std::string>());
    if (++steps == 4) open({});
  }
  EXPECT_GE(steps, 9);
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_EQ(run(vault_->entries().list({.owner = anna_.id})).value().total, 0U);
  EXPECT_EQ(std::ranges::count(events(), EventType::kEntryDeleted, &Event::type), 55);
  EXPECT_EQ(content_of(at(again, {"d0", "0"}).value()), "bob's");
  EXPECT_FALSE(run(vault_->clearing().clear(3))) << "nothing more to do";
}

TEST_F(BucketsTest, NothingNewComesToARemovedBucket) {
  const Bucket bucket = make_bucket(anna_, "photos");
  ASSERT_TRUE(put(anna_, bucket, {"d"}, "f", "x"));
  const EntryId folder = at(bucket, {"d"}).value().id;
  const NewUploadSession film{.space = bucket.id, .parent = folder, .name = "film"};
  const auto begun = run(vault_->upload_sessions().begin(as(anna_), film)).value();
  const auto put_part = [&](std::uint32_t number) {
    TextStream stream("part");
    return run(vault_->upload_sessions().put_part(as(anna_), begun.uuid, number, stream, 4));
  };
  ASSERT_TRUE(put_part(1));
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "photos")));

  EXPECT_FAILS(put_part(2), kNotFound);
  EXPECT_FAILS(run(vault_->upload_sessions().complete(as(anna_), begun.uuid, {})), kNotFound);
  EXPECT_FAILS(run(vault_->upload_sessions().begin(as(anna_), film)), kNotFound);
  const auto made =
      run(vault_->folders().create(as(anna_), bucket.id, {.parent = folder, .name = "e"}));
  EXPECT_FAILS(made, kNotFound);
  ASSERT_TRUE(run(vault_->upload_sessions().abandon(as(anna_), begun.uuid)));
  clear_all();
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(BucketsTest, SeveralRemovedBucketsAreCleared) {
  for (const char* name : {"one", "two", "three"}) {
    const Bucket bucket = make_bucket(anna_, name);
    ASSERT_TRUE(put(anna_, bucket, {"d"}, "f", name));
    ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), name)));
  }
  make_bucket(anna_, "one");
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "one")));
  clear_all();
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(BucketsTest, AnApplicationsKeyIsOfItsBucket) {
  const Bucket photos = make_bucket(anna_, "photos");
  const Bucket films = make_bucket(anna_, "films");
  const auto key = run(vault_->api_keys().create_application(as(anna_), photos.id)).value();
  const auto other = run(vault_->api_keys().create_application(as(anna_), films.id)).value();
  EXPECT_FAILS(run(vault_->api_keys().create_application(as(bob_), photos.id)), kNotFound);
  EXPECT_FAILS(run(vault_->api_keys().create_application(as(anna_), anna_.home)), kNotFound);
  const Caller caller = run(vault_->api_keys().authenticate(key)).value();
  EXPECT_EQ(caller.credential, Credential::kApplicationKey);
  EXPECT_EQ(caller.space, photos.id);
  EXPECT_TRUE(run(vault_->api_keys().list(anna_.id, ApiKeyId{})).items.empty());
  EXPECT_FAILS(run(vault_->api_keys().revoke_application(as(bob_), key)), kNotFound);
  ASSERT_TRUE(run(vault_->api_keys().revoke_application(as(anna_), key)));
  EXPECT_FAILS(run(vault_->api_keys().authenticate(key)), kTokenInvalid);
  EXPECT_FAILS(run(vault_->api_keys().revoke_application(as(anna_), key)), kNotFound);
  const auto master =
      run(vault_->api_keys().create(as(anna_), KeyKind::kMaster, "m")).value().secret;
  EXPECT_FAILS(run(vault_->api_keys().revoke_application(as(anna_), master)), kNotFound);
  ASSERT_TRUE(run(vault_->api_keys().revoke_applications(as(bob_), films.id)));
  ASSERT_TRUE(run(vault_->api_keys().revoke_applications(as(anna_), photos.id)));
  EXPECT_TRUE(run(vault_->api_keys().authenticate(other)));
  ASSERT_TRUE(run(vault_->api_keys().revoke_applications(as(anna_), films.id)));
  EXPECT_FAILS(run(vault_->api_keys().authenticate(other)), kTokenInvalid);
  EXPECT_TRUE(run(vault_->api_keys().authenticate(master)));
}

TEST_F(BucketsTest, ADownloadHasOneWinner) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const Entry file = put(anna_, bucket, {}, "f", "bytes")->at(0);
  const Entry other = put(anna_, bucket, {}, "g", "others")->at(0);
  std::vector<std::string> tokens;
  for (int i = 0; i < 4; ++i) {
    tokens.push_back(run(vault_->downloads().issue(as(anna_), bucket.id, file.id)).value());
  }
  const auto kept = run(vault_->downloads().issue(as(anna_), bucket.id, other.id)).value();
  EXPECT_FAILS(run(vault_->downloads().issue(as(anna_), anna_.home, file.id)), kNotFound);
  for (const std::string& token : tokens) {
    EXPECT_EQ(run(vault_->downloads().find(token))->id, file.id) << "looking uses nothing up";
  }
  std::atomic<int> won = 0;
  in_parallel(16, [&](int i) {
    if (run(vault_->downloads().take(tokens[static_cast<std::size_t>(i) % 4]))) ++won;
  });
  EXPECT_EQ(won, 1);
  open({});
  for (const std::string& token : tokens) {
    EXPECT_FAILS(run(vault_->downloads().find(token)), kNotFound);
  }
  EXPECT_TRUE(run(vault_->downloads().take(kept)));
}

TEST_F(BucketsTest, TokensOfABucketHaveABound) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const Bucket other = make_bucket(anna_, "films");
  const auto issue = [&](const Bucket& of) {
    return run(vault_->api_keys().create_application(as(anna_), of.id));
  };
  const std::string first = issue(bucket).value();
  static constexpr db::Statement kFill{
      "INSERT INTO api_key (account_id, kind, name, hint, hash, space_id, created_at)"
      " WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
      " SELECT k.account_id, 2, '', '', randomblob(32), k.space_id, 0"
      " FROM n, api_key AS k WHERE k.space_id = $1 AND k.created_at > 0"};
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kFill, bucket.id, kBucketTokensMax);
    co_await charge_account(tx, anna_.id, cost_of_secrets(kBucketTokensMax - 1));
  }));
  EXPECT_FAILS(issue(bucket), kQuotaExceeded);
  EXPECT_TRUE(issue(other));
  ASSERT_TRUE(run(vault_->api_keys().revoke_application(as(anna_), first)));
  EXPECT_TRUE(issue(bucket));
  EXPECT_FAILS(issue(bucket), kQuotaExceeded);
}

TEST_F(BucketsTest, OfManyTokensTheLastOnesAreGood) {
  const Bucket bucket = make_bucket(anna_, "photos");
  ASSERT_TRUE(put(anna_, bucket, {}, "f", "x"));
  ASSERT_TRUE(put(anna_, bucket, {}, "g", "y"));
  const auto issue = [&](const char* name) {
    const EntryId file = at(bucket, {name}).value().id;
    return run(vault_->downloads().issue(as(anna_), bucket.id, file)).value();
  };
  const std::string others = issue("g");
  const std::string first = issue("f");
  const std::string second = issue("f");
  for (std::size_t i = 2; i < kDownloadTokensMax; ++i) issue("f");
  EXPECT_TRUE(run(vault_->downloads().find(first)));
  issue("f");
  EXPECT_FAILS(run(vault_->downloads().find(first)), kNotFound);
  EXPECT_TRUE(run(vault_->downloads().find(second)));
  EXPECT_TRUE(run(vault_->downloads().find(others)));
}

TEST_F(BucketsTest, ADownloadThatWasNoneGivesAllTokensBack) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const Entry file = put(anna_, bucket, {}, "f", "bytes")->at(0);
  const auto one = run(vault_->downloads().issue(as(anna_), bucket.id, file.id)).value();
  const auto two = run(vault_->downloads().issue(as(anna_), bucket.id, file.id)).value();
  auto taken = run(vault_->downloads().take(one)).value();
  EXPECT_FAILS(run(vault_->downloads().find(two)), kNotFound);
  run(vault_->downloads().give_back(taken));
  EXPECT_TRUE(run(vault_->downloads().find(one)));
  EXPECT_TRUE(run(vault_->downloads().find(two)));
  taken = run(vault_->downloads().take(two)).value();
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(put(anna_, bucket, {}, "f", "other bytes", Existing::kReplaced));
  run(vault_->downloads().give_back(taken));
  EXPECT_FAILS(run(vault_->downloads().find(one)), kNotFound);
}

TEST_F(BucketsTest, TokensDieWhenTheFileChangesOrGoes) {
  const Bucket bucket = make_bucket(anna_, "photos");
  const Entry file = put(anna_, bucket, {"d"}, "f", "bytes")->at(0);
  const auto issue = [&] {
    return run(vault_->downloads().issue(as(anna_), bucket.id, file.id)).value();
  };
  auto token = issue();
  ASSERT_TRUE(put(anna_, bucket, {"d"}, "f", "bytes", Existing::kReplaced));
  EXPECT_FAILS(run(vault_->downloads().take(token)), kNotFound);
  token = issue();
  ASSERT_TRUE(run(vault_->files().replace(as(anna_), file.id, receive(anna_, "new").value())));
  EXPECT_FAILS(run(vault_->downloads().take(token)), kNotFound);
  token = issue();
  EntryChanges changes;
  changes.title = std::optional<std::string>("its bytes are the same");
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, changes)));
  EXPECT_TRUE(run(vault_->downloads().find(token)));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FAILS(run(vault_->downloads().take(token)), kNotFound);
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  EXPECT_TRUE(run(vault_->downloads().find(token)));
  ASSERT_TRUE(run(vault_->paths().remove(as(anna_), bucket.id, {"d"})));
  EXPECT_FAILS(run(vault_->downloads().take(token)), kNotFound);
  EXPECT_FAILS(run(vault_->downloads().issue(as(anna_), bucket.id, file.id)), kNotFound);
}

}  // namespace
}  // namespace coffer::vault::test
