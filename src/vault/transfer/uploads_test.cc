#include "vault/transfer/uploads.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "vault/test/fixture.h"
#include "vault/transfer/test_durable_blob.h"

namespace coffer::vault::test {
namespace {

class UploadsTest : public VaultTest {
 protected:
  using VaultTest::VaultTest;
  const Account anna_ = make_account("anna");
};

Policy with_quota(std::uint64_t bytes) {
  Policy policy;
  policy.quota = bytes;
  return policy;
}

class QuotaTest : public UploadsTest {
 protected:
  // For one file of 10'000 bytes whose name has four.
  QuotaTest() : UploadsTest(with_quota(10'000 + kEntryCharge + 4)) {}
};

TEST_F(UploadsTest, ARefusedCommitLeavesNoBytesBehind) {
  auto lonely = receive(anna_, std::string(300'000, 'l'));
  EXPECT_FALSE(commit(
      anna_, {.staged = std::move(*lonely), .name = "a.jpg", .title = std::string(300, 't')}));
  EXPECT_EQ(stored_blobs(), 0U) << "only this upload had stored them";

  // What anybody else has stored meanwhile, or before, stays.
  const std::string shared(1000, 's');
  auto first = receive(anna_, shared);
  const Entry kept = upload(make_account("bob"), "b.jpg", shared);
  EXPECT_FALSE(commit(
      anna_, {.staged = std::move(*first), .name = "a.jpg", .title = std::string(300, 't')}));
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(kept), shared);
  EXPECT_TRUE(receive(anna_, shared)) << "and dropped";
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(kept), shared);
}

// However large it is, wherever it ends, and whatever it waits for.
TEST_F(QuotaTest, AnUploadThatIsDroppedLeavesNothing) {
  const std::uint64_t all = run(vault_->accounts().space_left(anna_.id)).value();
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, all + 1'000'000)));
  for (const std::size_t size : {0uz, 100uz, 300'000uz}) {
    const std::string content(size, 'd');
    const auto nothing_is_left = [&] {
      EXPECT_EQ(stored_blobs(), 0U) << size;
      EXPECT_EQ(run(vault_->accounts().space_left(anna_.id)).value(), all + 1'000'000) << size;
    };
    // In the middle of its bytes.
    TextStream cut(content + "x", 4096, StreamFault::kTruncated);
    EXPECT_FALSE(run(vault_->uploads().receive(anna_.id, cut, std::nullopt)));
    nothing_is_left();
    // Between its bytes and its commit, before they are durable.
    TextStream whole(content);
    const auto blob = run(vault_->uploads().receive(anna_.id, whole, std::nullopt))->durable_blob();
    blob->wait();
    EXPECT_TRUE(eventually([&] { return stored_blobs() == 0; })) << size;
    nothing_is_left();
    // The same, when they are.
    EXPECT_TRUE(receive(anna_, content));
    nothing_is_left();
    // Moved about.
    StagedBlob one = receive(anna_, content).value();
    one = receive(anna_, content + "y").value();
    StagedBlob other = std::move(one);
    EXPECT_EQ(stored_blobs(), 1U) << "what it was before is gone";
    { const StagedBlob last = std::move(other); }
    nothing_is_left();
    // Refused before the transaction, and inside of it.
    EXPECT_FALSE(
        commit(anna_, {.staged = receive(anna_, content).value(), .name = std::string(300, 'n')}));
    nothing_is_left();
    EXPECT_FALSE(commit(
        anna_, {.staged = receive(anna_, content).value(), .name = "a", .parent = EntryId{999}}));
    nothing_is_left();
    EXPECT_FALSE(
        run(vault_->files().replace(as(anna_), EntryId{999}, receive(anna_, content).value())));
    nothing_is_left();
    const UploadSession parts = begin_parts(anna_, "p", 1);
    EXPECT_FALSE(run(vault_->upload_sessions().commit_part(as(anna_), parts.uuid, 2,
                                                           receive(anna_, content).value())));
    ASSERT_TRUE(run(vault_->upload_sessions().abandon(as(anna_), parts.uuid)));
    nothing_is_left();
    EXPECT_FALSE(
        run(vault_->paths().put(as(anna_), SpaceId{999}, {},
                                one_file(receive(anna_, content).value(), "f"), Existing::kKept)));
    nothing_is_left();
  }
}

TEST_F(UploadsTest, EqualBytesThatAreDroppedTogetherGoToo) {
  auto first = receive(anna_, "same bytes");
  auto second = receive(anna_, "same bytes");
  auto held = receive(anna_, "same bytes");
  const auto collect = [&] {
    for (int step = 0; step < 100 && stored_blobs() > 0; ++step) {
      run(vault_->references().collect_dropped(16));
    }
    return stored_blobs();
  };
  first = std::unexpected(Failure{});
  second = std::unexpected(Failure{});
  EXPECT_EQ(collect(), 1U) << "an upload has them still";
  ASSERT_TRUE(commit(anna_, {.staged = std::move(*held), .name = "kept"}));
  EXPECT_EQ(collect(), 1U) << "a file has them";
  first = receive(anna_, "same bytes");
  first = std::unexpected(Failure{});
  EXPECT_EQ(collect(), 1U);
  ASSERT_TRUE(remove(anna_, list({.owner = anna_.id}).entries.at(0).id));
  EXPECT_EQ(collect(), 1U) << "after the grace time";

  first = receive(anna_, "others");
  second = receive(anna_, "others");
  first = std::unexpected(Failure{});
  second = std::unexpected(Failure{});
  EXPECT_EQ(collect(), 1U);
}

TEST_F(UploadsTest, ADoubleInOneCommandIsDropped) {
  const auto bucket = run(vault_->buckets().create(as(anna_), "photos")).value();
  auto files = one_file(receive(anna_, "first").value(), "f");
  files.push_back({.staged = receive(anna_, "second").value(), .name = "f"});
  const auto made =
      run(vault_->paths().put(as(anna_), bucket.id, {}, std::move(files), Existing::kReplaced));
  ASSERT_TRUE(made);
  EXPECT_EQ(content_of(made->front()), "second");
  EXPECT_EQ(stored_blobs(), 1U);
}

TEST_F(UploadsTest, NoEntryIsThereBeforeItsBytesAreDurable) {
  const StagedBlob real = receive(anna_, "bytes").value();
  const auto durable_blob = std::make_shared<TestDurableBlob>(real);
  std::jthread committing(
      [&] { EXPECT_TRUE(commit(anna_, {.staged = staged_as(durable_blob), .name = "a"})); });
  while (!durable_blob->is_waited_for) std::this_thread::yield();
  EXPECT_FALSE(run(vault_->paths().find(anna_.home, {"a"})));
  durable_blob->land();
  committing.join();
  EXPECT_TRUE(run(vault_->paths().find(anna_.home, {"a"})));
  EXPECT_FALSE(durable_blob->is_discarded);
  // The bytes are those of another, which stay.
  upload(anna_, "b", "bytes");
}

// Nobody knows what became of a commit that failed on its way to the disk: the collector finds out.
TEST_F(UploadsTest, BytesThatDoNotBecomeDurableBecomeNoEntry) {
  const Entry old = upload(anna_, "old", "old bytes");
  const std::uint64_t used = account(anna_.id).used;
  const StagedBlob real = receive(anna_, "bytes").value();
  const auto durable_blob = std::make_shared<TestDurableBlob>(real);
  durable_blob->is_lost = true;
  durable_blob->land();
  EXPECT_THROW(commit(anna_, {.staged = staged_as(durable_blob), .name = "a"}),
               blobs::NoSpaceError);
  EXPECT_THROW(run(vault_->files().replace(as(anna_), old.id, staged_as(durable_blob))),
               blobs::NoSpaceError);
  EXPECT_FALSE(durable_blob->is_discarded);
  EXPECT_FALSE(run(vault_->paths().find(anna_.home, {"a"})));
  EXPECT_EQ(content_of(old), "old bytes");
  EXPECT_EQ(account(anna_.id).used, used);
  EXPECT_TRUE(commit(anna_, {.staged = receive(anna_, "bytes").value(), .name = "a"}));
}

// Who is refused is told why, and what landed of his other files goes at once.
TEST_F(UploadsTest, ARefusalStaysOneWhenItsBytesAreLost) {
  const auto durable_blob = std::make_shared<TestDurableBlob>(Sha256::of({}), 0);
  durable_blob->is_lost = true;
  durable_blob->land();
  std::vector<NewFile> files;
  files.push_back({.staged = staged_as(durable_blob), .name = "a", .title = std::string(300, 't')});
  files.push_back({.staged = receive(anna_, "whole bytes").value(), .name = "b"});
  const auto refused = run(vault_->uploads().commit(as(anna_), anna_.home, std::move(files)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::kInvalid);
  EXPECT_TRUE(durable_blob->is_discarded);
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(QuotaTest, CountsWhatTheSameCommandReceivedBefore) {
  auto first = receive(anna_, std::string(6000, '1'));
  ASSERT_TRUE(first);
  TextStream stream(std::string(6000, 'x'));
  auto second = run(vault_->uploads().receive(anna_.id, stream, std::nullopt));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, FailureCode::kQuotaExceeded);
  EXPECT_LE(stream.taken(), 5000U) << "as soon as it is certain";
  TextStream fitting(std::string(2980, 'x'));
  EXPECT_TRUE(run(vault_->uploads().receive(anna_.id, fitting, std::nullopt)));
}

TEST_F(UploadsTest, WhatWasSentIsThere) {
  const std::string content(300'000, 'x');
  auto staged = receive(anna_, content);
  ASSERT_TRUE(staged);
  EXPECT_EQ(staged->size(), content.size());
  EXPECT_EQ(staged->digest(), Sha256::of(as_bytes(content)));
  EXPECT_EQ(staged->head().size(), kHeadBytes);
  EXPECT_EQ(account(anna_.id).used, 0U) << "nobody's yet";

  const auto made = commit(anna_, {.staged = std::move(*staged),
                                   .name = "Sommer/photo.jpg",
                                   .title = "T",
                                   .description = "D",
                                   .tags = {"sea", " Beach", "SEA"}});
  ASSERT_TRUE(made);
  const Entry entry = run(vault_->entries().find(anna_.id, made->at(0).id)).value();
  EXPECT_EQ(entry.name, "Sommer/photo.jpg");
  EXPECT_EQ(entry.key, "Sommer_photo.jpg");
  EXPECT_EQ(entry.type.media_type, "image/jpeg");
  EXPECT_EQ(entry.type.kind, FileKind::kImage);
  EXPECT_EQ(entry.owner, anna_.id);
  EXPECT_EQ(entry.title, "T");
  EXPECT_EQ(entry.description, "D");
  EXPECT_EQ(entry.tags, (std::vector<std::string>{"Beach", "sea"}));
  EXPECT_EQ(entry.created_at, clock_.now());
  ASSERT_TRUE(entry.media);
  EXPECT_EQ(entry.media->state, MediaState::kProcessing);
  EXPECT_EQ(made->at(0).uuid, entry.uuid);
  EXPECT_EQ(made->at(0).tags, entry.tags);
  EXPECT_EQ(content_of(entry), content);
  EXPECT_EQ(run(vault_->entries().find(anna_.id, entry.uuid))->id, entry.id);
  EXPECT_EQ(account(anna_.id).used, content.size());
}

TEST_F(UploadsTest, HeadsOfShortFilesAreWhole) {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 5000U}) {
    const std::string content(size, 'h');
    TextStream drops(content, 7);
    auto staged = run(vault_->uploads().receive(anna_.id, drops, std::nullopt));
    ASSERT_TRUE(staged);
    EXPECT_EQ(as_text(staged->head()), content.substr(0, 512));
    EXPECT_EQ(staged->size(), size);
  }
}

TEST_F(UploadsTest, TwoAtOnceUnderOneNameAreBothThere) {
  std::mutex mutex;
  std::set<std::string> keys;
  in_parallel(8, [&](int) {
    const auto made = commit(anna_, {.staged = receive(anna_, "x").value(), .name = "song.mp3"});
    ASSERT_TRUE(made);
    EXPECT_EQ(made->at(0).name, "song.mp3");
    const std::lock_guard lock(mutex);
    keys.insert(made->at(0).key);
  });
  EXPECT_EQ(keys, (std::set<std::string>{"song.mp3", "song (2).mp3", "song (3).mp3", "song (4).mp3",
                                         "song (5).mp3", "song (6).mp3", "song (7).mp3",
                                         "song (8).mp3"}));
}

TEST_F(UploadsTest, ManyOfOneNameStayCheap) {
  std::set<std::string> keys;
  std::vector<EntryId> ids;
  for (int i = 0; i < 100; ++i) {
    const auto made = commit(anna_, {.staged = receive(anna_, "x").value(), .name = "song.mp3"});
    ASSERT_TRUE(made);
    keys.insert(made->at(0).key);
    ids.push_back(made->at(0).id);
  }
  EXPECT_EQ(keys.size(), 100U);
  EXPECT_TRUE(keys.contains("song (100).mp3"));
  const std::uint64_t before = stores_.database->stats().statements;
  ASSERT_TRUE(commit(anna_, {.staged = receive(anna_, "x").value(), .name = "song.mp3"}));
  EXPECT_LT(stores_.database->stats().statements - before, 40U);
  for (const int gap : {0, 1, 7, 50, 98}) {
    ASSERT_TRUE(remove(anna_, ids[static_cast<std::size_t>(gap)]));
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(commit(anna_, {.staged = receive(anna_, "x").value(), .name = "song.mp3"}));
  }
  EXPECT_EQ(list({.owner = anna_.id}).total, 116U);
}

TEST_F(UploadsTest, NamesAreDataNotPaths) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "file"},
      {"..", "__"},
      {".", "_"},
      {"../../etc/passwd", ".._.._etc_passwd"},
      {"/x", "_x"},
      {"C:\\Windows\\system.ini", "C:_Windows_system.ini"},
      {std::string("nul\0l.txt", 9), "nul_l.txt"},
      {"a\r\nb\x7f\xc2\x85.txt", "a__b__.txt"},
      {"folder/", "folder_"},
      {"CON", "CON"},
      {"\xe2\x80\xae"
       "gpj.exe",
       "\xe2\x80\xae"
       "gpj.exe"},
      {"'; DROP TABLE entry; --", "'; DROP TABLE entry; --"},
      {"%41\xf0\x9f\x8e\xb5.mp3", "%41\xf0\x9f\x8e\xb5.mp3"},
  };
  for (const auto& [name, key] : cases) {
    const Entry entry = upload(anna_, name, "x");
    EXPECT_EQ(entry.key, key);
    EXPECT_EQ(entry.name, name.empty() ? "file" : name);
    EXPECT_EQ(run(vault_->entries().find(anna_.id, entry.id))->name, entry.name);
  }
  const std::string long_name(250, 'n');
  EXPECT_EQ(upload(anna_, long_name + ".jpeg", "x").key, long_name + ".jpeg");
  EXPECT_EQ(upload(anna_, long_name + ".jpeg", "x").key, std::string(246, 'n') + " (2).jpeg");
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xf0\x9f\x8e\xb5";
  const Entry cut = upload(anna_, wide + ".mp3", "x");
  EXPECT_LE(cut.key.size(), 255U);
  EXPECT_TRUE(cut.key.ends_with("\xb5.mp3"));
  EXPECT_TRUE(is_utf8(cut.key));
  EXPECT_EQ(cut.name, wide + ".mp3");
}

TEST_F(UploadsTest, RefusesBadTextAndKeepsNothing) {
  const auto bytes = [&] { return receive(anna_, "x").value(); };
  const auto refused = [&](NewFile file, const std::string& field) {
    const auto made = commit(anna_, std::move(file));
    ASSERT_FALSE(made) << field;
    EXPECT_EQ(made.error().code, FailureCode::kInvalid);
    EXPECT_TRUE(fields_of(made.error()).contains(field));
    EXPECT_EQ(stored_blobs(), 0U);
  };
  refused({.staged = bytes(), .name = std::string(256, 'n')}, "name");
  refused({.staged = bytes(), .name = "\xff"}, "name");
  refused({.staged = bytes(), .name = "a", .title = std::string(256, 't')}, "title");
  refused({.staged = bytes(), .name = "a", .title = std::string("\0", 1)}, "title");
  refused({.staged = bytes(), .name = "a", .description = std::string(10'001, 'd')}, "description");
  refused({.staged = bytes(), .name = "a", .description = "\xc3"}, "description");
  refused({.staged = bytes(), .name = "a", .tags = {""}}, "tags");
  refused({.staged = bytes(),
           .name = "a",
           .tags = {"a\x1f"
                    "b"}},
          "tags");
  refused({.staged = bytes(), .name = "a", .tags = {std::string(65, 't')}}, "tags");
  std::vector<std::string> many;
  for (int i = 0; i < 51; ++i) many.push_back(std::to_string(i));
  refused({.staged = bytes(), .name = "a", .tags = many}, "tags");
  many.back() = "0";
  EXPECT_TRUE(commit(anna_, {.staged = bytes(), .name = "a", .tags = many}));
  EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
}

TEST_F(UploadsTest, AllOrNone) {
  const auto files = [&](const std::vector<std::string>& names) {
    std::vector<NewFile> made;
    for (const auto& name : names) {
      made.push_back({.staged = receive(anna_, "x").value(), .name = name});
    }
    return made;
  };
  const auto commit_all = [&](SpaceId space, std::vector<NewFile> all) {
    return run(vault_->uploads().commit(as(anna_), space, std::move(all)));
  };
  EXPECT_FALSE(commit_all(anna_.home, files({"a", "a", "\xff"})));
  EXPECT_EQ(list({.owner = anna_.id}).total, 0U);
  const auto made = commit_all(anna_.home, files({"a", "a"}));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->at(0).key, "a");
  EXPECT_EQ(made->at(1).key, "a (2)");
  EXPECT_TRUE(commit_all(anna_.home, {})->empty());
  EXPECT_FAILS(commit_all(SpaceId{999}, files({"a"})), kNotFound);
  TextStream stream("x");
  EXPECT_FAILS(run(vault_->uploads().receive(AccountId{999}, stream, std::nullopt)), kNotFound);
}

TEST_F(UploadsTest, AFailingStreamLeavesNothing) {
  for (const StreamFault fault : {StreamFault::kTruncated, StreamFault::kTooLarge,
                                  StreamFault::kTooSlow, StreamFault::kMalformed}) {
    TextStream stream(std::string(500'000, 'x'), 4096, fault);
    auto staged = run(vault_->uploads().receive(anna_.id, stream, 600'000));
    ASSERT_FALSE(staged);
    EXPECT_EQ(staged.error().code, FailureCode::kBadStream);
    EXPECT_EQ(staged.error().stream, fault);
  }
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(list({.owner = anna_.id}).total, 0U);
}

TEST_F(QuotaTest, AFileMayFillItExactly) {
  TextStream announced(std::string(10'005, 'x'));
  EXPECT_FAILS(run(vault_->uploads().receive(anna_.id, announced, 10'005)), kQuotaExceeded);
  EXPECT_EQ(announced.taken(), 0U);
  TextStream endless(std::string(1'000'000, 'x'), 100);
  EXPECT_FAILS(run(vault_->uploads().receive(anna_.id, endless, std::nullopt)), kQuotaExceeded);
  EXPECT_EQ(endless.taken(), 10'100U) << "stopped as soon as it was certain";
  EXPECT_EQ(stored_blobs(), 0U);

  const Entry full = upload(anna_, "full", std::string(10'000, 'x'));
  EXPECT_EQ(account(anna_.id).used, 10'000U);
  EXPECT_EQ(account(anna_.id).charged, account(anna_.id).quota);
  EXPECT_FAILS(try_upload(anna_, "more", "x"), kQuotaExceeded);
  EXPECT_FAILS(try_upload(anna_, "none", ""), kQuotaExceeded);  // its row counts
  ASSERT_TRUE(remove(anna_, full.id));
  EXPECT_FAILS(try_upload(anna_, "longer", std::string(10'000, 'y')), kQuotaExceeded);
  EXPECT_TRUE(try_upload(anna_, "same", std::string(10'000, 'y')));
}

TEST_F(QuotaTest, ParallelUploadsCannotPassItTogetherAndUseAllOfIt) {
  constexpr std::uint64_t kTen = 10 * (1000 + kEntryCharge + 4);
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, std::nullopt)));
  std::vector<StagedBlob> staged;
  for (int i = 0; i < 16; ++i) {
    staged.push_back(receive(anna_, std::string(1000, static_cast<char>('a' + i))).value());
  }
  // As if another process had received them: nothing is reserved, and the commit decides.
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, kTen)));
  std::atomic<int> made = 0;
  std::atomic<int> refused = 0;
  in_parallel(16, [&](int i) {
    const auto result =
        commit(anna_, {.staged = std::move(staged[static_cast<std::size_t>(i)]), .name = "part"});
    if (result) {
      ++made;
    } else {
      EXPECT_EQ(result.error().code, FailureCode::kQuotaExceeded);
      ++refused;
    }
  });
  EXPECT_EQ(made, 10);
  EXPECT_EQ(refused, 6);
  EXPECT_EQ(account(anna_.id).used, 10'000U);
  EXPECT_EQ(account(anna_.id).charged, kTen);
  EXPECT_EQ(list({.owner = anna_.id}).total, 10U);
  EXPECT_EQ(events().size(), 11U) << "the registration and ten files";
}

TEST_F(UploadsTest, ACommitMayTakeItsTime) {
  auto staged = receive(anna_, "x");
  ASSERT_TRUE(staged);
  clock_.advance(std::chrono::hours(1'000));
  collect_all();
  const auto late = commit(anna_, {.staged = std::move(*staged), .name = "late"});
  ASSERT_TRUE(late);
  EXPECT_EQ(content_of(late->at(0)), "x");
}

TEST_F(UploadsTest, EqualBytesAreStoredOnceAndGoWithTheLast) {
  const Account bob = make_account("bob");
  const Entry first = upload(anna_, "a", "same bytes");
  const Entry second = upload(bob, "b", "same bytes");
  EXPECT_EQ(first.checksum, second.checksum);
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(account(anna_.id).used, 10U);
  EXPECT_EQ(account(bob.id).used, 10U);

  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(std::chrono::hours(48));
  collect_all();
  EXPECT_EQ(content_of(second), "same bytes");

  ASSERT_TRUE(remove(bob, second.id));
  clock_.advance(std::chrono::hours(24) - std::chrono::microseconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U) << "within the grace time";
  const auto content = run(vault_->files().open(second));
  clock_.advance(std::chrono::microseconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(content->size(), 10U) << "reads under way go on";
  EXPECT_THROW(run(vault_->files().open(second)), blobs::Error);
  EXPECT_EQ(content_of(upload(anna_, "a", "same bytes")), "same bytes");
}

TEST_F(UploadsTest, BytesSentAgainWhileTheyWaitToGoStay) {
  const Entry first = upload(anna_, "a", "same bytes");
  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(std::chrono::hours(24));
  auto staged = receive(anna_, "same bytes");
  ASSERT_TRUE(staged);
  collect_all();
  const auto made = commit(anna_, {.staged = std::move(*staged), .name = "b"});
  ASSERT_TRUE(made);
  EXPECT_EQ(content_of(made->at(0)), "same bytes");
  clock_.advance(std::chrono::hours(240));
  collect_all();
  EXPECT_EQ(content_of(made->at(0)), "same bytes");
  ASSERT_TRUE(remove(anna_, made->at(0).id));
  clock_.advance(std::chrono::hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(UploadsTest, WhatACrashLeftIsSwept) {
  upload(anna_, "kept", "kept");
  for (int i = 0; i < 40; ++i) leave_bytes("left alone " + std::to_string(i));
  clock_.advance(std::chrono::hours(24) - std::chrono::seconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 41U);
  leave_bytes("left alone 7");
  clock_.advance(std::chrono::seconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U) << "the kept one and the one sent again";
}

}  // namespace
}  // namespace coffer::vault::test
