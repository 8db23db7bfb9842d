#include "vault/tree/search_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "vault/test/fixture.h"
#include "vault/tree/entry_scan.h"

namespace coffer::vault::test {
namespace {

using Names = std::vector<std::string>;

class SearchIndexTest : public VaultTest {
 protected:
  Names names(EntryQuery query) {
    if (query.owner == AccountId{}) query.owner = anna_.id;
    Names found;
    for (const Entry& entry : list(std::move(query)).entries) found.push_back(entry.name);
    return found;
  }
  Names find(const std::string& text, EntrySort sort = EntrySort::kRelevance) {
    EntryQuery query;
    query.text = text;
    query.sort = sort;
    return names(query);
  }
  // By the index, by the rows that it does not have yet, and when it is made anew: always the same.
  void expect(const std::string& text, const Names& expected) {
    EXPECT_EQ(find(text), expected) << text;
    index_all();
    EXPECT_EQ(find(text), expected) << text << ", indexed";
  }
  std::int64_t through() {
    auto body = [](db::Transaction& tx) -> Task<EntryId> {
      co_return co_await indexed_through(tx);
    };
    return run(stores_.database->read(body)).value;
  }
  std::int64_t stale() {
    static constexpr db::Statement kCount{"SELECT count(*) FROM stale_words"};
    return count(kCount);
  }
  void change(const db::Statement& statement) {
    run(stores_.database->write(
        [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(statement); }));
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST_F(SearchIndexTest, FindsWhatWasUploadedAtOnce) {
  upload(anna_, "one.txt", "1");
  EXPECT_EQ(find("one"), Names{"one.txt"});
  index_all();
  upload(anna_, "one more.txt", "2");
  EXPECT_EQ(find("one"), (Names{"one more.txt", "one.txt"}));
  EXPECT_EQ(find("one", EntrySort::kName), (Names{"one.txt", "one more.txt"}));
  index_all();
  EXPECT_EQ(find("one"), (Names{"one more.txt", "one.txt"}));
  EXPECT_EQ(stale(), 0);
}

TEST_F(SearchIndexTest, FindsTermsOfAnyLengthInAnyScript) {
  upload(anna_, "東京タワー.jpg", "1", {"Wahrzeichen"});
  upload(anna_, "a+b (2).txt", "2", {"x"});
  upload(anna_, "Ärger-über_Öl.mp3", "3");
  for (const bool indexed : {false, true}) {
    if (indexed) index_all();
    for (const char* text : {"東", "東京", "京タワー", "wahrz", "ichen jpg", "WAHRZEICHEN"}) {
      EXPECT_EQ(find(text), Names{"東京タワー.jpg"}) << text;
    }
    for (const char* text : {"+", "a+", "a+b", "(2", "2) txt", "x", "b ("}) {
      EXPECT_EQ(find(text), Names{"a+b (2).txt"}) << text;
    }
    for (const char* text : {"arger", "ÜBER_öl", "l.mp3", "-u", "_o"}) {
      EXPECT_EQ(find(text), Names{"Ärger-über_Öl.mp3"}) << text;
    }
    for (const char* text : {"京東", "b+a", "wahrzeichen x", "bell", "\"", "17bg", "argeruber"}) {
      EXPECT_EQ(find(text), Names{}) << text;
    }
  }
}

TEST_F(SearchIndexTest, TheBestComesFirstThenTheNewest) {
  upload(anna_, "sunset.jpg", "1");
  upload(anna_, "unsung.jpg", "2");
  upload(anna_, "beach.jpg", "3", {"Sunny"});
  upload(anna_, "misunderstood.txt", "4");
  expect("sun", {"beach.jpg", "sunset.jpg", "misunderstood.txt", "unsung.jpg"});
  EXPECT_EQ(find("sun", EntrySort::kCreated),
            (Names{"misunderstood.txt", "beach.jpg", "unsung.jpg", "sunset.jpg"}));
}

TEST_F(SearchIndexTest, FollowsEveryChange) {
  const Entry file = upload(anna_, "before.jpg", "1", {"old"});
  index_all();
  ASSERT_TRUE(run(vault_->entries().update(
      as(anna_), file.id, {.name = "after.mp3", .title = "Needle", .tags = Names{"new"}})));
  EXPECT_EQ(find("before"), Names{});
  EXPECT_EQ(find("old"), Names{});
  for (const char* text : {"after", "needle", "new"}) expect(text, {"after.mp3"});
  EXPECT_EQ(names({.kind = FileKind::kAudio, .text = "needle"}), Names{"after.mp3"});
  EXPECT_EQ(names({.kind = FileKind::kImage, .text = "needle"}), Names{});

  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, {.title = "Pin"})));
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, {.title = "Needle"})));
  expect("needle", {"after.mp3"});
  EXPECT_EQ(find("pin"), Names{});

  ASSERT_TRUE(remove(anna_, file.id));
  EXPECT_EQ(find("needle"), Names{});
  index_all();
  EXPECT_EQ(find("needle"), Names{});
}

TEST_F(SearchIndexTest, FollowsOwnersAndFoldersThatGo) {
  const Entry folder = make_folder(anna_, "Summer");
  const Entry inner = make_folder(anna_, "Summer nights", folder.id);
  upload_into(anna_, inner.id, "needle.jpg", "1");
  upload(anna_, "needle.txt", "2");
  upload(bob_, "needle.bin", "3");
  index_all();
  EXPECT_EQ(find("needle"), (Names{"needle.txt", "needle.jpg"}));
  const auto folders = [&](const std::string& text) {
    FolderQuery query;
    query.owner = anna_.id;
    query.text = text;
    Names found;
    const auto page = run(vault_->folders().list(query)).value();
    for (const Entry& each : page.items) found.push_back(each.name);
    return found;
  };
  EXPECT_EQ(folders("summer"), (Names{"Summer nights", "Summer"}));
  EXPECT_EQ(folders("needle"), Names{});
  ASSERT_TRUE(run(vault_->folders().update(as(anna_), inner.id, {.name = "Winter"})));
  EXPECT_EQ(folders("summer"), Names{"Summer"});
  EXPECT_EQ(folders("wint"), Names{"Winter"});
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), folder.id)));
  EXPECT_EQ(find("needle"), Names{"needle.txt"}) << "hidden at once";
  EXPECT_EQ(folders("wint"), Names{});
  while (run(vault_->clearing().clear(1))) {
    EXPECT_EQ(find("needle"), Names{"needle.txt"});
    run(vault_->search_index().step());
    EXPECT_EQ(contradictions(), Names{});
  }
  index_all();
  EXPECT_EQ(find("needle"), Names{"needle.txt"});

  ASSERT_TRUE(run(vault_->account_removal().remove(bob_.id)));
  collect_all();
  index_all();
  static constexpr db::Statement kWords{
      "SELECT count(*) FROM entry_words WHERE entry_words MATCH $1"};
  auto body = [&](db::Transaction& tx) -> Task<std::int64_t> {
    const WordQuery query{.owner = bob_.id};
    const std::string expression = match_expression(query, SearchTerms::parse("needle").value());
    const auto rows = co_await tx.find(
        kWords, [](const db::Row& row) { return row.integer(0); }, expression);
    co_return rows.value();
  };
  EXPECT_EQ(run(stores_.database->read(body)), 0) << "nothing is left of a removed account";
}

TEST_F(SearchIndexTest, FiltersCombine) {
  std::vector<EntryId> files;
  for (int i = 0; i < 20; ++i) {
    const char* extension[] = {".jpg", ".mp3"};
    const Names tags = i % 4 == 0 ? Names{"Fourth Ä"} : Names{};
    files.push_back(upload(anna_, "needle " + std::to_string(i) + extension[i % 2], "x", tags).id);
    clock_.advance(std::chrono::seconds(1));
  }
  const auto collection =
      run(vault_->collections().create(as(anna_), "some", std::nullopt)).value();
  ASSERT_TRUE(run(vault_->collections().add(as(anna_), collection.id, {files[3], files[4]})));
  const Time end = clock_.now();
  for (const bool indexed : {false, true}) {
    if (indexed) index_all();
    const auto count = [&](EntryQuery query) {
      query.owner = anna_.id;
      query.text = "needle";
      query.limit = 100;
      const EntryPage page = list(query);
      EXPECT_EQ(page.total, page.entries.size());
      EXPECT_FALSE(page.total_is_more);
      return page.total;
    };
    EXPECT_EQ(count({.kind = FileKind::kImage}), 10U);
    EXPECT_EQ(count({.kind = FileKind::kVideo}), 0U);
    EXPECT_EQ(count({.tag = "FOURTH ä"}), 5U);
    EXPECT_EQ(count({.tag = "fourth a"}), 0U) << "tags are compared with their accents";
    EXPECT_EQ(count({.kind = FileKind::kAudio, .tag = "fourth ä"}), 0U);
    EXPECT_EQ(count({.collection = collection.id}), 2U);
    EXPECT_EQ(count({.created_from = end - std::chrono::seconds(5)}), 5U);
    EXPECT_EQ(count({.tag = "fourth ä", .created_before = end - std::chrono::seconds(5)}), 4U);
    EXPECT_EQ(count({.created_from = end}), 0U);
  }
}

// More than are counted: read in the order of the list, page by page.
TEST_F(SearchIndexTest, ManyMatchesAreReadInOrder) {
  upload(anna_, "a needle.jpg", "x");
  upload(anna_, "pinneedle.jpg", "x");
  static constexpr db::Statement kCopy{
      "INSERT INTO entry (uuid, share, space_id, owner_id, parent_id, is_folder, levels, key, name,"
      " media_type, kind, size, charged, digest, tags, created_at, updated_at, written_at, "
      "dated_at,"
      " search)"
      " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
      " SELECT randomblob(16), randomblob(16), space_id, owner_id, parent_id, 0, 0,"
      " CAST(key || n.i AS BLOB), name, media_type, kind, n.i % 7, charged, digest, tags,"
      " created_at, updated_at, written_at, dated_at, search FROM n CROSS JOIN entry ORDER BY n.i, "
      "entry.id"};
  change(kCopy);
  static constexpr db::Statement kRestore{"DELETE FROM entry WHERE id > 2"};
  for (const bool indexed : {false, true}) {
    if (indexed) index_all();
    for (const EntrySort sort :
         {EntrySort::kRelevance, EntrySort::kCreated, EntrySort::kName, EntrySort::kSize}) {
      for (const bool descending : {true, false}) {
        EntryQuery query;
        query.owner = anna_.id;
        query.text = "eedle";
        if (sort == EntrySort::kRelevance) query.text = "needle";
        query.sort = sort;
        query.descending = descending;
        query.limit = 3000;
        std::vector<EntryPosition> seen;
        for (bool first = true; first || query.after; first = false) {
          const EntryPage page = list(query);
          if (first) {
            EXPECT_EQ(page.total, EntryPage::kTotalMax);
            EXPECT_TRUE(page.total_is_more);
          }
          for (const Entry& entry : page.entries) {
            EntryPosition position{.id = entry.id};
            if (sort == EntrySort::kName) position.name = entry.name;
            if (sort == EntrySort::kSize) position.number = static_cast<std::int64_t>(entry.size);
            if (sort == EntrySort::kRelevance) position.number = entry.name[0] == 'a' ? 0 : 1;
            seen.push_back(position);
          }
          for (const EntryId id : page.rest) {
            const Entry entry = run(vault_->entries().find(anna_.id, id)).value();
            EntryPosition position{.id = id};
            if (sort == EntrySort::kName) position.name = entry.name;
            if (sort == EntrySort::kSize) position.number = static_cast<std::int64_t>(entry.size);
            if (sort == EntrySort::kRelevance) position.number = entry.name[0] == 'a' ? 0 : 1;
            seen.push_back(position);
          }
          if (!query.after) {
            query.counted = page.total;
            query.counted_is_less = page.total_is_more;
          }
          query.after = page.next;
        }
        EXPECT_EQ(seen.size(), 12'002U);
        const EntryOrder order{.sort = sort, .descending = descending};
        EXPECT_TRUE(std::ranges::is_sorted(
            seen, [&](const auto& a, const auto& b) { return order.is_before(a, b); }))
            << static_cast<int>(sort) << descending;
      }
    }
  }
  while (run(vault_->search_index().step())) {
  }
  change({"UPDATE search_state SET through = 0"});
  change(kRestore);
  run(reset_index(*stores_.database));
}

// Whatever was read ahead for the pages before.
TEST_F(SearchIndexTest, PagesFollowWhatChangesBetweenThem) {
  for (const bool indexed : {false, true}) {
    for (const EntrySort sort : {EntrySort::kRelevance, EntrySort::kCreated}) {
      for (const bool descending : {true, false}) {
        if (sort == EntrySort::kRelevance && !descending) continue;
        const Account owner = make_account(
            fmt::format("owner {} {} {}", indexed, static_cast<int>(sort), descending));
        std::vector<EntryId> ids;
        for (int i = 0; i < 30; ++i) {
          const int at = descending ? 29 - i : i;  // in the list
          const std::string name = at % 3 == 2 ? "hay" : "needle";
          ids.push_back(upload(owner, fmt::format("{} {:02}.txt", name, i), "x").id);
        }
        index_all();
        const auto rename = [&](int at, const std::string& name) {
          const EntryId id = ids.at(static_cast<std::size_t>(descending ? 29 - at : at));
          ASSERT_TRUE(run(vault_->entries().update(as(owner), id, {.name = name})));
          if (indexed) index_all();
        };
        EntryQuery query{.owner = owner.id,
                         .text = "needle",
                         .sort = sort,
                         .descending = descending,
                         .limit = 4};
        Names seen;
        for (int page = 0; page < 10; ++page) {
          const EntryPage found = list(query);
          for (const Entry& entry : found.entries) seen.push_back(entry.name);
          if (!found.next) break;
          query.after = found.next;
          // Of what is still to come: one that is found no more, and one that is now.
          if (page == 1) rename(21, "lost.txt");
          if (page == 1) rename(23, "needle found.txt");
          if (page == 2) rename(27, "lost too.txt");
          if (page == 2) rename(26, "needle found too.txt");
        }
        const auto has = [&](std::string_view name) { return std::ranges::count(seen, name) == 1; };
        EXPECT_TRUE(has("needle found.txt")) << indexed << static_cast<int>(sort) << descending;
        EXPECT_TRUE(has("needle found too.txt")) << indexed << static_cast<int>(sort) << descending;
        EXPECT_FALSE(has("lost.txt") || has("lost too.txt"));
        const std::set<std::string> distinct(seen.begin(), seen.end());
        EXPECT_EQ(distinct.size(), seen.size());
      }
    }
  }
}

// A page holds so many of them; of the others it has the ids. One of them is read in another way,
// because it has changed since it was indexed.
TEST_F(SearchIndexTest, PagesOfLongTextsAreInOrder) {
  for (int i = 0; i < 12; ++i) {
    const Entry file = upload(anna_, fmt::format("needle {:02}.txt", i), "x", {"tag"});
    const std::string description(9'000, 'd');
    ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, {.description = description})));
  }
  index_all();
  for (const int changed : {-1, 11, 9, 7, 2}) {
    if (changed >= 0) {
      const EntryId id{changed + 1};
      ASSERT_TRUE(run(vault_->entries().update(as(anna_), id, {.title = "Another"})));
    }
    for (const bool by_tag : {false, true}) {
      for (const EntrySort sort : {EntrySort::kRelevance, EntrySort::kCreated, EntrySort::kName}) {
        EntryQuery query{.owner = anna_.id, .sort = sort, .limit = 6};
        if (by_tag) {
          query.tag = "tag";
        } else {
          query.text = "needle";
        }
        if (by_tag && sort == EntrySort::kRelevance) continue;
        Names seen;
        for (bool first = true; first || query.after; first = false) {
          const EntryPage page = list(query);
          EXPECT_LT(page.entries.size(), 6U) << "more text than a page is to hold";
          for (const Entry& entry : page.entries) seen.push_back(entry.name);
          for (const EntryId id : page.rest) {
            seen.push_back(run(vault_->entries().find(anna_.id, id)).value().name);
          }
          query.after = page.next;
        }
        Names expected;
        for (int i = 11; i >= 0; --i) expected.push_back(fmt::format("needle {:02}.txt", i));
        EXPECT_EQ(seen, expected) << changed << by_tag << static_cast<int>(sort);
      }
    }
  }
}

TEST_F(SearchIndexTest, WaitsWhileEntriesKeepComing) {
  upload(anna_, "1.txt", "1");
  EXPECT_FALSE(run(vault_->search_index().step(true))) << "one has come since the last look";
  upload(anna_, "2.txt", "2");
  EXPECT_FALSE(run(vault_->search_index().step(true)));
  EXPECT_TRUE(run(vault_->search_index().step(true))) << "none has";
  EXPECT_EQ(through(), 2);
  EXPECT_FALSE(run(vault_->search_index().step(true)));
  EXPECT_FALSE(run(vault_->search_index().step()));
}

TEST_F(SearchIndexTest, IsMadeAnewWhenItIsWrong) {
  for (int i = 0; i < 3; ++i) upload(anna_, std::to_string(i) + " needle.txt", "x");
  index_all();
  EXPECT_EQ(contradictions(), Names{});
  static constexpr db::Statement kLose{
      "INSERT INTO entry_words (entry_words) VALUES ('delete-all')"};
  change(kLose);
  EXPECT_EQ(find("needle"), Names{});
  ASSERT_EQ(contradictions().size(), 1U);
  EXPECT_TRUE(contradictions()[0].ends_with(": 3")) << contradictions()[0];
  run(reset_index(*stores_.database));
  EXPECT_EQ(contradictions(), Names{});
  EXPECT_EQ(find("needle").size(), 3U) << "as long as it is not made";
  index_all();
  EXPECT_EQ(find("needle").size(), 3U);
  EXPECT_EQ(contradictions(), Names{});

  static constexpr db::Statement kOld{"UPDATE search_state SET version = 0"};
  change(kOld);
  EXPECT_EQ(find("needle").size(), 3U) << "words of another version are not asked for";
  index_all();
  EXPECT_EQ(through(), 3);
  EXPECT_EQ(find("needle").size(), 3U);

  static constexpr db::Statement kForget{
      "UPDATE entry SET search = search || 'other' WHERE id = 2"};
  static constexpr db::Statement kMend{
      "UPDATE entry SET search = replace(search, 'other', '') WHERE id = 2"};
  change(kForget);
  EXPECT_EQ(contradictions().size(), 2U) << "neither the words nor the name fit";
  run(reset_index(*stores_.database));
  EXPECT_EQ(contradictions().size(), 1U) << "the name does not fit";
  change(kMend);
  EXPECT_EQ(contradictions(), Names{});
}

// A row under a number that an earlier one had.
TEST_F(SearchIndexTest, FindsWhatComesBack) {
  const Entry file = upload(anna_, "needle.txt", "x");
  upload(anna_, "other.txt", "y");
  index_all();
  for (const bool cleared : {false, true}) {
    static constexpr db::Statement kHide{"UPDATE entry SET owner_id = 0 WHERE id = $1"};
    static constexpr db::Statement kShow{"UPDATE entry SET owner_id = $2 WHERE id = $1"};
    run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
      co_await forget_words(tx, file.id);
      co_await tx.execute(kHide, file.id);
    }));
    EXPECT_EQ(find("needle"), Names{});
    if (cleared) index_all();
    run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
      if (cleared) co_await forget_words(tx, file.id);
      co_await note_returned(tx, file.id);
      co_await tx.execute(kShow, file.id, anna_.id);
    }));
    expect("needle", {"needle.txt"});
  }
}

// What was created when the index passed without it, and what it never passed.
TEST_F(SearchIndexTest, FindsWhatComesBackByItsDate) {
  std::vector<EntryId> files;
  std::vector<Time> created;
  const auto add = [&](const std::string& name) {
    files.push_back(upload(anna_, name, "x").id);
    created.push_back(clock_.now());
    clock_.advance(std::chrono::hours(1));
  };
  const auto trash = [&](std::size_t at) {
    ASSERT_TRUE(run(vault_->trash().put(as(anna_), files[at])));
  };
  const auto restore = [&](std::size_t at) {
    ASSERT_TRUE(run(vault_->trash().restore(as(anna_), files[at])));
  };
  const auto in_hour_of = [&](std::size_t at, std::optional<std::string> text = {}) {
    EntryQuery query;
    query.text = std::move(text);
    query.created_from = created[at];
    query.created_before = created[at] + std::chrono::hours(1);
    return names(query);
  };
  add("needle first");
  add("needle second");
  trash(0);
  trash(1);
  add("needle third");
  index_all();
  add("needle fourth");
  trash(3);
  index_all();
  for (const std::size_t at : {1U, 0U, 3U}) {
    EXPECT_EQ(in_hour_of(at), Names{});
    restore(at);
    const std::string name = run(vault_->entries().find(anna_.id, files[at])).value().name;
    for (const bool indexed : {false, true}) {
      if (indexed) index_all();
      EXPECT_EQ(in_hour_of(at), Names{name}) << indexed;
      EXPECT_EQ(in_hour_of(at, "needle"), Names{name}) << indexed;
      EXPECT_EQ(contradictions(), Names{});
    }
  }
  EXPECT_EQ(names({.created_from = created[0]}),
            (Names{"needle fourth", "needle third", "needle second", "needle first"}));
  static constexpr db::Statement kPeriods{"SELECT count(*) FROM entry_period"};
  EXPECT_EQ(count(kPeriods), 2);

  change({"UPDATE entry_period SET created_from = created_from + 1"});
  ASSERT_EQ(contradictions().size(), 1U);
  EXPECT_TRUE(contradictions()[0].starts_with("entries that lists with dates do not find"));
  run(reset_index(*stores_.database));
  EXPECT_EQ(contradictions(), Names{});
}

// However many come back, in whatever order.
TEST_F(SearchIndexTest, PeriodsStayFew) {
  upload(anna_, "first.txt", "x");
  static constexpr db::Statement kCopy{
      "INSERT INTO entry (id, uuid, share, space_id, owner_id, parent_id, is_folder, levels, key,"
      " name, media_type, kind, size, charged, digest, tags, created_at, updated_at, written_at,"
      " dated_at, search) SELECT $1, randomblob(16), randomblob(16), space_id, owner_id, "
      "parent_id, 0, 0,"
      " CAST($1 AS BLOB), name, media_type, kind, size, charged, digest, tags,"
      " created_at - $1, updated_at, written_at, created_at - $1, search FROM entry WHERE id = 1"};
  static constexpr db::Statement kRestore{"DELETE FROM entry WHERE id > 1"};
  static constexpr db::Statement kPeriods{"SELECT count(*) FROM entry_period"};
  static constexpr db::Statement kOutside{
      "SELECT count(*) FROM entry AS e WHERE NOT EXISTS (SELECT 1 FROM entry_period WHERE"
      " e.id BETWEEN first_id AND last_id AND e.created_at BETWEEN created_from AND created_to)"};
  index_all();
  change({"UPDATE search_state SET through = 1000000"});
  run(stores_.database->write([&](db::Transaction& tx) -> Task<void> {
    for (std::int64_t id = 20'000; id > 1; id -= 13) {
      co_await tx.execute(kCopy, id);
      co_await note_returned(tx, EntryId{id});
    }
  }));
  EXPECT_LE(count(kPeriods), 7);
  EXPECT_EQ(count(kOutside), 0);
  change(kRestore);
  run(reset_index(*stores_.database));
}

TEST(Words, ArePiecesMarkedWithTheAccountAndTheKind) {
  EXPECT_EQ(words_of(AccountId{17}, FileKind::kVideo, "ab.c\x1f\x1f\x1fä"),
            "17bga 17bgb 17bg\u008e 17bgc 17bgab 17bgb\u008e 17bg\u008ec 17bgab\u008e 17bgb\u008ec"
            " 17bgä 17bwa 17bwab 17bwc 17bwä 17btä");
}

}  // namespace
}  // namespace coffer::vault::test
