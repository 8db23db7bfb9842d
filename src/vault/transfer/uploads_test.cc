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
  const auto lonely = receive(anna_, std::string(300'000, 'l'));
  EXPECT_FALSE(
      commit(anna_, {.received = *lonely, .name = "a.jpg", .title = std::string(300, 't')}));
  EXPECT_FALSE(run(stores_.blobs->open(lonely->digest))) << "only this upload had stored them";

  // What anybody else has stored meanwhile, or before, stays.
  const std::string shared(1000, 's');
  const auto first = receive(anna_, shared);
  const Entry kept = upload(make_account("bob"), "b.jpg", shared);
  EXPECT_FALSE(
      commit(anna_, {.received = *first, .name = "a.jpg", .title = std::string(300, 't')}));
  EXPECT_EQ(content_of(kept), shared);
  const auto again = receive(anna_, shared);
  run(vault_->uploads().discard(*again));
  EXPECT_EQ(content_of(kept), shared);
}

TEST_F(UploadsTest, NoEntryIsThereBeforeItsBytesAreDurable) {
  StagedBlob received = *receive(anna_, "bytes");
  const auto durable_blob = std::make_shared<TestDurableBlob>(received);
  received.durable_blob = durable_blob;
  std::jthread committing([&] { EXPECT_TRUE(commit(anna_, {.received = received, .name = "a"})); });
  while (!durable_blob->is_waited_for) std::this_thread::yield();
  EXPECT_FALSE(run(vault_->paths().find(anna_.home, {"a"})));
  durable_blob->land();
  committing.join();
  EXPECT_TRUE(run(vault_->paths().find(anna_.home, {"a"})));
}

TEST_F(UploadsTest, BytesThatDoNotBecomeDurableBecomeNoEntry) {
  const Entry old = upload(anna_, "old", "old bytes");
  const std::uint64_t used = account(anna_.id).used;
  StagedBlob received = *receive(anna_, "bytes");
  const auto durable_blob = std::make_shared<TestDurableBlob>(received);
  durable_blob->is_lost = true;
  durable_blob->land();
  received.durable_blob = durable_blob;
  EXPECT_THROW(commit(anna_, {.received = received, .name = "a"}), blobs::NoSpaceError);
  EXPECT_THROW(run(vault_->files().replace(as(anna_), old.id, received)), blobs::NoSpaceError);
  EXPECT_FALSE(run(vault_->paths().find(anna_.home, {"a"})));
  EXPECT_EQ(content_of(old), "old bytes");
  EXPECT_EQ(account(anna_.id).used, used);
  EXPECT_TRUE(commit(anna_, {.received = *receive(anna_, "bytes"), .name = "a"}));
}

// Who is refused is told why, and what landed of his other files goes at once.
TEST_F(UploadsTest, ARefusalStaysOneWhenItsBytesAreLost) {
  StagedBlob lost = *receive(anna_, "lost bytes");
  const auto durable_blob = std::make_shared<TestDurableBlob>(lost);
  durable_blob->is_lost = true;
  durable_blob->land();
  lost.durable_blob = durable_blob;
  const StagedBlob whole = *receive(anna_, "whole bytes");
  std::vector<NewFile> files;
  files.push_back({.received = lost, .name = "a", .title = std::string(300, 't')});
  files.push_back({.received = whole, .name = "b"});
  const auto refused = run(vault_->uploads().commit(as(anna_), anna_.home, std::move(files)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::kInvalid);
  EXPECT_FALSE(run(stores_.blobs->open(whole.digest)));
}

TEST_F(QuotaTest, CountsWhatTheSameCommandReceivedBefore) {
  const auto first = receive(anna_, std::string(6000, '1'));
  ASSERT_TRUE(first);
  TextStream stream(std::string(6000, 'x'));
  const auto second = run(vault_->uploads().receive(anna_.id, stream, std::nullopt));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, FailureCode::kQuotaExceeded);
  EXPECT_LE(stream.taken(), 5000U) << "as soon as it is certain";
  TextStream fitting(std::string(2980, 'x'));
  EXPECT_TRUE(run(vault_->uploads().receive(anna_.id, fitting, std::nullopt)));
}

TEST_F(UploadsTest, WhatWasSentIsThere) {
  const std::string content(300'000, 'x');
  const auto received = receive(anna_, content);
  ASSERT_TRUE(received);
  EXPECT_EQ(received->size, content.size());
  EXPECT_EQ(received->digest, Sha256::of(as_bytes(content)));
  EXPECT_EQ(received->head.size(), kHeadBytes);
  EXPECT_EQ(account(anna_.id).used, 0U) << "nobody's yet";

  const auto made = commit(anna_, {.received = *received,
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
  EXPECT_FALSE(entry.width);
  EXPECT_FALSE(entry.duration);
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
    const auto received = run(vault_->uploads().receive(anna_.id, drops, std::nullopt));
    ASSERT_TRUE(received);
    EXPECT_EQ(as_text(received->head), content.substr(0, 512));
    EXPECT_EQ(received->size, size);
  }
}

TEST_F(UploadsTest, TwoAtOnceUnderOneNameAreBothThere) {
  const auto received = receive(anna_, "x");
  ASSERT_TRUE(received);
  std::mutex mutex;
  std::set<std::string> keys;
  in_parallel(8, [&](int) {
    const auto made = commit(anna_, {.received = *received, .name = "song.mp3"});
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
  const auto received = receive(anna_, "x");
  ASSERT_TRUE(received);
  std::set<std::string> keys;
  std::vector<EntryId> ids;
  for (int i = 0; i < 100; ++i) {
    const auto made = commit(anna_, {.received = *received, .name = "song.mp3"});
    ASSERT_TRUE(made);
    keys.insert(made->at(0).key);
    ids.push_back(made->at(0).id);
  }
  EXPECT_EQ(keys.size(), 100U);
  EXPECT_TRUE(keys.contains("song (100).mp3"));
  const std::uint64_t before = stores_.database->stats().statements;
  ASSERT_TRUE(commit(anna_, {.received = *received, .name = "song.mp3"}));
  EXPECT_LT(stores_.database->stats().statements - before, 40U);
  for (const int gap : {0, 1, 7, 50, 98}) {
    ASSERT_TRUE(remove(anna_, ids[static_cast<std::size_t>(gap)]));
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(commit(anna_, {.received = *received, .name = "song.mp3"}));
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
  const auto received = receive(anna_, "x");
  ASSERT_TRUE(received);
  const auto refused = [&](NewFile file, const std::string& field) {
    file.received = *received;
    const auto made = commit(anna_, std::move(file));
    ASSERT_FALSE(made) << field;
    EXPECT_EQ(made.error().code, FailureCode::kInvalid);
    EXPECT_TRUE(fields_of(made.error()).contains(field));
  };
  refused({.received = {}, .name = std::string(256, 'n')}, "name");
  refused({.received = {}, .name = "\xff"}, "name");
  refused({.received = {}, .name = "a", .title = std::string(256, 't')}, "title");
  refused({.received = {}, .name = "a", .title = std::string("\0", 1)}, "title");
  refused({.received = {}, .name = "a", .description = std::string(10'001, 'd')}, "description");
  refused({.received = {}, .name = "a", .description = "\xc3"}, "description");
  refused({.received = {}, .name = "a", .tags = {""}}, "tags");
  refused({.received = {},
           .name = "a",
           .tags = {"a\x1f"
                    "b"}},
          "tags");
  refused({.received = {}, .name = "a", .tags = {std::string(65, 't')}}, "tags");
  std::vector<std::string> many;
  for (int i = 0; i < 51; ++i) many.push_back(std::to_string(i));
  refused({.received = {}, .name = "a", .tags = many}, "tags");
  many.back() = "0";
  EXPECT_TRUE(commit(anna_, {.received = *received, .name = "a", .tags = many}));
  EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
}

TEST_F(UploadsTest, AllOrNone) {
  const auto received = receive(anna_, "x");
  ASSERT_TRUE(received);
  std::vector<NewFile> files{{.received = *received, .name = "a"},
                             {.received = *received, .name = "a"},
                             {.received = *received, .name = "\xff"}};
  EXPECT_FALSE(run(vault_->uploads().commit(as(anna_), anna_.home, files)));
  EXPECT_EQ(list({.owner = anna_.id}).total, 0U);
  files.pop_back();
  const auto made = run(vault_->uploads().commit(as(anna_), anna_.home, files));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->at(0).key, "a");
  EXPECT_EQ(made->at(1).key, "a (2)");
  EXPECT_TRUE(run(vault_->uploads().commit(as(anna_), anna_.home, {}))->empty());
  EXPECT_FAILS(run(vault_->uploads().commit(as(anna_), SpaceId{999}, files)), kNotFound);
  TextStream stream("x");
  EXPECT_FAILS(run(vault_->uploads().receive(AccountId{999}, stream, std::nullopt)), kNotFound);
}

TEST_F(UploadsTest, AFailingStreamLeavesNothing) {
  for (const StreamFault fault : {StreamFault::kTruncated, StreamFault::kTooLarge,
                                  StreamFault::kTooSlow, StreamFault::kMalformed}) {
    TextStream stream(std::string(500'000, 'x'), 4096, fault);
    const auto received = run(vault_->uploads().receive(anna_.id, stream, 600'000));
    ASSERT_FALSE(received);
    EXPECT_EQ(received.error().code, FailureCode::kBadStream);
    EXPECT_EQ(received.error().stream, fault);
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
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, kTen)));
  std::vector<StagedBlob> received;
  for (int i = 0; i < 16; ++i) {
    received.push_back(receive(anna_, std::string(1000, static_cast<char>('a' + i))).value());
    // As if another process had received it: the commit is what decides.
    received.back().reservation.reset();
  }
  std::atomic<int> made = 0;
  std::atomic<int> refused = 0;
  in_parallel(16, [&](int i) {
    const auto result =
        commit(anna_, {.received = received[static_cast<std::size_t>(i)], .name = "part"});
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
  const auto received = receive(anna_, "x");
  ASSERT_TRUE(received);
  clock_.advance(std::chrono::hours(1'000));
  collect_all();
  const auto late = commit(anna_, {.received = *received, .name = "late"});
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
  auto received = receive(anna_, "same bytes");
  ASSERT_TRUE(received);
  collect_all();
  const auto made = commit(anna_, {.received = std::move(*received), .name = "b"});
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

TEST_F(UploadsTest, UploadsNeverCommittedAreSwept) {
  upload(anna_, "kept", "kept");
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(receive(anna_, "left alone " + std::to_string(i)));
  clock_.advance(std::chrono::hours(24) - std::chrono::seconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 41U);
  ASSERT_TRUE(receive(anna_, "left alone 7"));
  clock_.advance(std::chrono::seconds(1));
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U) << "the kept one and the one sent again";
}

}  // namespace
}  // namespace coffer::vault::test
