#include "vault/upkeep/trash.h"

#include <chrono>

#include "vault/test/fixture.h"

using namespace std::chrono_literals;

namespace coffer::vault::test {
namespace {

class TrashTest : public VaultTest {
 protected:
  Result<std::optional<Time>> put(const Account& owner, EntryId id) {
    return run(vault_->trash().put(as(owner), id));
  }
  Result<Entry> restore(const Account& owner, EntryId id) {
    return run(vault_->trash().restore(as(owner), id));
  }
  std::vector<std::string> trashed(const Account& owner) {
    std::vector<std::string> names;
    const auto page = run(vault_->trash().list(owner.id, {}, 0, 1000));
    for (const TrashedFile& file : page.items) names.push_back(file.file.name);
    return names;
  }
  std::size_t events_of(EventType type) {
    const auto all = events();
    return static_cast<std::size_t>(std::ranges::count(all, type, &Event::type));
  }
  std::int64_t rows() {
    static constexpr db::Statement kCount{"SELECT count(*) FROM trash"};
    return count(kCount);
  }

  Account anna_ = make_account("anna");
};

TEST_F(TrashTest, IsGoneForEveryListAndLinkAndStaysInTheQuota) {
  const Entry folder = make_folder(anna_, "folder");
  const Entry file = upload_into(anna_, folder.id, "photo.jpg", "bytes");
  const Account before = account(anna_.id);
  const Addressed address = vault_->addresses().of(file);
  const auto until = put(anna_, file.id);
  ASSERT_TRUE(until && *until);
  EXPECT_EQ(**until, clock_.now() + 30 * 24h);

  EXPECT_TRUE(list({.owner = anna_.id}).entries.empty());
  EXPECT_EQ(list({.owner = anna_.id, .text = "photo"}).total, 0U);
  EXPECT_TRUE(children(anna_.home, folder.id).empty());
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, file.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().update(as(anna_), file.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(run(vault_->shares().find(file.share)), kNotFound);
  EXPECT_FAILS(run(vault_->shares().find_media(file.media_uuid())), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().find(address.address)), kNotFound);
  EXPECT_FAILS(remove(anna_, file.id), kNotFound);
  EXPECT_FAILS(put(anna_, file.id), kNotFound);

  const Account after = account(anna_.id);
  EXPECT_EQ(after.used, before.used);
  EXPECT_EQ(after.charged, before.charged);
  const TrashTotal total = run(vault_->trash().total(anna_.id));
  EXPECT_EQ(total.files, 1U);
  EXPECT_EQ(total.bytes, 5U);
  EXPECT_EQ(total.charged, file.charged);
  EXPECT_EQ(events().back().type, EventType::kEntryDeleted);
}

TEST_F(TrashTest, ComesBackAsItWas) {
  const Entry folder = make_folder(anna_, "folder");
  const Entry uploaded = upload_into(anna_, folder.id, "photo.jpg", "bytes");
  const Entry file =
      run(vault_->entries().update(as(anna_), uploaded.id,
                                   {.title = std::optional<std::string>("A title"),
                                    .description = std::optional<std::string>("Words"),
                                    .tags = std::vector<std::string>{"Sea", "sun"}}))
          .value();
  ASSERT_TRUE(put(anna_, file.id));
  EXPECT_EQ(list({.owner = anna_.id, .tag = "sea"}).total, 0U);
  clock_.advance(1h);
  const Entry back = restore(anna_, file.id).value();
  EXPECT_EQ(back.id, file.id);
  EXPECT_EQ(back.uuid, file.uuid);
  EXPECT_EQ(back.parent, folder.id);
  EXPECT_EQ(back.key, file.key);
  EXPECT_EQ(back.created_at, file.created_at);
  EXPECT_EQ(back.content_tag(), file.content_tag());
  const Entry found = run(vault_->entries().find(anna_.id, file.id)).value();
  EXPECT_EQ(found.title, "A title");
  EXPECT_EQ(found.description, "Words");
  EXPECT_EQ(found.tags, file.tags);
  EXPECT_EQ(content_of(found), "bytes");
  EXPECT_EQ(list({.owner = anna_.id, .tag = "sea"}).total, 1U);
  EXPECT_EQ(list({.owner = anna_.id, .text = "words"}).total, 1U);
  EXPECT_TRUE(trashed(anna_).empty());
  EXPECT_EQ(events().back().type, EventType::kEntryRestored);
  EXPECT_FAILS(restore(anna_, file.id), kNotFound);
}

TEST_F(TrashTest, OldLinksStayDeadAndNewOnesWork) {
  const Entry file = upload(anna_, "a.txt", "bytes");
  const Addressed address = vault_->addresses().of(file);
  const auto bucket = run(vault_->buckets().create(as(anna_), "bucket"));
  std::vector<NewFile> files;
  files.push_back({.staged = receive(anna_, "once").value(), .name = "b.txt"});
  const Entry in_bucket =
      run(vault_->uploads().commit(as(anna_), bucket->id, std::move(files))).value().at(0);
  const std::string token =
      run(vault_->downloads().issue(as(anna_), bucket->id, in_bucket.id)).value();
  for (const Entry& each : {file, in_bucket}) {
    ASSERT_TRUE(put(anna_, each.id));
    ASSERT_TRUE(restore(anna_, each.id));
  }
  EXPECT_FAILS(run(vault_->shares().find(file.share)), kNotFound);
  EXPECT_FAILS(run(vault_->shares().find_media(file.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().find(address.address)), kNotFound);
  EXPECT_FAILS(run(vault_->addresses().remove(address.address, address.delete_key.str())),
               kNotFound);
  EXPECT_FAILS(run(vault_->downloads().take(token)), kNotFound);
  const Entry back = run(vault_->entries().find(anna_.id, file.id)).value();
  EXPECT_TRUE(run(vault_->shares().find(back.share)));
  EXPECT_TRUE(run(vault_->shares().find_media(back.media_uuid())));
  EXPECT_TRUE(run(vault_->addresses().find(vault_->addresses().of(back).address)));
  EXPECT_EQ(run(vault_->entries().find(anna_.id, in_bucket.id))->space, bucket->id);
}

TEST_F(TrashTest, AShareThatHadExpiredStaysExpired) {
  const Entry file = upload(anna_, "a.txt", "bytes");
  ASSERT_TRUE(run(vault_->shares().set_expiry(as(anna_), file.id, clock_.now())));
  ASSERT_TRUE(put(anna_, file.id));
  const Entry back = restore(anna_, file.id).value();
  EXPECT_FAILS(run(vault_->shares().find(back.share)), kNotFound);
}

TEST_F(TrashTest, GetsAFreeKeyWhereItsNameIsTaken) {
  const Entry file = upload(anna_, "a.txt", "old");
  ASSERT_TRUE(put(anna_, file.id));
  upload(anna_, "a.txt", "new");
  const Entry back = restore(anna_, file.id).value();
  EXPECT_EQ(back.name, "a.txt");
  EXPECT_EQ(back.key, "a (2).txt");
  EXPECT_EQ(content_of(back), "old");
}

TEST_F(TrashTest, ComesHomeWhereItsFolderIsGone) {
  const Entry folder = make_folder(anna_, "folder");
  const Entry inner = make_folder(anna_, "inner", folder.id);
  const Entry file = upload_into(anna_, inner.id, "a.txt", "bytes");
  const Entry other = upload_into(anna_, inner.id, "b.txt", "bytes");
  ASSERT_TRUE(put(anna_, file.id));
  ASSERT_TRUE(put(anna_, other.id));
  ASSERT_TRUE(run(vault_->folders().remove(as(anna_), folder.id)));
  // The folder it lies in is still to be cleared away, and then it is not there at all.
  EXPECT_EQ(restore(anna_, file.id)->parent, std::nullopt);
  clear_all();
  EXPECT_EQ(restore(anna_, other.id)->parent, std::nullopt);
  EXPECT_EQ(children(anna_.home), (std::vector<std::string>{"a.txt", "b.txt"}));
}

TEST_F(TrashTest, ComesHomeFromABucketOrGroupThatIsClosedToItsOwner) {
  const Account bert = make_account("bert");
  const auto bucket = run(vault_->buckets().create(as(anna_), "bucket"));
  const Group group = run(vault_->groups().create(as(bert), "friends")).value();
  const auto secret = run(vault_->groups().invite(as(bert), group.number)).value();
  ASSERT_TRUE(run(vault_->groups().join(as(anna_), secret)));
  std::vector<EntryId> ids;
  for (const SpaceId space : {bucket->id, group.space}) {
    std::vector<NewFile> files;
    files.push_back({.staged = receive(anna_, "bytes").value(), .name = "a.txt"});
    ids.push_back(run(vault_->uploads().commit(as(anna_), space, std::move(files)))->at(0).id);
    ASSERT_TRUE(put(anna_, ids.back()));
  }
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "bucket")));
  ASSERT_TRUE(run(vault_->groups().leave(as(anna_), group.number)));
  for (const EntryId id : ids) EXPECT_EQ(restore(anna_, id)->space, anna_.home);
}

TEST_F(TrashTest, LeavesCollectionsInTheSameTransaction) {
  const Entry file = upload(anna_, "a.jpg", "bytes");
  const auto collection =
      run(vault_->collections().create(as(anna_), "summer", std::nullopt)).value();
  ASSERT_TRUE(run(vault_->collections().add(as(anna_), collection.id, {file.id})));
  ASSERT_TRUE(put(anna_, file.id));
  EXPECT_EQ(run(vault_->collections().find(anna_.id, collection.id))->files, 0U);
  EXPECT_EQ(contradictions(), std::vector<std::string>());
  ASSERT_TRUE(restore(anna_, file.id));
  EXPECT_EQ(run(vault_->collections().find(anna_.id, collection.id))->files, 0U);
}

TEST_F(TrashTest, BelongsToItsOwnerAlone) {
  const Account bert = make_account("bert");
  const Entry file = upload(anna_, "a.txt", "bytes");
  EXPECT_FAILS(put(bert, file.id), kNotFound);
  ASSERT_TRUE(put(anna_, file.id));
  EXPECT_TRUE(trashed(bert).empty());
  EXPECT_FAILS(restore(bert, file.id), kNotFound);
  EXPECT_FAILS(run(vault_->trash().remove(as(bert), file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->trash().find(bert.id, file.uuid)), kNotFound);
  EXPECT_EQ(run(vault_->trash().empty(as(bert)))->files, 0U);
  EXPECT_EQ(trashed(anna_), std::vector<std::string>{"a.txt"});
}

TEST_F(TrashTest, KeepsBytesUntilItIsRemovedForGood) {
  const Entry whole = upload(anna_, "a.txt", "bytes");
  const Entry parts = upload_parts(anna_, "b.txt", {"one", "two"});
  ASSERT_TRUE(put(anna_, whole.id));
  ASSERT_TRUE(put(anna_, parts.id));
  clock_.advance(29 * 24h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 3U);
  EXPECT_EQ(content_of(restore(anna_, parts.id).value()), "onetwo");
  ASSERT_TRUE(run(vault_->trash().remove(as(anna_), whole.id)));
  EXPECT_EQ(events_of(EventType::kEntryPurged), 1U);
  EXPECT_FAILS(restore(anna_, whole.id), kNotFound);
  clock_.advance(25h);
  collect_all();
  EXPECT_EQ(stored_blobs(), 2U);
  EXPECT_EQ(account(anna_.id).used, 6U);
}

TEST_F(TrashTest, IsPurgedWhenItsTimeIsOver) {
  const Entry first = upload(anna_, "first", "1");
  const Entry second = upload(anna_, "second", "22");
  ASSERT_TRUE(put(anna_, first.id));
  clock_.advance(24h);
  ASSERT_TRUE(put(anna_, second.id));
  clock_.advance(29 * 24h - 1us);
  EXPECT_FALSE(run(vault_->trash().purge(16)));
  EXPECT_EQ(trashed(anna_), (std::vector<std::string>{"second", "first"}));
  clock_.advance(1us);
  clear_all();
  EXPECT_EQ(trashed(anna_), std::vector<std::string>{"second"});
  EXPECT_EQ(account(anna_.id).used, 2U);
  EXPECT_EQ(events_of(EventType::kEntryPurged), 1U);
}

TEST_F(TrashTest, IsEmptiedAtOnceAndClearedInSteps) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(put(anna_, upload(anna_, "file", "bytes " + std::to_string(i)).id));
  }
  const Entry kept = upload(anna_, "kept", "k");
  const TrashTotal emptied = run(vault_->trash().empty(as(anna_))).value();
  EXPECT_EQ(emptied.files, 20U);
  EXPECT_TRUE(trashed(anna_).empty());
  EXPECT_EQ(run(vault_->trash().total(anna_.id)).files, 0U);
  EXPECT_EQ(account(anna_.id).charged, kept.charged);
  EXPECT_EQ(rows(), 20);
  // What comes now is not part of it, not even at the same moment or with a clock that went back.
  clock_.advance(-1h);
  ASSERT_TRUE(put(anna_, kept.id));
  EXPECT_EQ(trashed(anna_), std::vector<std::string>{"kept"});
  int steps = 0;
  while (run(vault_->trash().purge(3))) {
    ASSERT_EQ(contradictions(), std::vector<std::string>());
    if (++steps == 2) open({});  // the server was stopped and started
    ASSERT_LT(steps, 100);
  }
  EXPECT_GE(steps, 7);
  EXPECT_EQ(rows(), 1);
  EXPECT_EQ(events_of(EventType::kEntryPurged), 20U);
  EXPECT_TRUE(restore(anna_, kept.id));
}

TEST_F(TrashTest, CannotBeRestoredOnceItWasEmptied) {
  const Entry file = upload(anna_, "file", "bytes");
  ASSERT_TRUE(put(anna_, file.id));
  ASSERT_TRUE(run(vault_->trash().empty(as(anna_))));
  EXPECT_FAILS(restore(anna_, file.id), kNotFound);
  EXPECT_FAILS(run(vault_->trash().remove(as(anna_), file.id)), kNotFound);
  EXPECT_FAILS(run(vault_->trash().find(anna_.id, file.uuid)), kNotFound);
}

TEST_F(TrashTest, DoesNotExistWithoutRetention) {
  const Entry before = upload(anna_, "before", "bytes");
  ASSERT_TRUE(put(anna_, before.id));
  Policy policy;
  policy.trash_retention = 0ms;
  open(policy);
  const Entry file = upload(anna_, "file", "bytes");
  const auto until = put(anna_, file.id);
  ASSERT_TRUE(until);
  EXPECT_FALSE(until->has_value());
  EXPECT_EQ(trashed(anna_), std::vector<std::string>{"before"});
  clear_all();
  EXPECT_TRUE(trashed(anna_).empty()) << "what was there when it was switched off";
  EXPECT_EQ(account(anna_.id).used, 0U);
}

TEST_F(TrashTest, IsListedInPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 10; ++i) {
    names.push_back("file " + std::to_string(i));
    ASSERT_TRUE(put(anna_, upload(anna_, names.back(), "bytes").id));
    if (i % 3 == 0) clock_.advance(1s);  // several of one moment
  }
  std::ranges::reverse(names);
  std::vector<std::string> seen;
  Trash::Cursor cursor;
  for (;;) {
    const auto page = run(vault_->trash().list(anna_.id, cursor, 0, 3));
    for (const TrashedFile& each : page.items) seen.push_back(each.file.name);
    if (!page.more) break;
    cursor = Trash::cursor_of(page.items.back());
  }
  EXPECT_EQ(seen, names);
  const auto skipped = run(vault_->trash().list(anna_.id, {}, 7, 100));
  EXPECT_EQ(skipped.items.size(), 3U);
  EXPECT_EQ(skipped.items.front().file.name, names[7]);
}

// What backfilling finds out while the file is elsewhere is nobody's.
TEST_F(TrashTest, AFileOfPartsGetsItsChecksumAfterwards) {
  const Entry parts = upload_parts(anna_, "b.txt", {"one", "two"});
  ASSERT_FALSE(parts.checksum);
  ASSERT_TRUE(put(anna_, parts.id));
  EXPECT_FALSE(run(vault_->digests().settle(parts, Sha256::of(as_bytes("onetwo")))));
  ASSERT_TRUE(restore(anna_, parts.id));
  EXPECT_EQ(run(vault_->digests().next(EntryId{}))->id, parts.id);
}

}  // namespace
}  // namespace coffer::vault::test
