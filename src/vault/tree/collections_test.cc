#include "vault/tree/collections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using testing::ElementsAre;
using Names = std::vector<std::string>;

class CollectionsTest : public VaultTest {
 protected:
  Collections& collections() { return vault_->collections(); }

  Collection create(const Account& owner, const std::string& name) {
    return run(collections().create(as(owner), name, std::nullopt)).value();
  }
  Result<Collection> add(const Account& owner, CollectionId id, std::vector<EntryId> files) {
    return run(collections().add(as(owner), id, std::move(files)));
  }
  Names names_in(const Account& owner, CollectionId id, EntrySort sort = EntrySort::kPosition) {
    EntryQuery query;
    query.owner = owner.id;
    query.collection = id;
    query.sort = sort;
    query.descending = false;
    query.limit = 300;
    const EntryPage page = list(query);
    EXPECT_EQ(page.total, page.entries.size());
    Names names;
    for (const Entry& entry : page.entries) names.push_back(entry.name);
    return names;
  }
  std::uint64_t charged(const Account& owner) {
    return run(vault_->accounts().find(owner.id)).value().charged;
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST_F(CollectionsTest, HoldFilesInTheOrderInWhichTheyWereAdded) {
  const Collection summer = create(anna_, "Summer");
  const Entry c = upload(anna_, "c", "1");
  const Entry a = upload(anna_, "a", "2");
  const Entry b = upload(anna_, "b", "3");
  EXPECT_EQ(add(anna_, summer.id, {c.id}).value().files, 1U);
  clock_.advance(std::chrono::seconds(1));
  const Collection all = add(anna_, summer.id, {a.id, c.id, b.id, a.id}).value();
  EXPECT_EQ(all.files, 3U);
  EXPECT_GT(all.updated_at, summer.updated_at);
  EXPECT_THAT(names_in(anna_, summer.id), ElementsAre("c", "a", "b"));
  EXPECT_THAT(names_in(anna_, summer.id, EntrySort::kName), ElementsAre("a", "b", "c"));
  const EntryId ids[] = {b.id, c.id};
  EXPECT_THAT(run(collections().of(anna_.id, ids)),
              ElementsAre(ElementsAre(summer.id), ElementsAre(summer.id)));
}

TEST_F(CollectionsTest, AreOrderedByHand) {
  const Collection set = create(anna_, "Set");
  std::vector<EntryId> files;
  for (const char* name : {"a", "b", "c", "d"}) files.push_back(upload(anna_, name, name).id);
  ASSERT_TRUE(add(anna_, set.id, files));
  ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[3], files[0])));
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("d", "a", "b", "c"));
  ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[0], std::nullopt)));
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("d", "b", "c", "a"));
  ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[1], files[1])));
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("d", "b", "c", "a"));
  EXPECT_THAT(names_in(anna_, set.id, EntrySort::kAdded).size(), 4U);
  const Entry other = upload(anna_, "other", "o");
  EXPECT_FAILS(run(collections().move(as(anna_), set.id, other.id, std::nullopt)), kNotFound);
  EXPECT_FAILS(run(collections().move(as(anna_), set.id, files[0], other.id)), kNotFound);
}

// Visitors of a shared collection read it in its owner's name.
TEST_F(CollectionsTest, InTheirOwnOrderDoNotWaitForSearches) {
  const Collection set = create(anna_, "Set");
  const Collection bobs = create(bob_, "Bob's");
  std::vector<EntryId> files;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    files.push_back(upload(anna_, name, name).id);
  }
  ASSERT_TRUE(add(anna_, set.id, files));
  ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[4], files[0])));
  static constexpr db::Statement kEndless{
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"};
  std::atomic<bool> has_begun = false;
  std::atomic<bool> may_end = false;
  std::atomic<bool> has_ended = false;
  std::thread other([&] {
    const auto search = [&](db::Transaction& tx) -> Task<void> {
      const auto each = [&](const db::Row&) {
        has_begun = true;
        return !may_end;
      };
      co_await tx.while_each(kEndless, each);
    };
    try {
      run(stores_.database->scan(anna_.id.value, search));
    } catch (const db::Busy&) {
    }
    has_begun = has_ended = true;
  });
  while (!has_begun) std::this_thread::yield();
  EntryQuery query;
  query.owner = anna_.id;
  query.collection = set.id;
  query.sort = EntrySort::kPosition;
  query.limit = 2;
  for (const bool descending : {false, true}) {
    query.descending = descending;
    Names by_offset;
    for (query.offset = 0; query.offset < 7; query.offset += 2) {
      const EntryPage page = list(query);
      EXPECT_EQ(page.total, 5U);
      EXPECT_EQ(page.next.has_value(), query.offset < 4);
      for (const Entry& entry : page.entries) by_offset.push_back(entry.name);
    }
    query.offset = 0;
    Names by_position;
    for (bool first = true; first || query.after; first = false) {
      const EntryPage page = list(query);
      for (const Entry& entry : page.entries) by_position.push_back(entry.name);
      query.after = page.next;
    }
    Names expected{"e", "a", "b", "c", "d"};
    if (descending) std::ranges::reverse(expected);
    EXPECT_EQ(by_offset, expected);
    EXPECT_EQ(by_position, expected);
  }
  query.collection = bobs.id;
  EXPECT_EQ(list(query).total, 0U);
  query.owner = bob_.id;
  query.collection = set.id;
  EXPECT_TRUE(list(query).entries.empty()) << "another account's";
  EXPECT_FALSE(has_ended) << "the lists have waited for the search";
  may_end = true;
  other.join();
}

TEST_F(CollectionsTest, FindAPlaceBetweenTwoFilesAnyNumberOfTimes) {
  const Collection set = create(anna_, "Set");
  std::vector<EntryId> files;
  Names order;
  for (int i = 0; i < 6; ++i) {
    order.push_back(std::to_string(i));
    files.push_back(upload(anna_, order.back(), order.back()).id);
  }
  ASSERT_TRUE(add(anna_, set.id, files));
  // Always right before the last one: what is left between halves each time.
  for (int i = 0; i < 100; ++i) {
    const auto moved = static_cast<std::size_t>(i % 5);
    ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[moved], files[5])));
    const std::string name = std::to_string(moved);
    order.erase(std::ranges::find(order, name));
    order.insert(order.end() - 1, name);
    ASSERT_EQ(names_in(anna_, set.id), order) << i;
  }
}

TEST_F(CollectionsTest, NumberOnlyAFewAnewToMakeRoom) {
  const Collection set = create(anna_, "Set");
  std::vector<EntryId> files;
  Names order;
  for (int i = 0; i < 300; ++i) {
    order.push_back(std::to_string(i));
    files.push_back(upload(anna_, order.back(), "x").id);
  }
  ASSERT_TRUE(add(anna_, set.id, files));
  // Those before the hundredth and from the two hundredth on.
  static constexpr db::Statement kFar{
      "SELECT sum(position * (entry_id % 97)) FROM collection_entry WHERE entry_id IN"
      " (SELECT id FROM entry WHERE CAST(name AS INTEGER) < 100"
      " OR CAST(name AS INTEGER) BETWEEN 200 AND 249)"};
  const std::int64_t far = count(kFar);
  for (std::size_t i = 0; i < 50; ++i) {
    ASSERT_TRUE(run(collections().move(as(anna_), set.id, files[250 + i], files[150])));
    order.erase(std::ranges::find(order, std::to_string(250 + i)));
    order.insert(std::ranges::find(order, "150"), std::to_string(250 + i));
  }
  EXPECT_EQ(count(kFar), far) << "their numbers, by which cursors go on, are the same";
  EXPECT_EQ(names_in(anna_, set.id), order);
}

TEST_F(CollectionsTest, LoseAFileWithTheFileAndKeepItOtherwise) {
  const Collection one = create(anna_, "One");
  const Collection two = create(anna_, "Two");
  const Entry kept = upload(anna_, "kept", "k");
  const Entry gone = upload(anna_, "gone", "g");
  for (const CollectionId id : {one.id, two.id}) ASSERT_TRUE(add(anna_, id, {kept.id, gone.id}));
  ASSERT_TRUE(remove(anna_, gone.id));
  EXPECT_THAT(names_in(anna_, one.id), ElementsAre("kept"));
  EXPECT_EQ(run(collections().find(anna_.id, two.id)).value().files, 1U);
  ASSERT_TRUE(run(collections().remove(as(anna_), one.id)));
  EXPECT_FAILS(run(collections().find(anna_.id, one.id)), kNotFound);
  EXPECT_EQ(content_of(kept), "k");
  const EntryId ids[] = {kept.id};
  EXPECT_THAT(run(collections().of(anna_.id, ids)), ElementsAre(ElementsAre(two.id)));
  EXPECT_EQ(run(collections().take_out(as(anna_), two.id, kept.id)).value().files, 0U);
  EXPECT_FAILS(run(collections().take_out(as(anna_), two.id, kept.id)), kNotFound);
}

TEST_F(CollectionsTest, HideWhatLayInARemovedFolderAtOnce) {
  const Collection set = create(anna_, "Set");
  const Entry folder = run(vault_->folders().create(as(anna_), anna_.home, {.name = "f"})).value();
  const Entry inside = upload(anna_, "inside", "i");
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), inside.id, {.parent = folder.id})));
  const Entry outside = upload(anna_, "outside", "o");
  ASSERT_TRUE(add(anna_, set.id, {inside.id, outside.id}));
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), folder.id)));
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("outside"));
  EXPECT_EQ(run(collections().find(anna_.id, set.id)).value().files, 1U);
  EXPECT_EQ(run(collections().list(anna_.id, {})).items.at(0).files, 1U);
  clear_all();
  EXPECT_EQ(run(collections().find(anna_.id, set.id)).value().files, 1U);
}

TEST_F(CollectionsTest, AreNobodyElses) {
  const Collection set = create(anna_, "Set");
  const Entry annas = upload(anna_, "a", "a");
  const Entry bobs = upload(bob_, "b", "b");
  EXPECT_FAILS(run(collections().find(bob_.id, set.id)), kNotFound);
  EXPECT_FAILS(run(collections().update(as(bob_), set.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(run(collections().remove(as(bob_), set.id)), kNotFound);
  EXPECT_FAILS(add(bob_, set.id, {bobs.id}), kNotFound);
  EXPECT_FAILS(add(anna_, set.id, {annas.id, bobs.id}), kNotFound);
  EXPECT_EQ(run(collections().find(anna_.id, set.id)).value().files, 0U) << "all or none";
  EXPECT_TRUE(run(collections().list(bob_.id, {})).items.empty());
  const EntryId ids[] = {annas.id};
  EXPECT_THAT(run(collections().of(bob_.id, ids)), ElementsAre(ElementsAre()));
}

TEST_F(CollectionsTest, CountInTheQuotaAndGiveItBack) {
  const std::uint64_t before = charged(anna_);
  const Collection set = run(collections().create(as(anna_), "Set", std::string("12345"))).value();
  const Entry file = upload(anna_, "a", "a");
  const std::uint64_t with_file = charged(anna_);
  ASSERT_TRUE(add(anna_, set.id, {file.id}));
  EXPECT_EQ(charged(anna_), with_file + kListedCharge);
  ASSERT_TRUE(
      run(collections().update(as(anna_), set.id, {.description = std::optional<std::string>()})));
  EXPECT_EQ(charged(anna_), with_file + kListedCharge - 5);
  ASSERT_TRUE(remove(anna_, file.id));
  ASSERT_TRUE(run(collections().remove(as(anna_), set.id)));
  EXPECT_EQ(charged(anna_), before);
}

TEST_F(CollectionsTest, NamesAreChecked) {
  for (const std::string& name : {std::string(), std::string("  "), std::string(256, 'x'),
                                  std::string("a\nb"), std::string("\xff")}) {
    EXPECT_FAILS(run(collections().create(as(anna_), name, std::nullopt)), kInvalid);
  }
  EXPECT_TRUE(run(collections().create(as(anna_), std::string(255, 'x'), std::nullopt)));
  EXPECT_FAILS(run(collections().create(as(anna_), "x", std::string(10'001, 'd'))), kInvalid);
}

TEST_F(CollectionsTest, AreChangedOnlyInTheStateThatTheCallerSaw) {
  const Entry one = upload(anna_, "one", "1");
  const Entry two = upload(anna_, "two", "2");
  const Collection old = create(anna_, "Set");
  clock_.advance(std::chrono::seconds(1));
  const Collection set = add(anna_, old.id, {one.id, two.id}).value();
  const auto is = [](const Collection& seen) -> Precondition {
    return [tag = seen.state_tag()](std::string_view now) { return now == tag; };
  };
  const std::size_t before = events().size();
  const std::vector<EntryId> files{one.id};
  EXPECT_FAILS(run(collections().add(as(anna_), set.id, files, is(old))), kPreconditionFailed);
  EXPECT_FAILS(run(collections().move(as(anna_), set.id, two.id, one.id, is(old))),
               kPreconditionFailed);
  EXPECT_FAILS(run(collections().move(as(anna_), set.id, two.id, two.id, is(old))),
               kPreconditionFailed);
  EXPECT_FAILS(run(collections().take_out(as(anna_), set.id, one.id, is(old))),
               kPreconditionFailed);
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("one", "two"));
  EXPECT_EQ(events().size(), before);
  clock_.advance(std::chrono::seconds(1));
  const auto moved = run(collections().move(as(anna_), set.id, two.id, one.id, is(set)));
  ASSERT_TRUE(moved);
  const auto taken = run(collections().take_out(as(anna_), set.id, one.id, is(*moved)));
  ASSERT_TRUE(taken);
  EXPECT_TRUE(run(collections().add(as(anna_), set.id, files, is(*taken))));
  EXPECT_THAT(names_in(anna_, set.id), ElementsAre("two", "one"));
}

TEST_F(CollectionsTest, EventsTellWhatHappened) {
  const std::size_t before = events().size();
  const Collection set = create(anna_, "Set");
  ASSERT_TRUE(run(collections().update(as(anna_), set.id, {.name = "New"})));
  ASSERT_TRUE(run(collections().remove(as(anna_), set.id)));
  const auto all = events();
  ASSERT_EQ(all.size(), before + 3);
  const EventType types[] = {EventType::kCollectionCreated, EventType::kCollectionUpdated,
                             EventType::kCollectionDeleted};
  for (std::size_t i = 0; i < 3; ++i) {
    const Event& event = all[before + i];
    EXPECT_EQ(event.type, types[i]);
    EXPECT_EQ(event.collection, set.id);
    EXPECT_EQ(event.owner, anna_.id);
    EXPECT_FALSE(event.entry);
  }
}

TEST_F(CollectionsTest, EventsTellOfAFileThatWent) {
  const Collection one = create(anna_, "One");
  const Collection two = create(anna_, "Two");
  const Collection other = create(anna_, "Other");
  const Entry deleted = upload(anna_, "deleted", "d");
  const Entry trashed = upload(anna_, "trashed", "t");
  for (const CollectionId id : {one.id, two.id}) ASSERT_TRUE(add(anna_, id, {deleted.id}));
  ASSERT_TRUE(add(anna_, two.id, {trashed.id}));
  const auto told_by = [this](auto&& change) {
    const std::size_t before = events().size();
    change();
    std::vector<CollectionId> collections;
    const auto all = events();
    for (std::size_t i = before; i < all.size(); ++i) {
      if (!all[i].collection) continue;
      EXPECT_EQ(all[i].type, EventType::kCollectionUpdated);
      EXPECT_EQ(all[i].account, anna_.id);
      EXPECT_EQ(all[i].owner, anna_.id);
      EXPECT_FALSE(all[i].entry);
      collections.push_back(*all[i].collection);
    }
    EXPECT_EQ(all.back().type, EventType::kEntryDeleted);
    return collections;
  };
  EXPECT_THAT(told_by([&] { ASSERT_TRUE(remove(anna_, deleted.id)); }),
              ElementsAre(one.id, two.id));
  EXPECT_THAT(told_by([&] { ASSERT_TRUE(run(vault_->trash().put(as(anna_), trashed.id))); }),
              ElementsAre(two.id));
}

}  // namespace
}  // namespace coffer::vault::test
