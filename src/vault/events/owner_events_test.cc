#include "vault/events/owner_events.h"

#include <algorithm>

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using Kind = OwnerEvents::Subject::Kind;

class OwnerEventsTest : public VaultTest {
 protected:
  Collection make_collection(const Account& owner, const std::string& name) {
    return run(vault_->collections().create(as(owner), name, std::nullopt)).value();
  }
  void retitle(const Account& owner, const Entry& entry) {
    EntryChanges changes;
    changes.title = std::to_string(++titles_);
    EXPECT_TRUE(run(vault_->entries().update(as(owner), entry.id, changes)));
  }
  // The types of the events, oldest first.
  std::vector<EventType> read(const Account& owner, OwnerEvents::Subject subject,
                              std::size_t limit = 1'000, EventId after = {}) {
    std::vector<EventType> types;
    const auto page = run(vault_->owner_events().read(owner.id, subject, after, limit));
    for (const Event& event : page.events) types.push_back(event.type);
    return types;
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");

 private:
  int titles_ = 0;
};

using enum EventType;
using Types = std::vector<EventType>;

TEST_F(OwnerEventsTest, OnlyWhatIsAboutTheSubjectIsReadAndCounted) {
  const Entry one = upload(anna_, "one", "1");
  make_folder(anna_, "folder");
  for (int i = 0; i < 5; ++i) retitle(anna_, one);
  const Entry two = upload(anna_, "two", "2");
  const Collection trip = make_collection(anna_, "trip");
  make_collection(anna_, "home");
  upload(bob_, "three", "3");
  make_collection(bob_, "trip");

  const auto files = read(anna_, {Kind::kFile});
  EXPECT_EQ(files.size(), 7U);
  EXPECT_EQ(std::ranges::count(files, kEntryCreated), 2);
  EXPECT_EQ(read(anna_, {Kind::kFile, two.id.value}), Types{kEntryCreated});
  EXPECT_EQ(read(anna_, {Kind::kFile, one.id.value}).size(), 6U);
  // Whatever happened before does not fill the part that is asked for.
  EXPECT_EQ(read(anna_, {Kind::kCollection}, 2), (Types{kCollectionCreated, kCollectionCreated}));
  EXPECT_EQ(read(anna_, {Kind::kCollection, trip.id.value}, 1), Types{kCollectionCreated});
  EXPECT_EQ(read(anna_, {Kind::kCollection, 999}), Types{});
  EXPECT_EQ(read(bob_, {Kind::kFile, one.id.value}), Types{});
  EXPECT_EQ(read(anna_, {Kind::kFile}, 1'000, events().back().id), Types{});
}

TEST_F(OwnerEventsTest, TheOldestGoWhereAnAccountHasTooMany) {
  const Entry one = upload(anna_, "one", "1");
  const Collection trip = make_collection(anna_, "trip");
  for (int i = 0; i < 20; ++i) retitle(anna_, one);
  const Entry bobs = upload(bob_, "two", "2");
  retitle(bob_, bobs);
  const EventId last = events().back().id;

  OwnerEvents::Pruned at;
  for (int steps = 0;; ++steps) {
    ASSERT_LT(steps, 100);
    const auto next = run(vault_->owner_events().prune(at, 5, 3));
    if (!next) break;
    at = *next;
  }
  EXPECT_EQ(read(anna_, {Kind::kFile}), Types(5, kEntryUpdated)) << "the newest";
  EXPECT_EQ(read(anna_, {Kind::kCollection}), Types{kCollectionCreated}) << "counted apart";
  EXPECT_EQ(read(bob_, {Kind::kFile}), (Types{kEntryCreated, kEntryUpdated}));

  const auto has_gap = [&](const Account& owner, EventId after) {
    const auto page = run(vault_->owner_events().read(owner.id, {Kind::kFile}, after, 1));
    return page.has_gap;
  };
  EXPECT_TRUE(has_gap(anna_, EventId{1}));
  EXPECT_FALSE(has_gap(anna_, last));
  EXPECT_FALSE(has_gap(bob_, EventId{1})) << "of another account";
  EXPECT_TRUE(run(vault_->events().read(EventId{1}, 1)).has_gap) << "of the whole log";
  EXPECT_FALSE(run(vault_->events().read(last, 1)).has_gap);
  EXPECT_EQ(run(vault_->owner_events().last()), last);

  // What goes for all says as much as what went of an account before.
  clock_.advance(std::chrono::hours(1));
  run(vault_->events().prune(clock_.now(), 1'000));
  EXPECT_TRUE(has_gap(bob_, EventId{1}));
  static constexpr db::Statement kRows{"SELECT count(*) FROM event_pruned"};
  EXPECT_EQ(count(kRows), 1);
}

}  // namespace
}  // namespace coffer::vault::test
