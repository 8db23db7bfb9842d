#include <string>
#include <utility>
#include <vector>

#include "vault/test/fixture.h"
#include "vault/tree/media_rows.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class MediaQueueTest : public VaultTest {
 protected:
  MediaQueueTest() : anna_(make_account("anna")), bert_(make_account("bert")) {}

  std::optional<MediaJob> lease() { return run(vault_->media_queue().lease()); }
  static MadePicture picture(const std::string& bytes) {
    return {.format = PictureFormat::kWebp,
            .width = 320,
            .height = 240,
            .bytes = Bytes(as_bytes(bytes).begin(), as_bytes(bytes).end())};
  }
  static Media ready(std::optional<Time> taken_at = {}) {
    Media media{.state = MediaState::kReady};
    media.facts.width = 4000;
    media.facts.height = 3000;
    media.facts.codec = "jpeg";
    media.facts.taken_at = taken_at;
    return media;
  }
  // Looks into what is next; the picture is made of its digest.
  void look(std::optional<Time> taken_at = {}) {
    const auto job = lease();
    ASSERT_TRUE(job);
    EXPECT_TRUE(run(vault_->media_queue().settle(*job, ready(taken_at),
                                                 picture("picture of " + job->digest.hex()))));
  }
  Entry find(const Entry& entry) {
    return run(vault_->entries().find(entry.owner, entry.id)).value();
  }
  std::int64_t rows_of_facts() {
    static constexpr db::Statement kCount{"SELECT count(*) FROM media_facts"};
    return count(kCount);
  }
  Names names(EntryQuery query) {
    query.owner = anna_.id;
    Names found;
    for (const Entry& entry : list(std::move(query)).entries) found.push_back(entry.name);
    return found;
  }
  MediaCounts counts() { return run(media_counts(GuardedDatabase(*stores_.database))); }

  Account anna_;
  Account bert_;
};

TEST_F(MediaQueueTest, EqualBytesAreLookedIntoOnce) {
  const Entry hers = upload(anna_, "a.jpg", "bytes");
  const Entry again = upload(anna_, "b.jpg", "bytes");
  const Entry his = upload(bert_, "c.jpg", "bytes");
  upload(anna_, "text.txt", "text");
  upload(anna_, "data", "data");
  ASSERT_TRUE(hers.media);
  EXPECT_EQ(hers.media->state, MediaState::kProcessing);
  EXPECT_EQ(rows_of_facts(), 1);
  look();
  EXPECT_FALSE(lease());
  for (const Entry& entry : {hers, again, his}) {
    const Entry found = find(entry);
    ASSERT_TRUE(found.media);
    EXPECT_EQ(found.media->state, MediaState::kReady);
    EXPECT_EQ(found.media->facts.width, 4000U);
    EXPECT_EQ(found.media->facts.codec, "jpeg");
    ASSERT_TRUE(found.media->thumbnail);
    EXPECT_EQ(found.media->thumbnail->width, 320U);
    const auto shown = run(vault_->pictures().thumbnail(found));
    ASSERT_TRUE(shown);
    EXPECT_EQ(shown->digest, found.media->thumbnail->digest);
    EXPECT_EQ(shown->media_type, "image/webp");
  }
  const Entry later = upload(bert_, "d.jpg", "bytes");
  ASSERT_TRUE(later.media);
  EXPECT_EQ(later.media->state, MediaState::kReady) << "it is known already";
  EXPECT_FALSE(lease());
}

TEST_F(MediaQueueTest, EveryReadOfAFileHasItsFacts) {
  const Entry file = upload(anna_, "a.jpg", "bytes", {"tag"});
  look();
  const Media expected = *find(file).media;
  EXPECT_EQ(*list({.owner = anna_.id}).entries.at(0).media, expected);
  EXPECT_EQ(*list({.owner = anna_.id, .text = "a"}).entries.at(0).media, expected);
  EXPECT_EQ(*list({.owner = anna_.id, .tag = "tag"}).entries.at(0).media, expected);
  EXPECT_EQ(*run(vault_->entries().walk(anna_.id, EntryId{})).items.at(0).media, expected);
  EXPECT_EQ(*run(vault_->folders().children({.space = anna_.home})).items.at(0).media, expected);
  EXPECT_EQ(*run(vault_->shares().find(file.share))->entry.media, expected);
  ASSERT_TRUE(run(vault_->shares().set_expiry(as(anna_), file.id, clock_.now() + 1h)));
  EXPECT_EQ(*find(file).media, expected);
}

TEST_F(MediaQueueTest, EventsTellThatItIsReady) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  upload(bert_, "b.jpg", "bytes");
  const std::size_t before = events().size();
  const Time updated_at = find(file).updated_at;
  clock_.advance(1min);
  look();
  const auto after = events();
  ASSERT_EQ(after.size(), before + 2);
  EXPECT_EQ(after[before].type, EventType::kEntryUpdated);
  EXPECT_EQ(after[before].entry, file.id);
  EXPECT_EQ(after[before + 1].owner, bert_.id);
  EXPECT_EQ(find(file).updated_at, updated_at) << "nobody changed it";
}

TEST_F(MediaQueueTest, AccountsTakeTurns) {
  for (int i = 0; i < 3; ++i) {
    upload(anna_, std::to_string(i) + ".jpg", "hers " + std::to_string(i));
    clock_.advance(1s);
  }
  const Entry his = upload(bert_, "his.jpg", "his");
  clock_.advance(1s);
  std::vector<std::string> order;
  while (const auto job = lease()) {
    order.push_back(job->digest == his.checksum ? "his" : "hers");
    if (order.size() > 1) continue;
    EXPECT_EQ(job->digest, Sha256::of(as_bytes(std::string("hers 0"))));
  }
  EXPECT_EQ(order, (Names{"hers", "his", "hers", "hers"}));
}

TEST_F(MediaQueueTest, ALeaseEndsWithTheProgramThatHadIt) {
  upload(anna_, "a.jpg", "bytes");
  const auto lost = lease();
  ASSERT_TRUE(lost);
  EXPECT_FALSE(lease());
  open({});  // it was killed in the middle
  EXPECT_FALSE(lease());
  clock_.advance(MediaQueue::kLease);
  const auto job = lease();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->tries, 2U);
  EXPECT_TRUE(run(vault_->media_queue().settle(*job, ready(), std::nullopt)));
  EXPECT_FALSE(run(vault_->media_queue().settle(*lost, ready(), picture("late"))))
      << "somebody else has ended it";
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
}

TEST_F(MediaQueueTest, TheNextRunReleasesWhatTheLastOneHad) {
  upload(anna_, "a.jpg", "bytes");
  ASSERT_TRUE(lease());
  open({});
  run(vault_->media_queue().release_all());
  EXPECT_TRUE(lease());
}

TEST_F(MediaQueueTest, WhatEndsTheProgramEachTimeIsGivenUp) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  int tries = 0;
  while (lease()) {
    ASSERT_LT(++tries, 100);
    clock_.advance(MediaQueue::kLease);
  }
  EXPECT_EQ(tries, 10);
  EXPECT_EQ(find(file).media->state, MediaState::kFailed);
  EXPECT_EQ(find(file).media->failure, MediaFailure::kCrashed);
}

TEST_F(MediaQueueTest, WhatWasKilledIsTriedSoonAndLaterEachTime) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  std::vector<std::chrono::seconds> waited;
  for (auto job = lease(); !job->was_begun_enough();) {
    ASSERT_LT(waited.size(), 100U);
    EXPECT_FALSE(job->has_failed_enough()) << "nothing is said of the file";
    run(vault_->media_queue().retry_soon(*job));
    waited.emplace_back(0s);
    while (!(job = lease())) {
      clock_.advance(1s);
      waited.back() += 1s;
    }
  }
  EXPECT_EQ(waited, (std::vector<std::chrono::seconds>{1s, 2s, 4s, 8s, 16s, 32s, 32s, 32s, 32s}));
  EXPECT_EQ(find(file).media->state, MediaState::kProcessing) << "the last one may still succeed";
}

TEST_F(MediaQueueTest, AFailureThatMayPassIsTriedLater) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  run(vault_->media_queue().retry_later(lease().value()));
  EXPECT_FALSE(lease());
  EXPECT_EQ(find(file).media->state, MediaState::kProcessing);
  clock_.advance(MediaQueue::kRetryAfter);
  const auto again = lease();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->has_failed_enough());
  const Media failed{.state = MediaState::kFailed, .failure = MediaFailure::kTime};
  EXPECT_TRUE(run(vault_->media_queue().settle(*again, failed, std::nullopt)));
  EXPECT_EQ(*find(file).media, failed);
  EXPECT_EQ(counts().failures[static_cast<std::size_t>(MediaFailure::kTime)], 1U);
  GuardedDatabase database(*stores_.database);
  EXPECT_EQ(run(retry_failed_media(database, clock_.now(), 10)), 1U);
  EXPECT_EQ(find(file).media->state, MediaState::kProcessing);
  look();
  EXPECT_EQ(find(file).media->state, MediaState::kReady);
}

TEST_F(MediaQueueTest, OtherBytesAreLookedIntoAnew) {
  const Entry file = upload(anna_, "a.jpg", "old");
  look(from_micros(-1'000));
  const auto replace = [&](const std::string& bytes) {
    auto staged = receive(anna_, bytes);
    return run(vault_->files().replace(as(anna_), file.id, std::move(*staged))).value();
  };
  EXPECT_EQ(replace("old").media->state, MediaState::kReady);
  EXPECT_EQ(replace("new").media->state, MediaState::kProcessing);
  EXPECT_EQ(find(file).media->state, MediaState::kProcessing);
  EXPECT_EQ(contradictions(), Names{});
  look(from_micros(5'000));
  EXPECT_EQ(find(file).media->facts.taken_at, from_micros(5'000));
  collect_all();
  EXPECT_EQ(rows_of_facts(), 1) << "those of the old bytes are gone";
}

TEST_F(MediaQueueTest, PicturesGoWithTheLastFile) {
  const Entry hers = upload(anna_, "a.jpg", "bytes");
  const Entry his = upload(bert_, "a.jpg", "bytes");
  look();
  EXPECT_EQ(stored_blobs(), 2U);
  ASSERT_TRUE(run(vault_->trash().put(as(anna_), hers.id)));
  ASSERT_TRUE(remove(bert_, his.id));
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U) << "it can be restored";
  EXPECT_EQ(rows_of_facts(), 1);
  ASSERT_TRUE(run(vault_->trash().remove(as(anna_), hers.id)));
  collect_all();
  EXPECT_EQ(rows_of_facts(), 0);
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(MediaQueueTest, ARestoredFileHasItsDate) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  ASSERT_TRUE(run(vault_->trash().put(as(anna_), file.id)));
  look(from_micros(7));
  const Entry restored = run(vault_->trash().restore(as(anna_), file.id)).value();
  EXPECT_EQ(find(restored).media->facts.taken_at, from_micros(7));
  EXPECT_EQ(names({.taken_before = from_micros(8)}), Names{"a.jpg"});
}

TEST_F(MediaQueueTest, ARemovedAccountLeavesNothing) {
  upload(anna_, "a.jpg", "bytes");
  upload(anna_, "b.jpg", "more");
  look();
  ASSERT_TRUE(run(vault_->account_removal().remove(anna_.id)));
  EXPECT_EQ(contradictions(), Names{});
  collect_all();
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(rows_of_facts(), 0);
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(MediaQueueTest, AJobOfDeletedBytesComesToNothing) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const auto job = lease();
  ASSERT_TRUE(run(vault_->media_queue().open(job->digest)).content);
  ASSERT_TRUE(remove(anna_, file.id));
  EXPECT_FALSE(run(vault_->media_queue().open(job->digest)).content);
  EXPECT_FALSE(run(vault_->media_queue().settle(*job, ready(), picture("late"))));
  EXPECT_EQ(rows_of_facts(), 0);
  collect_all();
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(MediaQueueTest, JobsOfDeletedAndReplacedBytesAreNotGivenOut) {
  std::vector<Entry> files;
  for (int i = 0; i < 70; ++i) {
    files.push_back(upload(anna_, std::to_string(i) + ".jpg", "bytes " + std::to_string(i)));
    clock_.advance(1s);
  }
  const Entry kept = upload(anna_, "kept.jpg", "old");
  clock_.advance(1s);
  auto staged = receive(anna_, "new");
  const Entry replaced =
      run(vault_->files().replace(as(anna_), kept.id, std::move(*staged))).value();
  for (const Entry& file : files) ASSERT_TRUE(remove(anna_, file.id));
  EXPECT_FALSE(lease()) << "some are dropped at once";
  const auto job = lease();
  ASSERT_TRUE(job);
  EXPECT_EQ(job->digest, replaced.checksum);
  EXPECT_EQ(counts().waiting, 1U);
  EXPECT_EQ(rows_of_facts(), 1);
}

TEST_F(MediaQueueTest, AJobOfATrashedFileIsDone) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  ASSERT_TRUE(run(vault_->trash().put(as(anna_), file.id)));
  look();
  EXPECT_EQ(run(vault_->trash().restore(as(anna_), file.id)).value().media->state,
            MediaState::kReady);
}

TEST_F(MediaQueueTest, FilesOfPartsFollowTheirDigest) {
  const Entry file = upload_parts(anna_, "a.jpg", {"one", "two"});
  const std::string tag = state_tag(find(file), {}).substr(0, kSetTagLength);
  EXPECT_FALSE(file.media);
  EXPECT_FALSE(lease());
  const Entry next = run(vault_->digests().next(EntryId{})).value();
  const auto digest = Sha256::of(as_bytes(std::string("onetwo")));
  ASSERT_TRUE(run(vault_->digests().settle(next, digest)));
  EXPECT_EQ(find(file).media->state, MediaState::kProcessing);
  EXPECT_EQ(state_tag(find(file), {}).substr(0, kSetTagLength), tag) << "nobody set it";
  const auto job = lease();
  ASSERT_TRUE(job);
  const auto bytes = run(vault_->media_queue().open(job->digest));
  ASSERT_TRUE(bytes.content);
  EXPECT_TRUE(bytes.is_in_parts);
  EXPECT_EQ(bytes.content->size(), 6U);
  EXPECT_TRUE(run(vault_->media_queue().settle(*job, ready(from_micros(9)), std::nullopt)));
  const Entry twin = upload_parts(anna_, "b.jpg", {"onet", "wo"});
  ASSERT_TRUE(run(vault_->digests().settle(find(twin), digest)));
  EXPECT_EQ(find(twin).media->facts.taken_at, from_micros(9));
}

TEST_F(MediaQueueTest, AnotherTypeIsLookedInto) {
  const Entry file = upload(anna_, "a.txt", "bytes");
  EXPECT_FALSE(lease());
  const auto rename = [&](const std::string& name) {
    return run(vault_->entries().update(as(anna_), file.id, {.name = name})).value();
  };
  EXPECT_EQ(rename("a.jpg").media->state, MediaState::kProcessing);
  look(from_micros(3));
  EXPECT_EQ(names({.taken_from = from_micros(3)}), Names{"a.jpg"});
  EXPECT_EQ(contradictions(), Names{});
  EXPECT_FALSE(rename("a.bin").media);
  EXPECT_EQ(names({.taken_from = from_micros(3)}), Names{});
  EXPECT_EQ(contradictions(), Names{});
  EXPECT_EQ(rename("b.jpg").media->state, MediaState::kReady);
  collect_all();
  EXPECT_EQ(rows_of_facts(), 1);
  rename("b.bin");
  collect_all();
  EXPECT_EQ(rows_of_facts(), 0) << "no file shows them";
  EXPECT_EQ(contradictions(), Names{});
  EXPECT_EQ(rename("c.jpg").media->state, MediaState::kProcessing);
}

TEST_F(MediaQueueTest, WhatWasStoredBeforeIsCaughtUp) {
  for (int i = 0; i < 5; ++i) {
    upload(anna_, std::to_string(i) + ".jpg", "bytes " + std::to_string(i));
    upload(anna_, std::to_string(i) + ".bin", "data " + std::to_string(i));
  }
  auto forget = [](db::Transaction& tx) -> Task<void> {
    static constexpr db::Statement kForget{"DELETE FROM media_facts"};
    co_await tx.execute(kForget);
  };
  run(stores_.database->write(forget));
  open({});
  EXPECT_FALSE(lease());
  EXPECT_EQ(counts().unqueued, 5U);
  EXPECT_TRUE(run(vault_->media_queue().catch_up(4)));
  EXPECT_EQ(counts().waiting, 2U);
  open({});  // it goes on where it stopped
  int steps = 0;
  while (run(vault_->media_queue().catch_up(4))) ++steps;
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(counts().waiting, 5U);
  EXPECT_EQ(counts().unqueued, 0U);
  run(stores_.database->write(forget));
  open({});
  EXPECT_FALSE(run(vault_->media_queue().catch_up(4))) << "once";
  EXPECT_EQ(counts().waiting, 0U);
}

TEST_F(MediaQueueTest, WhatWasNotDrawnIsDrawnLater) {
  std::vector<Entry> pages;
  for (int i = 0; i < 5; ++i) {
    pages.push_back(upload(anna_, std::to_string(i) + ".jpg", "page " + std::to_string(i)));
    Media media = ready();
    media.failure = MediaFailure::kPdfOff;
    ASSERT_TRUE(run(vault_->media_queue().settle(*lease(), media, std::nullopt)));
  }
  const Entry drawing = upload(anna_, "drawing.jpg", "drawing");
  Media media{.state = MediaState::kReady, .failure = MediaFailure::kSvgOff};
  ASSERT_TRUE(run(vault_->media_queue().settle(*lease(), media, std::nullopt)));
  upload(anna_, "photo.jpg", "photo");
  look();
  ASSERT_TRUE(run(vault_->trash().put(as(anna_), pages.back().id)));
  pages.pop_back();
  const auto never = run(vault_->pictures().thumbnail(find(pages[0])));
  EXPECT_FAILS(never, kNotFound);
  EXPECT_EQ(never.error().message, describe(MediaFailure::kPdfOff));

  std::optional<Sha256Digest> last = Sha256Digest{};
  int steps = 0;
  while (last) {
    last = run(vault_->media_queue().queue_undrawn(MediaFailure::kPdfOff, *last, 2));
    ++steps;
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(counts().waiting, 5U);
  EXPECT_EQ(find(pages[0]).media->state, MediaState::kProcessing);
  EXPECT_EQ(find(drawing).media->state, MediaState::kReady);
  for (int i = 0; i < 5; ++i) look();
  EXPECT_FALSE(lease());
  for (const Entry& page : pages) EXPECT_TRUE(find(page).media->thumbnail);
  EXPECT_FALSE(find(drawing).media->thumbnail);
  EXPECT_FALSE(run(vault_->media_queue().queue_undrawn(MediaFailure::kPdfOff, Sha256Digest{}, 2)));
  EXPECT_EQ(contradictions(), Names{});
}

TEST_F(MediaQueueTest, PicturesCostNobodyQuota) {
  upload(anna_, "a.jpg", "bytes");
  const Account before = account(anna_.id);
  look();
  EXPECT_EQ(account(anna_.id).used, before.used);
  EXPECT_EQ(account(anna_.id).charged, before.charged);
}

TEST_F(MediaQueueTest, ListsAreSortedByWhenItWasTaken) {
  const Time day = clock_.now();
  const std::vector<std::pair<std::string, std::optional<Time>>> files{
      {"old.jpg", from_micros(-5)},  {"undated.jpg", std::nullopt}, {"future.jpg", day + 24h},
      {"same.jpg", from_micros(70)}, {"twin.jpg", from_micros(70)}, {"data", std::nullopt},
      {"notes.txt", std::nullopt}};
  for (const auto& [name, taken_at] : files) {
    upload(anna_, name, name);
    if (name.ends_with(".jpg")) look(taken_at);
    clock_.advance(1s);
  }
  const Names ascending{"data",     "notes.txt",   "old.jpg",   "same.jpg",
                        "twin.jpg", "undated.jpg", "future.jpg"};
  const Names descending(ascending.rbegin(), ascending.rend());
  EXPECT_EQ(names({.sort = EntrySort::kTaken, .descending = false}), ascending);
  EXPECT_EQ(names({.sort = EntrySort::kTaken}), descending);
  EXPECT_EQ(names({.kind = FileKind::kImage, .sort = EntrySort::kTaken}).size(), 5U);
  EXPECT_EQ(names({.text = "jpg", .sort = EntrySort::kTaken, .descending = false}),
            (Names{"old.jpg", "same.jpg", "twin.jpg", "undated.jpg", "future.jpg"}));
  for (const bool down : {false, true}) {
    for (const bool filtered : {false, true}) {
      Names paged;
      EntryQuery query{
          .owner = anna_.id, .sort = EntrySort::kTaken, .descending = down, .limit = 2};
      if (filtered) query.created_from = day;
      for (;;) {
        const EntryPage page = list(query);
        for (const Entry& entry : page.entries) paged.push_back(entry.name);
        if (!page.next) break;
        query.after = page.next;
      }
      EXPECT_EQ(paged, down ? descending : ascending) << filtered;
    }
  }
  EXPECT_EQ(names({.taken_from = from_micros(0), .descending = false}),
            (Names{"future.jpg", "same.jpg", "twin.jpg"}));
  EXPECT_EQ(names({.taken_before = from_micros(70), .descending = false}), Names{"old.jpg"});
  EXPECT_EQ(names({.taken_from = from_micros(70),
                   .taken_before = from_micros(71),
                   .sort = EntrySort::kTaken,
                   .descending = false}),
            (Names{"same.jpg", "twin.jpg"}));
}

TEST_F(MediaQueueTest, FactsTellStatesApart) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const std::string before = state_tag(find(file), {});
  look();
  const std::string after = state_tag(find(file), {});
  EXPECT_NE(after, before) << "a reader sees something else";
  EXPECT_EQ(after.substr(0, kSetTagLength), before.substr(0, kSetTagLength)) << "nobody set it";
}

TEST(MediaText, IsReadAsItWasWritten) {
  Media media{.state = MediaState::kReady, .failure = MediaFailure::kNoDecoder};
  media.facts = {.width = 1,
                 .height = 2,
                 .duration_micros = 3'500'000,
                 .codec = "h264",
                 .colour_space = "BT.2020 PQ",
                 .taken_at = from_micros(-7),
                 .taken_offset_minutes = -300,
                 .location = MediaLocation{-900'000'000, 1'800'000'000},
                 .camera_make = "Apple",
                 .camera_model = "iPhone",
                 .title = "Größe",
                 .artist = "a",
                 .album = "b",
                 .track = 3,
                 .pages = 4};
  media.thumbnail = Thumbnail{.digest = Sha256::of({}), .size = 5, .width = 6, .height = 7};
  EXPECT_EQ(*decode_media(encode_media(media)), media);
  EXPECT_EQ(media.facts.duration(), 3.5);
  const Media plain{.state = MediaState::kFailed, .failure = MediaFailure::kDamaged};
  EXPECT_EQ(*decode_media(encode_media(plain)), plain);
  EXPECT_EQ(encode_media({}), "");
  EXPECT_EQ(*decode_media(""), Media());
  media.facts.title =
      "a\x1f"
      "b\n";
  EXPECT_EQ(decode_media(encode_media(media))->facts.title, "ab");
  for (const char* const text : {"0", "3", "x",
                                 "1\x1f"
                                 "99",
                                 "1\x1f\x1f"
                                 "abc"}) {
    EXPECT_EQ(decode_media(text)->state, MediaState::kFailed) << text;
  }
}

}  // namespace
}  // namespace coffer::vault::test
