#include "vault/transfer/upload_sessions.h"

#include <atomic>
#include <mutex>
#include <random>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using Names = std::vector<std::string>;
using std::chrono::hours;

class UploadSessionTest : public VaultTest {
 protected:
  using VaultTest::VaultTest;

  Result<UploadSessionStatus> status(const Account& owner, const Uuid& upload) {
    return run(vault_->upload_sessions().status(owner.id, upload));
  }
  Result<void> abandon(const Account& owner, const Uuid& upload) {
    return run(vault_->upload_sessions().abandon(as(owner), upload));
  }

  // `length` bytes from `offset`, in pieces of at most `max`.
  std::string range(const Content& content, std::uint64_t offset, std::uint64_t length,
                    std::uint64_t max) {
    std::string text;
    while (text.size() < length) {
      const std::uint64_t want = std::min(max, length - text.size());
      const std::string part = text_of(run(content.piece(offset + text.size(), want)));
      EXPECT_LE(part.size(), want);
      if (part.empty()) break;
      text += part;
    }
    return text;
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

class UploadSessionQuotaTest : public UploadSessionTest {
 protected:
  // For an upload of 1000 bytes whose name has one, in two parts.
  static constexpr std::uint64_t kQuota = 1000 + kEntryCharge + 1 + 2 * kPartCharge;

  static Policy policy() {
    Policy policy;
    policy.quota = kQuota;
    return policy;
  }
  UploadSessionQuotaTest() : UploadSessionTest(policy()) {}
};

class UploadSessionSizeTest : public UploadSessionTest {
 protected:
  static Policy policy() {
    Policy policy;
    policy.max_file_bytes = 100;
    return policy;
  }
  UploadSessionSizeTest() : UploadSessionTest(policy()) {}
};

TEST_F(UploadSessionTest, PartsInAnyOrderBecomeAFile) {
  const Entry folder = make_folder(anna_, "f");
  const UploadSession upload = begin_parts(anna_, "song.mp3", 3, folder.id);
  EXPECT_EQ(upload.uuid.str()[14], '4');
  ASSERT_TRUE(put_part(anna_, upload.uuid, 3, "ccc"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
  auto seen = status(anna_, upload.uuid);
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->parts.size(), 2U);
  EXPECT_EQ(seen->parts[0].number, 1U);
  EXPECT_EQ(seen->parts[1].number, 3U);
  EXPECT_EQ(seen->parts[1].size, 3U);
  EXPECT_EQ(seen->upload.bytes, 4U);
  EXPECT_EQ(account(anna_.id).used, 4U) << "counted while it lives";
  EXPECT_EQ(list({.owner = anna_.id}).total, 0U);

  const auto early = complete(anna_, upload.uuid);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, FailureCode::kInvalid);
  EXPECT_EQ(early.error().missing, std::vector<std::uint32_t>{2});

  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "bb"));
  const auto made = complete(anna_, upload.uuid);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->name, "song.mp3");
  EXPECT_EQ(made->key, "song.mp3");
  EXPECT_EQ(made->parent, folder.id);
  EXPECT_EQ(made->type.kind, FileKind::kAudio);
  EXPECT_EQ(made->size, 6U);
  EXPECT_FALSE(made->checksum);
  EXPECT_EQ(content_of(*made), "abbccc");
  EXPECT_EQ(account(anna_.id).used, 6U);
  EXPECT_EQ(list({.owner = anna_.id, .kind = FileKind::kAudio}).total, 1U);
  EXPECT_EQ(events().back().type, EventType::kEntryCreated);
  EXPECT_EQ(events().back().entry, made->id);
}

TEST_F(UploadSessionTest, CompletingAgainGivesTheSameFile) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "b"));
  const auto first = complete(anna_, upload.uuid, {.name = "g"});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->name, "g");
  const std::size_t before = events().size();
  const auto again = complete(anna_, upload.uuid, {.name = "h"});
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(again->name, "g");
  EXPECT_EQ(events().size(), before);
  EXPECT_EQ(status(anna_, upload.uuid)->upload.entry, first->id);
  EXPECT_FAILS(put_part(anna_, upload.uuid, 2, "x"), kConflict);
  EXPECT_FAILS(put_part(anna_, upload.uuid, 3, "x"), kConflict);
  EXPECT_FAILS(abandon(anna_, upload.uuid), kConflict);
  EXPECT_EQ(content_of(*first), "ab");
  ASSERT_TRUE(remove(anna_, first->id));
  EXPECT_FAILS(complete(anna_, upload.uuid), kNotFound);
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(UploadSessionTest, ForeignUploadsDoNotExist) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
  for (const Uuid& uuid : {upload.uuid, Uuid{}}) {
    EXPECT_FAILS(put_part(bob_, uuid, 1, "evil"), kNotFound);
    EXPECT_FAILS(status(bob_, uuid), kNotFound);
    EXPECT_FAILS(complete(bob_, uuid), kNotFound);
    EXPECT_FAILS(abandon(bob_, uuid), kNotFound);
  }
  TextStream unread("evil");
  EXPECT_FALSE(run(vault_->upload_sessions().put_part(as(bob_), upload.uuid, 1, unread, 4)));
  EXPECT_EQ(unread.taken(), 0U);
  EXPECT_EQ(content_of(complete(anna_, upload.uuid).value()), "a");
}

TEST_F(UploadSessionTest, NumbersAreBounded) {
  const auto begin = [&](std::optional<std::uint32_t> parts, std::string name = "f") {
    return run(vault_->upload_sessions().begin(
        as(anna_), {.space = anna_.home, .name = std::move(name), .parts = parts}));
  };
  EXPECT_FAILS(begin(0), kInvalid);
  EXPECT_FAILS(begin(10'001), kInvalid);
  EXPECT_FAILS(begin(1, std::string(256, 'n')), kInvalid);
  EXPECT_FAILS(begin(1, "\xff"), kInvalid);
  EXPECT_EQ(begin(1, "")->name, "file");
  EXPECT_FAILS(run(vault_->upload_sessions().begin(as(anna_), {.space = SpaceId{99}, .name = "f"})),
               kNotFound);
  EXPECT_FAILS(run(vault_->upload_sessions().begin(
                   as(anna_), {.space = anna_.home, .parent = EntryId{99}, .name = "f"})),
               kNotFound);

  const UploadSession upload = begin(2).value();
  for (const std::uint32_t number : {0U, 3U, 10'000U, 4'294'967'295U}) {
    const auto put = put_part(anna_, upload.uuid, number, "x");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, FailureCode::kInvalid);
    EXPECT_EQ(fields_of(put.error()), std::set<std::string>{"number"});
  }
  const UploadSession open_end = begin(std::nullopt).value();
  EXPECT_FAILS(put_part(anna_, open_end.uuid, 10'001, "x"), kInvalid);
  ASSERT_TRUE(put_part(anna_, open_end.uuid, 10'000, "x"));
  const auto early = complete(anna_, open_end.uuid);
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().missing.size(), 9'999U);
  EXPECT_LT(early.error().message.size(), 300U);
  const UploadSession empty = begin(std::nullopt).value();
  EXPECT_EQ(complete(anna_, empty.uuid).error().missing, std::vector<std::uint32_t>{1});
}

TEST_F(UploadSessionTest, APartSentAgainReplaces) {
  const UploadSession upload = begin_parts(anna_, "f.jpg");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "first try"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "z"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "again"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "again"));
  EXPECT_EQ(account(anna_.id).used, 6U);
  EXPECT_EQ(contradictions(), Names());
  const Entry made = complete(anna_, upload.uuid).value();
  EXPECT_EQ(content_of(made), "againz");
  clock_.advance(hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U) << "the first try went";
  EXPECT_EQ(content_of(made), "againz");
}

TEST_F(UploadSessionTest, AFailingPartChangesNothing) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "good"));
  TextStream broken(std::string(100'000, 'x'), 1000, StreamFault::kTruncated);
  const auto put =
      run(vault_->upload_sessions().put_part(as(anna_), upload.uuid, 1, broken, 200'000));
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().stream, StreamFault::kTruncated);
  EXPECT_EQ(account(anna_.id).used, 4U);
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(complete(anna_, upload.uuid).value()), "good");
}

TEST_F(UploadSessionTest, OnePartIsAPlainFile) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "alone"));
  const Entry made = complete(anna_, upload.uuid).value();
  EXPECT_EQ(made.checksum, Sha256::of(as_bytes(std::string("alone"))));
  EXPECT_FALSE(made.manifest);
  EXPECT_EQ(complete(anna_, upload.uuid)->id, made.id);
  EXPECT_EQ(status(anna_, upload.uuid)->parts.size(), 0U);
  ASSERT_TRUE(remove(anna_, made.id));
  clock_.advance(hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
  const UploadSession none = begin_parts(anna_, "empty", 1);
  ASSERT_TRUE(put_part(anna_, none.uuid, 1, ""));
  EXPECT_EQ(content_of(complete(anna_, none.uuid).value()), "");
}

TEST_F(UploadSessionTest, EmptyPartsAreNoHole) {
  for (const std::vector<std::string>& parts :
       {Names{"", "", ""}, Names{"", "ab", ""}, Names{"a", "", "", "b"}, Names{"", "", "x", "y"}}) {
    std::string whole;
    for (const std::string& part : parts) whole += part;
    const Entry made = upload_parts(anna_, "f", parts);
    EXPECT_EQ(made.size, whole.size());
    EXPECT_EQ(content_of(made), whole);
  }
}

TEST_F(UploadSessionTest, EveryRangeReadsAsOneFile) {
  std::mt19937 random(7);
  Names parts;
  std::string whole;
  for (int i = 0; i < 100; ++i) {
    parts.push_back(std::string(random() % 50, static_cast<char>('a' + i % 26)));
    whole += parts.back();
  }
  const Entry made = upload_parts(anna_, "f", parts);
  EXPECT_EQ(content_of(made), whole);
  const auto content = run(vault_->files().open(made));
  ASSERT_EQ(content->size(), whole.size());
  for (int i = 0; i < 300; ++i) {
    const std::size_t offset = random() % whole.size();
    const std::size_t length = 1 + random() % (whole.size() - offset);
    const std::size_t max = 1 + random() % 200;
    EXPECT_EQ(range(*content, offset, length, max), whole.substr(offset, length));
  }
  std::atomic<int> wrong = 0;
  in_parallel(4, [&](int seed) {
    std::mt19937 own(static_cast<unsigned>(seed));
    for (int i = 0; i < 100; ++i) {
      const std::size_t offset = own() % whole.size();
      const std::size_t length = 1 + own() % std::min<std::size_t>(300, whole.size() - offset);
      if (range(*content, offset, length, 1000) != whole.substr(offset, length)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0) << "one content, many threads";
}

TEST_F(UploadSessionTest, ASliceOutlivesTheNextPiece) {
  const std::uint64_t length = 100'000;
  const std::string one(length, '1');
  const Entry made =
      upload_parts(anna_, "f", {one, std::string(length, '2'), std::string(length, '3')});
  const auto content = run(vault_->files().open(made));
  const auto first = run(content->piece(0, length));
  ASSERT_TRUE(std::holds_alternative<FileSlice>(first));
  run(content->piece(length, length));
  run(content->piece(2 * length, length));
  EXPECT_EQ(text_of(first), one);
}

TEST_F(UploadSessionTest, ARangeReadsFewRowsAndBlobs) {
  Names parts;
  for (int i = 0; i < 200; ++i) parts.push_back(std::to_string(1000 + i));
  const Entry made = upload_parts(anna_, "f", parts);
  const auto content = run(vault_->files().open(made));
  const std::uint64_t before = stores_.database->stats().statements;
  EXPECT_EQ(range(*content, 402, 8, 100), "00110111");
  EXPECT_EQ(stores_.database->stats().statements - before, 3U) << "one, in its transaction";
  EXPECT_EQ(content_of(made).size(), 800U);
  EXPECT_LT(stores_.database->stats().statements - before, 50U);
}

TEST_F(UploadSessionTest, TheTagOfTheContentStaysWhenTheChecksumComes) {
  const Entry made = upload_parts(anna_, "f", {"a", "b"});
  const Entry plain = upload(anna_, "g", "ab");
  EXPECT_EQ(plain.content_tag(), plain.checksum->hex());
  auto next = run(vault_->digests().next(EntryId{}));
  ASSERT_TRUE(next);
  EXPECT_EQ(next->id, made.id);
  EXPECT_FALSE(run(vault_->digests().next(made.id)));
  EXPECT_TRUE(run(vault_->digests().settle(*next, plain.checksum.value())));
  const Entry settled = run(vault_->entries().find(anna_.id, made.id)).value();
  EXPECT_EQ(settled.checksum, plain.checksum);
  EXPECT_EQ(settled.content_tag(), made.content_tag());
  EXPECT_EQ(settled.updated_at, made.updated_at);
  EXPECT_NE(upload_parts(anna_, "h", {"a", "b"}).content_tag(), made.content_tag());
  EXPECT_EQ(content_of(settled), "ab");

  const Entry other = upload_parts(anna_, "i", {"c", "d"});
  ASSERT_TRUE(run(vault_->files().replace(as(anna_), other.id, receive(anna_, "e").value())));
  EXPECT_FALSE(run(vault_->digests().settle(other, plain.checksum.value())))
      << "the bytes are others by now";
}

TEST_F(UploadSessionTest, ALostBlobIsNotReadOver) {
  const Entry made = upload_parts(anna_, "f", {"kept", "lost", "kept too"});
  lose_bytes("lost");
  const auto content = run(vault_->files().open(made));
  EXPECT_EQ(range(*content, 0, 4, 100), "kept");
  EXPECT_THROW(run(content->piece(4, 1)), blobs::Error);
  EXPECT_EQ(range(*content, 8, 8, 100), "kept too");
}

TEST_F(UploadSessionTest, ItsFolderMayGoMeanwhile) {
  const Entry folder = make_folder(anna_, "f");
  const UploadSession upload = begin_parts(anna_, "x", std::nullopt, folder.id);
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), folder.id)));
  const auto lost = complete(anna_, upload.uuid);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, FailureCode::kNotFound);
  EXPECT_EQ(fields_of(lost.error()), std::set<std::string>{"parent"});
  Completion root;
  root.parent.emplace();
  EXPECT_EQ(complete(anna_, upload.uuid, root)->key, "x");
}

TEST_F(UploadSessionTest, AbandonedUploadsLeaveNothing) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "aaaa"));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "aaaa"));
  ASSERT_TRUE(abandon(anna_, upload.uuid));
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_FAILS(abandon(anna_, upload.uuid), kNotFound);
  EXPECT_FAILS(put_part(anna_, upload.uuid, 1, "x"), kNotFound);
  clock_.advance(hours(25));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(UploadSessionTest, UploadsExpireADayAfterTheirLastPart) {
  const UploadSession upload = begin_parts(anna_, "f");
  const UploadSession done = begin_parts(anna_, "g");
  for (const std::uint32_t number : {1U, 2U}) {
    ASSERT_TRUE(put_part(anna_, done.uuid, number, "kept"));
    clock_.advance(hours(23));
    ASSERT_TRUE(put_part(anna_, upload.uuid, number, "gone " + std::to_string(number)));
  }
  const Entry kept = complete(anna_, done.uuid).value();
  clock_.advance(hours(24) - std::chrono::microseconds(1));
  collect_all();
  EXPECT_EQ(status(anna_, upload.uuid)->parts.size(), 2U);
  clock_.advance(std::chrono::microseconds(1));
  EXPECT_FAILS(status(anna_, upload.uuid), kNotFound);
  EXPECT_FAILS(put_part(anna_, upload.uuid, 3, "x"), kNotFound);
  EXPECT_FAILS(complete(anna_, upload.uuid), kNotFound);
  EXPECT_FAILS(abandon(anna_, upload.uuid), kNotFound);
  EXPECT_FAILS(complete(anna_, done.uuid), kNotFound);
  EXPECT_EQ(account(anna_.id).used, 20U) << "until the collector comes";
  collect_all();
  EXPECT_EQ(account(anna_.id).used, 8U);
  clock_.advance(hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(kept),
            "kept"
            "kept");
  EXPECT_EQ(run(vault_->upload_sessions().expire(10)), false);
}

TEST_F(UploadSessionTest, RemovedFilesAreReadToTheEnd) {
  const Entry made = upload_parts(anna_, "f", {"one", "two", "one"});
  const auto content = run(vault_->files().open(made));
  ASSERT_TRUE(remove(anna_, made.id));
  EXPECT_EQ(account(anna_.id).used, 0U);
  clock_.advance(hours(11));
  collect_all();
  EXPECT_EQ(range(*content, 0, 9, 100), "onetwoone");
  clock_.advance(hours(14));
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
  const auto late = run(vault_->files().open(made));
  EXPECT_THROW(run(late->piece(0, 1)), blobs::Error);
}

TEST_F(UploadSessionTest, RacingCompletesGiveOneFile) {
  for (int round = 0; round < 10; ++round) {
    const UploadSession upload = begin_parts(anna_, "f");
    ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
    ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "b"));
    std::mutex mutex;
    std::set<EntryId> ids;
    in_parallel(4, [&](int) {
      const auto made = complete(anna_, upload.uuid);
      ASSERT_TRUE(made);
      const std::lock_guard lock(mutex);
      ids.insert(made->id);
    });
    EXPECT_EQ(ids.size(), 1U);
  }
  EXPECT_EQ(list({.owner = anna_.id}).total, 10U);
  EXPECT_EQ(account(anna_.id).used, 20U);
}

TEST_F(UploadSessionTest, CompletingBesideAPartTakesItOrRefusesIt) {
  for (int round = 0; round < 20; ++round) {
    const UploadSession upload = begin_parts(anna_, "f");
    ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "a"));
    ASSERT_TRUE(put_part(anna_, upload.uuid, 2, "old"));
    std::optional<Entry> made;
    bool taken = false;
    in_parallel(2, [&](int i) {
      if (i == 0) {
        made = complete(anna_, upload.uuid).value();
      } else {
        const auto put = put_part(anna_, upload.uuid, 2, "newer");
        taken = put.has_value();
        if (!put) {
          EXPECT_EQ(put.error().code, FailureCode::kConflict);
        }
      }
    });
    EXPECT_EQ(content_of(*made), taken ? "anewer" : "aold");
    EXPECT_EQ(made->size, taken ? 6U : 4U);
  }
}

TEST_F(UploadSessionTest, OneNumberSentInParallelIsOnePart) {
  const UploadSession upload = begin_parts(anna_, "f");
  in_parallel(8, [&](int i) {
    ASSERT_TRUE(put_part(anna_, upload.uuid, 1, std::string(static_cast<std::size_t>(i) + 1, 'x')));
  });
  const auto seen = status(anna_, upload.uuid);
  ASSERT_EQ(seen->parts.size(), 1U);
  EXPECT_EQ(account(anna_.id).used, seen->parts[0].size);
}

TEST_F(UploadSessionQuotaTest, PartsCountAtOnce) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, std::string(600, 'x')));
  EXPECT_FAILS(put_part(anna_, upload.uuid, 2, std::string(401, 'y')), kQuotaExceeded);
  EXPECT_FAILS(try_upload(anna_, "g", std::string(401, 'z')), kQuotaExceeded);
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, std::string(400, 'y')));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, std::string(400, 'w'))) << "the same again fits";
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, std::string(600, 'v')));
  EXPECT_FAILS(put_part(anna_, upload.uuid, 1, std::string(601, 'v')), kQuotaExceeded);
  EXPECT_FAILS(put_part(anna_, upload.uuid, 3, ""), kQuotaExceeded);  // its row counts
  EXPECT_EQ(account(anna_.id).charged, kQuota);
  const Entry made = complete(anna_, upload.uuid).value();
  EXPECT_EQ(account(anna_.id).used, 1000U);
  EXPECT_EQ(account(anna_.id).charged, kQuota);
  EXPECT_EQ(made.charged, kQuota);
  ASSERT_TRUE(remove(anna_, made.id));
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_EQ(account(anna_.id).charged, 0U);
}

TEST_F(UploadSessionQuotaTest, UnfinishedUploadsCountTheirNames) {
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, 2 * (kEntryCharge + 200))));
  const UploadSession first = begin_parts(anna_, std::string(200, 'n'));
  EXPECT_EQ(account(anna_.id).charged, kEntryCharge + 200);
  begin_parts(anna_, std::string(200, 'n'));
  const auto third = run(vault_->upload_sessions().begin(
      as(anna_), {.space = anna_.home, .parent = {}, .name = "n", .parts = {}}));
  EXPECT_FAILS(third, kQuotaExceeded);
  ASSERT_TRUE(abandon(anna_, first.uuid));
  EXPECT_EQ(account(anna_.id).charged, kEntryCharge + 200);
}

TEST_F(UploadSessionQuotaTest, ParallelPartsCannotPassItTogether) {
  constexpr std::uint64_t kTen = kEntryCharge + 1 + 10 * (100 + kPartCharge);
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, kTen)));
  const UploadSession upload = begin_parts(anna_, "f");
  std::atomic<int> put = 0;
  in_parallel(16, [&](int i) {
    const auto part = put_part(anna_, upload.uuid, static_cast<std::uint32_t>(i + 1),
                               std::string(100, static_cast<char>('a' + i)));
    if (part) ++put;
  });
  EXPECT_EQ(put, 10);
  EXPECT_EQ(account(anna_.id).used, 1000U);
  EXPECT_EQ(account(anna_.id).charged, kTen);
  EXPECT_EQ(stored_blobs(), 10U) << "refused bytes are gone";
}

TEST_F(UploadSessionQuotaTest, ReplacingIsChargedWithTheDifference) {
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, 1000 + kEntryCharge + 5)));
  const Entry file = upload(anna_, "f.txt", std::string(900, 'x'));
  const auto replace = [&](std::size_t size, char c) {
    TextStream stream(std::string(size, c));
    auto staged = run(vault_->uploads().receive(anna_.id, stream, std::nullopt, file.charged));
    if (!staged) return Result<Entry>(std::unexpected(staged.error()));
    return run(vault_->files().replace(as(anna_), file.id, std::move(*staged)));
  };
  EXPECT_FAILS(replace(1001, 'y'), kQuotaExceeded);
  clock_.advance(std::chrono::seconds(1));
  const auto bigger = replace(1000, 'y');
  ASSERT_TRUE(bigger);
  EXPECT_EQ(account(anna_.id).used, 1000U);
  EXPECT_EQ(bigger->uuid, file.uuid);
  EXPECT_EQ(bigger->share, file.share);
  EXPECT_EQ(bigger->key, file.key);
  EXPECT_EQ(bigger->created_at, file.created_at);
  EXPECT_EQ(bigger->written_at, clock_.now());
  EXPECT_NE(bigger->content_tag(), file.content_tag());
  EXPECT_EQ(content_of(*bigger), std::string(1000, 'y'));
  EXPECT_EQ(events().back().type, EventType::kEntryUpdated);
  ASSERT_TRUE(replace(1, 'z'));
  EXPECT_EQ(account(anna_.id).used, 1U);
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, 1000 + 2 * kEntryCharge + 6)));
  EXPECT_FAILS(try_upload(anna_, "g", std::string(1000, 'w')), kQuotaExceeded);
  EXPECT_TRUE(try_upload(anna_, "g", std::string(999, 'w')));
  EXPECT_EQ(contradictions(), Names());
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, std::nullopt)));
  for (int i = 0; i < 2; ++i) {
    auto same = receive(anna_, "").value();
    ASSERT_TRUE(run(vault_->files().replace(as(anna_), file.id, std::move(same))));
  }
  EXPECT_EQ(account(anna_.id).used, 999U);
}

TEST_F(UploadSessionTest, ReplacingTakesTheOldBytesAway) {
  const Entry parts = upload_parts(anna_, "p.jpg", {"one", "two"});
  const Entry plain = upload(anna_, "q.mp3", "three");
  const Account bob = bob_;
  EXPECT_FAILS(run(vault_->files().replace(as(bob), parts.id, receive(bob, "evil").value())),
               kNotFound);
  EXPECT_EQ(stored_blobs(), 3U) << "what was refused is gone";
  const auto replaced =
      run(vault_->files().replace(as(anna_), parts.id, receive(anna_, "three").value()));
  ASSERT_TRUE(replaced);
  EXPECT_FALSE(replaced->manifest);
  EXPECT_EQ(replaced->checksum, plain.checksum);
  EXPECT_EQ(content_of(*replaced), "three");
  const Entry folder = make_folder(anna_, "f");
  EXPECT_FAILS(run(vault_->files().replace(as(anna_), folder.id, receive(anna_, "x").value())),
               kNotFound);
  clock_.advance(hours(24));
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(plain), "three");
}

TEST_F(UploadSessionSizeTest, AllPartsTogetherAreOneFile) {
  const UploadSession upload = begin_parts(anna_, "f");
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, std::string(60, 'x')));
  const auto more = put_part(anna_, upload.uuid, 2, std::string(41, 'y'));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().stream, StreamFault::kTooLarge);
  ASSERT_TRUE(put_part(anna_, upload.uuid, 2, std::string(40, 'y')));
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, std::string(60, 'z')));
  EXPECT_EQ(complete(anna_, upload.uuid)->size, 100U);
}

}  // namespace
}  // namespace coffer::vault::test
