#include "vault/tree/entries.h"

#include <atomic>

#include "vault/model/ids.h"
#include "vault/test/fixture.h"
#include "vault/tree/entry_rows.h"

namespace coffer::vault::test {
namespace {

class EntriesTest : public VaultTest {
 protected:
  Result<Entry> update(const Account& caller, EntryId id, EntryChanges changes) {
    return run(vault_->entries().update(as(caller), id, std::move(changes)));
  }
  std::vector<std::string> names(EntryQuery query) {
    query.owner = anna_.id;
    std::vector<std::string> found;
    for (const Entry& entry : list(std::move(query)).entries) found.push_back(entry.name);
    return found;
  }
  std::uint64_t total(EntryQuery query) {
    query.owner = anna_.id;
    return list(std::move(query)).total;
  }

  std::vector<Entry> all_pages(EntryQuery& query, std::uint64_t expected_total) {
    query.owner = anna_.id;
    query.limit = 7;
    std::vector<Entry> found;
    for (;;) {
      query.offset = found.size();
      const EntryPage page = list(query);
      EXPECT_EQ(page.total, expected_total);
      if (page.entries.empty()) return found;
      found.insert(found.end(), page.entries.begin(), page.entries.end());
    }
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

using Names = std::vector<std::string>;

TEST_F(EntriesTest, OtherPeoplesFilesDoNotExist) {
  const Entry entry = upload(anna_, "a.jpg", "x");
  EXPECT_FAILS(run(vault_->entries().find(bob_.id, entry.id)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(bob_.id, entry.uuid)), kNotFound);
  EXPECT_FAILS(update(bob_, entry.id, {.name = "b"}), kNotFound);
  EXPECT_FAILS(remove(bob_, entry.id), kNotFound);
  EXPECT_EQ(list({.owner = bob_.id}).total, 0U);
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, EntryId{0})), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, EntryId{-1})), kNotFound);
  EXPECT_EQ(run(vault_->entries().find(anna_.id, entry.id))->name, "a.jpg");
}

TEST_F(EntriesTest, ANewNameGivesTheTypeThatItStandsFor) {
  const Entry whole = upload(anna_, "a.jpg", "x");
  const Entry parts = upload_parts(anna_, "p.jpg", {"", "one", "two"});
  for (const Entry& entry : {whole, parts}) {
    const auto changed = update(anna_, entry.id, {.name = "b.mp3"}).value();
    EXPECT_EQ(changed.type.media_type, "audio/mpeg");
    EXPECT_EQ(changed.type.kind, FileKind::kAudio);
    const Entry stored = run(vault_->entries().find(anna_.id, entry.id)).value();
    EXPECT_EQ(stored.type, changed.type);
  }
  EXPECT_EQ(total({.kind = FileKind::kImage}), 0U);
  EXPECT_EQ(total({.kind = FileKind::kAudio}), 2U);
  EXPECT_TRUE(contradictions().empty());
  EXPECT_EQ(update(anna_, whole.id, {.title = "T"})->type.kind, FileKind::kAudio);
}

// Renamed and given other bytes at once: whichever comes first, the type is that of the last name.
TEST_F(EntriesTest, ANameAndBytesThatChangeAtOnceAgreeInTheEnd) {
  const Entry entry = upload(anna_, "0.txt", "0");
  in_parallel(4, [&](int thread) {
    for (int i = 0; i < 20; ++i) {
      if (thread < 2) {
        EXPECT_TRUE(update(anna_, entry.id, {.name = (i + thread) % 2 == 0 ? "a.jpg" : "b.mp3"}));
      } else {
        auto staged = receive(anna_, std::to_string(100 * thread + i)).value();
        EXPECT_TRUE(run(vault_->files().replace(as(anna_), entry.id, std::move(staged))));
      }
    }
  });
  const Entry stored = run(vault_->entries().find(anna_.id, entry.id)).value();
  EXPECT_EQ(stored.type, classify_by_extension(stored.name, {}));
  EXPECT_TRUE(contradictions().empty());
}

TEST_F(EntriesTest, ChangesWhatIsSetAndNothingElse) {
  const Entry entry = upload(anna_, "a.jpg", "x", {"one", "two"});
  clock_.advance(std::chrono::seconds(9));
  auto changed = update(anna_, entry.id, {.title = "T"});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->title, "T");
  EXPECT_EQ(changed->tags, entry.tags);
  EXPECT_EQ(changed->key, "a.jpg");
  EXPECT_EQ(changed->updated_at, clock_.now());
  EXPECT_EQ(changed->created_at, entry.created_at);
  ASSERT_TRUE(update(anna_, entry.id, {.description = "D", .tags = Names{"three"}}));
  EntryChanges clear;
  clear.title.emplace();
  changed = update(anna_, entry.id, clear);
  ASSERT_TRUE(changed);
  EXPECT_FALSE(changed->title);
  EXPECT_EQ(changed->description, "D");
  const Entry stored = run(vault_->entries().find(anna_.id, entry.id)).value();
  EXPECT_EQ(stored.tags, Names{"three"});
  EXPECT_EQ(stored.description, "D");
  EXPECT_FALSE(stored.title);
  EXPECT_EQ(total({.tag = "one"}), 0U);
  EXPECT_EQ(total({.tag = "three"}), 1U);

  const std::size_t before = events().size();
  ASSERT_TRUE(update(anna_, entry.id, {}));
  EntryChanges same{.name = stored.name, .description = stored.description, .tags = stored.tags};
  same.title.emplace();
  clock_.advance(std::chrono::seconds(9));
  EXPECT_EQ(update(anna_, entry.id, same)->updated_at, stored.updated_at);
  EXPECT_EQ(events().size(), before) << "nothing changed, nothing happened";
  EXPECT_FAILS(update(anna_, entry.id, {.name = ""}), kInvalid);
  EXPECT_FAILS(update(anna_, entry.id, {.tags = Names{"\xff"}}), kInvalid);
  EXPECT_EQ(events().size(), before);
}

TEST_F(EntriesTest, ANewNameGivesANewKey) {
  const Entry a = upload(anna_, "a.mp3", "x");
  const Entry b = upload(anna_, "b.mp3", "x");
  EXPECT_EQ(update(anna_, a.id, {.name = "b.mp3"})->key, "b (2).mp3");
  EXPECT_EQ(update(anna_, a.id, {.name = "b.mp3"})->key, "b (2).mp3") << "the name it has";
  EXPECT_EQ(update(anna_, b.id, {.name = "a.mp3"})->key, "a.mp3") << "free again";
  EXPECT_EQ(update(anna_, b.id, {.name = "c/d.mp3"})->key, "c_d.mp3");
  EXPECT_EQ(update(anna_, b.id, {.name = "c_d.mp3"})->key, "c_d.mp3") << "its own key";
  EXPECT_EQ(upload(anna_, "b.mp3", "x").key, "b.mp3");
  EXPECT_EQ(names({.text = "c_d"}), Names{"c_d.mp3"});
  EXPECT_EQ(names({.text = "c/d"}), Names{});
}

TEST_F(EntriesTest, WhatWasFoundIsLookedForAgainAfterAnyChange) {
  const Entry entry = upload(anna_, "a.txt", "x");
  // On an executor like the serving cores, which remember.
  ThreadPool core("core", 1);
  const auto there = [&](const Account& caller) -> Task<Result<Entry>> {
    co_await resume_on(core);
    auto found = co_await vault_->entries().find(caller.id, entry.id);
    co_return found;
  };
  EXPECT_EQ(run(there(anna_))->name, "a.txt");
  const auto again = [&]() -> Task<std::uint64_t> {
    co_await resume_on(core);
    co_await vault_->entries().find(anna_.id, entry.id);
    const std::uint64_t before = stores_.database->stats().statements;
    co_await vault_->entries().find(anna_.id, entry.id);
    co_return stores_.database->stats().statements - before;
  };
  EXPECT_EQ(run(again()), 0U) << "in the same turn";
  EXPECT_FAILS(run(there(bob_)), kNotFound);
  ASSERT_TRUE(update(anna_, entry.id, {.name = "b.txt"}));
  EXPECT_EQ(run(there(anna_))->name, "b.txt");
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    static constexpr db::Statement kRename{"UPDATE entry SET title = 'by another' WHERE id = $1"};
    co_await tx.execute(kRename, entry.id);
  }));
  EXPECT_EQ(run(there(anna_))->title, "by another");
  ASSERT_TRUE(run(vault_->files().remove(as(anna_), entry.id)));
  EXPECT_FAILS(run(there(anna_)), kNotFound);
}

TEST_F(EntriesTest, OfTwoDeletesOneSucceeds) {
  for (int round = 0; round < 10; ++round) {
    const Entry entry = upload(anna_, "a", "12345", {"t"});
    std::atomic<int> removed = 0;
    in_parallel(4, [&](int) {
      const auto result = remove(anna_, entry.id);
      if (result) {
        ++removed;
      } else {
        EXPECT_EQ(result.error().code, FailureCode::kNotFound);
      }
    });
    EXPECT_EQ(removed, 1);
    EXPECT_EQ(account(anna_.id).used, 0U);
    EXPECT_EQ(total({}), 0U);
    EXPECT_EQ(total({.tag = "t"}), 0U);
    EXPECT_FAILS(run(vault_->entries().find(anna_.id, entry.id)), kNotFound);
  }
}

TEST_F(EntriesTest, NumbersNeverComeTwice) {
  const Entry first = upload(anna_, "a", "x");
  ASSERT_TRUE(remove(anna_, first.id));
  EXPECT_GT(upload(anna_, "a", "x").id, first.id);
}

TEST_F(EntriesTest, FiltersAndSorts) {
  upload(anna_, "b.jpg", "333", {"Sea", "summer"});
  upload(anna_, "a.mp3", "1", {"sea"});
  upload(anna_, "C.jpg", "22");
  upload(anna_, "\xc3\x84pfel 100%.txt", "4444", {"f_o"});
  upload(bob_, "bob.jpg", "x", {"sea"});
  const std::string apples = "\xc3\x84pfel 100%.txt";

  EXPECT_EQ(names({}), (Names{apples, "C.jpg", "a.mp3", "b.jpg"}));
  EXPECT_EQ(names({.descending = false}), (Names{"b.jpg", "a.mp3", "C.jpg", apples}));
  EXPECT_EQ(names({.sort = EntrySort::kName, .descending = false}),
            (Names{"C.jpg", "a.mp3", "b.jpg", apples}));
  EXPECT_EQ(names({.sort = EntrySort::kSize}), (Names{apples, "b.jpg", "C.jpg", "a.mp3"}));
  EXPECT_EQ(names({.kind = FileKind::kImage}), (Names{"C.jpg", "b.jpg"}));
  EXPECT_EQ(names({.kind = FileKind::kVideo}), Names{});
  EXPECT_EQ(total({.kind = FileKind::kImage}), 2U);
  EXPECT_EQ(names({.tag = "SEA"}), (Names{"a.mp3", "b.jpg"}));
  EXPECT_EQ(names({.kind = FileKind::kAudio, .tag = " sea "}), Names{"a.mp3"});
  EXPECT_EQ(total({.kind = FileKind::kAudio, .tag = "sea"}), 1U);
  EXPECT_EQ(names({.tag = "se"}), Names{}) << "the whole tag";
  EXPECT_EQ(names({.tag = "\xff"}), Names{});

  EXPECT_EQ(names({.text = "JPG"}), (Names{"C.jpg", "b.jpg"}));
  EXPECT_EQ(names({.text = "summ"}), Names{"b.jpg"});
  EXPECT_EQ(names({.text = "a\xcc\x88PFEL"}), Names{apples});
  EXPECT_EQ(names({.text = "%"}), Names{apples}) << "no wildcard";
  EXPECT_EQ(names({.text = "f_o"}), Names{apples});
  EXPECT_EQ(names({.text = "_"}), Names{apples}) << "no wildcard";
  EXPECT_EQ(names({.text = "\\"}), Names{});
  EXPECT_EQ(names({.text = std::string("\0", 1)}), Names{}) << "blanks, but not nothing asked for";
  EXPECT_EQ(names({.text = " \t"}).size(), 4U) << "nothing asked for";
  EXPECT_EQ(names({.text = "jpg\x1fsea"}), Names{"b.jpg"}) << "two words";
  EXPECT_EQ(names({.text = "sea JPG"}), Names{"b.jpg"}) << "in whatever order";
  EXPECT_EQ(names({.text = "apfel"}), Names{apples}) << "accents do not count";
  EXPECT_EQ(names({.text = "b.jpgsea"}), Names{}) << "no match across fields";
  EXPECT_EQ(names({.text = "\xff"}), Names{});
  EXPECT_EQ(names({.text = "jpg 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m n o p q r s t u v w"}),
            Names{});
  EXPECT_EQ(names({.text = std::string(60'000, '%')}), Names{});
  EXPECT_EQ(names({.text = std::string(16'384, '%')}), Names{});
  EXPECT_EQ(names({.text = std::string(8'000, '\xef')}), Names{});
  EXPECT_EQ(names({.text = "jpg", .tag = "sea"}), Names{"b.jpg"});
  EXPECT_EQ(total({.text = "jpg", .tag = "sea"}), 1U);
  EXPECT_EQ(total({.text = ""}), 4U);
}

TEST_F(EntriesTest, PagesNeverOverlap) {
  for (int i = 0; i < 60; ++i) {
    const char* extension[] = {".jpg", ".mp3", ".bin"};
    upload(anna_, "n" + std::to_string(i % 7) + extension[i % 3],
           std::string(static_cast<std::size_t>(i % 4), 's'), {"t"});
  }
  for (const EntrySort sort : {EntrySort::kCreated, EntrySort::kName, EntrySort::kSize}) {
    for (const bool descending : {false, true}) {
      for (const int filter : {0, 1, 2, 3}) {
        EntryQuery query;
        query.sort = sort;
        query.descending = descending;
        if (filter == 1) query.kind = FileKind::kImage;
        if (filter == 2) query.text = "n";
        if (filter == 3) query.tag = "T";
        const std::vector<Entry> found = all_pages(query, filter == 1 ? 20 : 60);
        std::set<EntryId> ids;
        for (const Entry& entry : found) ids.insert(entry.id);
        EXPECT_EQ(found.size(), filter == 1 ? 20U : 60U);
        EXPECT_EQ(ids.size(), found.size());
        const auto before = [&](const Entry& a, const Entry& b) {
          const Entry& x = descending ? b : a;
          const Entry& y = descending ? a : b;
          if (sort == EntrySort::kName && x.name != y.name) return x.name < y.name;
          if (sort == EntrySort::kSize && x.size != y.size) return x.size < y.size;
          return x.id < y.id;
        };
        EXPECT_TRUE(std::ranges::is_sorted(found, before));
      }
    }
  }
}

// Every list, page after page, while others insert and delete.
TEST_F(EntriesTest, PositionsLeadThroughEveryList) {
  Collection collection = run(vault_->collections().create(as(anna_), "c", std::nullopt)).value();
  std::vector<EntryId> all;
  for (int i = 0; i < 60; ++i) {
    const char* extension[] = {".jpg", ".mp3", ".bin"};
    const Entry made = upload(anna_, "n" + std::to_string(i % 7) + extension[i % 3],
                              std::string(static_cast<std::size_t>(i % 4), 's'), {"t"});
    all.push_back(made.id);
    clock_.advance(std::chrono::seconds(1));
  }
  ASSERT_TRUE(run(vault_->collections().add(as(anna_), collection.id, all)));
  const Time begin = clock_.now() - std::chrono::seconds(60);
  for (const EntrySort sort : {EntrySort::kCreated, EntrySort::kName, EntrySort::kSize,
                               EntrySort::kPosition, EntrySort::kAdded, EntrySort::kRelevance}) {
    for (const bool descending : {false, true}) {
      for (const int filter : {0, 1, 2, 3, 4, 5}) {
        EntryQuery query;
        query.owner = anna_.id;
        query.sort = sort;
        query.descending = descending;
        const bool in_collection = sort == EntrySort::kPosition || sort == EntrySort::kAdded;
        if (filter == 1) query.kind = FileKind::kImage;
        if (filter == 2 || sort == EntrySort::kRelevance) query.text = "n";
        if (filter == 3) query.tag = "T";
        if (filter == 4) query.created_from = begin;
        if (filter == 5 || in_collection) query.collection = collection.id;
        query.limit = 1000;
        std::vector<EntryId> expected;
        for (const Entry& entry : list(query).entries) expected.push_back(entry.id);
        EXPECT_EQ(expected.size(), filter == 1 ? 20U : 60U);
        EXPECT_FALSE(list(query).next);
        std::vector<EntryId> found;
        query.limit = 7;
        for (;;) {
          const EntryPage page = list(query);
          for (const Entry& entry : page.entries) found.push_back(entry.id);
          // Neither moves what comes.
          const Entry other = upload(anna_, "m.jpg", "");
          ASSERT_TRUE(remove(anna_, other.id));
          if (!page.next) break;
          query.after = page.next;
        }
        EXPECT_EQ(found, expected) << static_cast<int>(sort) << descending << filter;
      }
    }
  }
}

TEST_F(EntriesTest, APositionOutlivesItsEntry) {
  std::vector<Entry> all;
  for (int i = 0; i < 6; ++i) all.push_back(upload(anna_, "a.jpg", "x", {"t"}));
  for (const EntrySort sort : {EntrySort::kCreated, EntrySort::kName, EntrySort::kSize}) {
    for (const bool tagged : {false, true}) {
      EntryQuery query{.owner = anna_.id, .sort = sort, .descending = true};
      if (tagged) query.tag = "t";
      query.limit = 2;
      const Entry gone = upload(anna_, "a.jpg", "x", {"t"});
      const EntryPage first = list(query);
      ASSERT_EQ(first.entries[0].id, gone.id);
      ASSERT_TRUE(remove(anna_, first.entries[0].id));
      ASSERT_TRUE(remove(anna_, first.entries[1].id));
      query.after = first.next;
      const EntryPage second = list(query);
      all.pop_back();
      ASSERT_EQ(second.entries.size(), std::min<std::size_t>(2, all.size()));
      if (!all.empty()) {
        EXPECT_EQ(second.entries[0].id, all.back().id);
      }
    }
  }
}

TEST_F(EntriesTest, DatesBoundLists) {
  const Time begin = clock_.now();
  for (int i = 0; i < 5; ++i) {
    upload(anna_, std::to_string(i) + ".jpg", "x", {"t"});
    clock_.advance(std::chrono::seconds(10));
  }
  const auto at = [&](int seconds) { return begin + std::chrono::seconds(seconds); };
  EXPECT_EQ(names({.created_from = at(30)}), (Names{"4.jpg", "3.jpg"}));
  EXPECT_EQ(names({.created_before = at(20)}), (Names{"1.jpg", "0.jpg"}));
  EXPECT_EQ(names({.created_from = at(10), .created_before = at(31), .descending = false}),
            (Names{"1.jpg", "2.jpg", "3.jpg"}));
  EXPECT_EQ(names({.tag = "t", .created_from = at(40), .sort = EntrySort::kName}), Names{"4.jpg"});
  EXPECT_EQ(names({.text = "2", .created_from = at(10)}), Names{"2.jpg"});
  EXPECT_EQ(names({.text = "2", .created_from = at(30)}), Names{});
  EXPECT_EQ(total({.kind = FileKind::kImage, .created_from = at(10)}), 4U);
  EXPECT_EQ(total({.created_from = at(30), .created_before = at(30)}), 0U);
}

TEST_F(EntriesTest, APagePastTheEndIsEmpty) {
  upload(anna_, "a.jpg", "x");
  for (const std::uint64_t offset :
       {std::uint64_t{1}, std::uint64_t{10'001}, std::uint64_t{1} << 40U,
        std::uint64_t{0xffff'ffff'ffff'ffff}}) {
    const EntryPage page = list({.owner = anna_.id, .offset = offset});
    EXPECT_TRUE(page.entries.empty());
    EXPECT_EQ(page.total, 1U);
  }
  const EntryPage none = list({.owner = anna_.id, .limit = 0});
  EXPECT_TRUE(none.entries.empty());
  EXPECT_EQ(none.total, 1U);
}

TEST_F(EntriesTest, EventsTellEachChangeInOrder) {
  const Entry a = upload(anna_, "a.jpg", "x");
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(update(anna_, a.id, {.title = "T"}));
  EXPECT_FAILS(update(bob_, a.id, {.title = "T"}), kNotFound);
  EXPECT_FAILS(remove(bob_, a.id), kNotFound);
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(remove(anna_, a.id));
  const auto all = events();
  ASSERT_EQ(all.size(), 5U);
  const EventType types[] = {EventType::kAccountRegistered, EventType::kAccountRegistered,
                             EventType::kEntryCreated, EventType::kEntryUpdated,
                             EventType::kEntryDeleted};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].type, types[i]);
    if (i > 0) {
      EXPECT_GT(all[i].id, all[i - 1].id);
    }
    if (i < 2) {
      EXPECT_FALSE(all[i].entry);
      continue;
    }
    EXPECT_EQ(all[i].account, anna_.id);
    EXPECT_EQ(all[i].space, anna_.home);
    EXPECT_EQ(all[i].entry, a.id);
    EXPECT_EQ(all[i].uuid, a.uuid);
    EXPECT_EQ(all[i].kind, FileKind::kImage);
  }
  EXPECT_EQ(all[3].at - all[2].at, std::chrono::seconds(1));
  EXPECT_EQ(run(vault_->events().read(all[2].id, 1)).events.at(0).id, all[3].id);

  EXPECT_EQ(run(vault_->events().prune(all[3].at, 2)), 2U);
  EXPECT_EQ(run(vault_->events().prune(all[3].at, 2)), 1U);
  EXPECT_EQ(run(vault_->events().prune(all[3].at, 2)), 0U);
  EXPECT_EQ(events().front().id, all[3].id);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(run(vault_->events().prune(clock_.now(), 100)), 2U);
  upload(anna_, "b", "x");
  EXPECT_GT(events().front().id, all[4].id) << "numbers never come twice";
}

// All ones.
class FullEntropy final : public Entropy {
 public:
  void fill(ByteSpan out) override { std::ranges::fill(out, std::byte{0xff}); }
};

TEST(Tokens, KeepTheBitsOfTheCellFree) {
  FullEntropy entropy;
  const Uuid token = make_token(from_micros(-1), entropy);
  EXPECT_EQ(token.str(), "ffffffff-ffff-4000-bfff-ffffffffffff");
  EXPECT_TRUE(is_token(token));
}

TEST(FileKinds, NamesGoBothWays) {
  for (const auto kind : {FileKind::kImage, FileKind::kVideo, FileKind::kAudio, FileKind::kDocument,
                          FileKind::kOther}) {
    EXPECT_EQ(file_kind_from(name_of(kind)), kind);
  }
  EXPECT_FALSE(file_kind_from("Image"));
  EXPECT_FALSE(file_kind_from(""));
}

}  // namespace
}  // namespace coffer::vault::test
