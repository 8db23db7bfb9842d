#include "vault/tree/folders.h"

#include <atomic>

#include "vault/test/fixture.h"
#include "vault/tree/keys.h"

namespace coffer::vault::test {
namespace {

using Names = std::vector<std::string>;

class FoldersTest : public VaultTest {
 protected:
  using VaultTest::VaultTest;

  Result<Entry> update(const Account& owner, EntryId id, FolderChanges changes) {
    return run(vault_->folders().update(as(owner), id, std::move(changes)));
  }
  Result<Entry> move(EntryId id, std::optional<EntryId> parent) {
    FolderChanges changes;
    changes.parent.emplace(parent);
    return update(anna_, id, changes);
  }
  Result<Entry> move_file(EntryId id, std::optional<EntryId> parent) {
    EntryChanges changes;
    changes.parent.emplace(parent);
    return run(vault_->entries().update(as(anna_), id, changes));
  }
  Result<void> remove_folder(const Account& owner, EntryId id) {
    return run(vault_->folders().remove(as(owner), id));
  }
  Result<Entry> path(Names names) {
    return run(vault_->folders().make_path(as(anna_), anna_.home, std::move(names)));
  }

  // The keys of the folders that it lies in, from the space down, and its own.
  std::string path_of(EntryId id) {
    static constexpr db::Statement kKey{"SELECT key, parent_id FROM entry WHERE id = $1"};
    std::string path;
    while (id != EntryId{}) {
      const auto prepend = [&](const db::Row& row) {
        path.insert(0, as_text(row.bytes(0)));
        return row.id<EntryId>(1);
      };
      auto body = [&](db::Transaction& tx) -> Task<std::optional<EntryId>> {
        co_return co_await tx.find(kKey, prepend, id);
      };
      id = run(stores_.database->read(body)).value_or(EntryId{});
    }
    return path;
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

class FoldersQuotaTest : public FoldersTest {
 protected:
  static Policy policy() {
    Policy policy;
    policy.quota = 10 * kEntryCharge;
    return policy;
  }
  FoldersQuotaTest() : FoldersTest(policy()) {}
};

TEST_F(FoldersTest, WhatIsInThemIsListedByName) {
  const Entry music = make_folder(anna_, "Music");
  EXPECT_EQ(music.key, "Music/");
  EXPECT_TRUE(music.is_folder());
  EXPECT_EQ(music.size, 0U);
  const Entry live = make_folder(anna_, "Live", music.id);
  EXPECT_EQ(live.key, "Live/");
  const Entry song = upload_into(anna_, live.id, "song.mp3", "la");
  EXPECT_EQ(song.key, "song.mp3");
  EXPECT_EQ(song.parent, live.id);
  upload_into(anna_, music.id, "b.mp3", "b");
  upload_into(anna_, music.id, "a.mp3", "a");
  upload(anna_, "root.txt", "r");
  EXPECT_EQ(children(anna_.home), (Names{"Music/", "root.txt"}));
  EXPECT_EQ(children(anna_.home, music.id), (Names{"Live/", "a.mp3", "b.mp3"}));
  EXPECT_EQ(children(anna_.home, live.id), Names{"song.mp3"});
  EXPECT_EQ(children(bob_.home, music.id), Names{});
  EXPECT_EQ(list({.owner = anna_.id}).total, 4U) << "files of all folders, folders not";
  EXPECT_EQ(list({.owner = anna_.id, .text = "live"}).total, 0U);
  const auto parents = run(vault_->folders().parent_names(list({.owner = anna_.id}).entries));
  EXPECT_EQ(parents.size(), 2U);
  EXPECT_EQ(parents.at(live.id), "Live");
  EXPECT_EQ(run(vault_->folders().parent_of(live)).value().id, music.id);
  EXPECT_FALSE(run(vault_->folders().parent_of(music)));
}

TEST_F(FoldersTest, PagesOfChildrenNeverOverlap) {
  const Entry folder = make_folder(anna_, "f");
  for (const std::optional<EntryId> place : {std::optional(folder.id), std::optional<EntryId>()}) {
    for (int i = 0; i < 25; ++i) {
      upload_into(anna_, place, "n" + std::to_string(i % 4), "x");
      make_folder(anna_, "n" + std::to_string(i % 3), place);
    }
    for (const bool folders : {false, true}) {
      ChildQuery query{.space = anna_.home, .folder = place, .folders = folders, .limit = 7};
      std::vector<std::string> keys;
      for (;;) {
        const auto page = run(vault_->folders().children(query));
        for (const Entry& entry : page.items) {
          EXPECT_EQ(entry.is_folder(), folders);
          EXPECT_EQ(entry.parent, place);
          keys.push_back(entry.key);
        }
        if (!page.more) break;
        query.after = page.items.back().key;
      }
      const std::size_t expected = folders && !place ? 26 : 25;
      EXPECT_EQ(keys.size(), expected);
      EXPECT_TRUE(std::ranges::is_sorted(keys));
      EXPECT_EQ(std::ranges::adjacent_find(keys), keys.end());
    }
  }
}

TEST_F(FoldersTest, FilesAndFoldersShareOneSetOfNames) {
  EXPECT_EQ(make_folder(anna_, "Music").key, "Music/");
  EXPECT_EQ(make_folder(anna_, "Music").key, "Music (2)/");
  EXPECT_EQ(upload(anna_, "Music", "x").key, "Music (3)");
  EXPECT_EQ(upload(anna_, "song.mp3", "x").key, "song.mp3");
  EXPECT_EQ(make_folder(anna_, "song.mp3").key, "song.mp3 (2)/") << "no extension";
  EXPECT_EQ(make_folder(anna_, "song.mp3").name, "song.mp3") << "as it was given";
  EXPECT_EQ(upload(anna_, "song.mp3", "x").key, "song (2).mp3");
  const Entry file = upload(anna_, "other", "x");
  const auto renamed = run(vault_->entries().update(as(anna_), file.id, {.name = "Music"}));
  EXPECT_EQ(renamed->key, "Music (4)");
}

TEST_F(FoldersTest, AnyNameIsData) {
  const std::string wide(63, '\xc3');
  const std::pair<std::string, std::string> cases[] = {
      {"..", "__/"},
      {".", "_/"},
      {"a/b", "a_b/"},
      {"a\\b", "a_b (2)/"},
      {"/", "_ (2)/"},
      {std::string("n\0l", 3), "n_l/"},
      {"\xe9\x9f\xb3\xe6\xa5\xbd", "\xe9\x9f\xb3\xe6\xa5\xbd/"},
      {"\xf0\x9f\x8e\xb5", "\xf0\x9f\x8e\xb5/"},
      {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d/"},
      {"100%_'", "100%_'/"},
      {" x ", " x /"},
  };
  for (const auto& [name, key] : cases) {
    const Entry folder = make_folder(anna_, name);
    EXPECT_EQ(folder.key, key);
    EXPECT_EQ(run(vault_->folders().find(anna_.id, folder.id))->name, name);
    const Entry inside = upload_into(anna_, folder.id, name, "x");
    EXPECT_EQ(path_of(inside.id), key + segment_from_name(name));
    EXPECT_EQ(children(anna_.home, folder.id), Names{name});
  }
  std::string long_name;
  for (int i = 0; i < 255; ++i) long_name += "\xf0\x9f\x8e\xb5";
  const Entry folder = make_folder(anna_, long_name);
  EXPECT_EQ(folder.name, long_name);
  EXPECT_LE(folder.key.size(), 256U);
  EXPECT_TRUE(is_utf8(folder.key));
  EXPECT_NE(make_folder(anna_, long_name).key, folder.key);
  EXPECT_FAILS(try_folder(anna_, long_name + "x"), kInvalid);
  EXPECT_FAILS(try_folder(anna_, ""), kInvalid);
  EXPECT_FAILS(try_folder(anna_, "\xff"), kInvalid);
}

TEST_F(FoldersTest, OthersDoNotExist) {
  const Entry folder = make_folder(anna_, "f");
  const Entry file = upload(anna_, "file", "x");
  EXPECT_FAILS(run(vault_->folders().find(bob_.id, folder.id)), kNotFound);
  EXPECT_FAILS(run(vault_->folders().find(bob_.id, folder.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->folders().find(bob_.id, folder.share)), kNotFound);
  EXPECT_FAILS(update(bob_, folder.id, {.name = "mine"}), kNotFound);
  EXPECT_FAILS(remove_folder(bob_, folder.id), kNotFound);
  EXPECT_FAILS(try_folder(bob_, "x", folder.id), kNotFound);
  EXPECT_FAILS(try_folder(anna_, "x", file.id), kNotFound);  // a file is no folder
  EXPECT_FAILS(try_folder(anna_, "x", EntryId{999}), kNotFound);
  EXPECT_FAILS(run(vault_->folders().find(anna_.id, file.id)), kNotFound);
  EXPECT_FAILS(remove_folder(anna_, file.id), kNotFound);
  EXPECT_FAILS(remove(anna_, folder.id), kNotFound);  // a folder is no file
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, folder.id)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().find(anna_.id, folder.uuid)), kNotFound);
  EXPECT_FAILS(run(vault_->entries().update(as(anna_), folder.id, {.title = "t"})), kNotFound);
  EXPECT_FAILS(run(vault_->folders().create(as(anna_), SpaceId{999}, {.name = "x"})), kNotFound);
  const Entry theirs = make_folder(bob_, "theirs");
  const auto moved = move(folder.id, theirs.id);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, FailureCode::kNotFound);
  EXPECT_EQ(fields_of(moved.error()), std::set<std::string>{"parent"});
  EXPECT_FAILS(move_file(file.id, theirs.id), kNotFound);
  EXPECT_FAILS(move_file(file.id, file.id), kNotFound);
  EXPECT_EQ(run(vault_->folders().find(anna_.id, folder.uuid))->id, folder.id);
  EXPECT_EQ(run(vault_->folders().find(anna_.id, folder.share))->id, folder.id);
}

TEST_F(FoldersTest, MovingTakesAllAlong) {
  const Entry a = make_folder(anna_, "a");
  const Entry b = make_folder(anna_, "b", a.id);
  const Entry c = make_folder(anna_, "c", b.id);
  const Entry song = upload_into(anna_, c.id, "song.mp3", "la");
  const Entry beside = make_folder(anna_, "a!");
  const Entry near_key = upload(anna_, "a0", "x");
  const Entry target = make_folder(anna_, "target");
  make_folder(anna_, "b", target.id);

  const auto moved = move(b.id, target.id);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->key, "b (2)/");
  EXPECT_EQ(moved->parent, target.id);
  EXPECT_EQ(path_of(c.id), "target/b (2)/c/");
  EXPECT_EQ(path_of(song.id), "target/b (2)/c/song.mp3");
  EXPECT_EQ(children(anna_.home, a.id), Names{});
  EXPECT_EQ(children(anna_.home, target.id), (Names{"b/", "b/"}));
  const Entry same = run(vault_->entries().find(anna_.id, song.id)).value();
  EXPECT_EQ(same.uuid, song.uuid);
  EXPECT_EQ(same.parent, c.id);
  EXPECT_EQ(content_of(same), "la");

  ASSERT_TRUE(update(anna_, target.id, {.name = "\xc3\xbc/\xf0\x9f\x8e\xb5"}));
  EXPECT_EQ(path_of(song.id), "\xc3\xbc_\xf0\x9f\x8e\xb5/b (2)/c/song.mp3");
  ASSERT_TRUE(move(b.id, std::nullopt));
  EXPECT_EQ(path_of(song.id), "b/c/song.mp3");
  EXPECT_EQ(path_of(beside.id), "a!/");
  EXPECT_EQ(path_of(near_key.id), "a0");
  ASSERT_TRUE(move_file(song.id, std::nullopt));
  EXPECT_EQ(path_of(song.id), "song.mp3");
  EXPECT_EQ(children(anna_.home, c.id), Names{});
}

TEST_F(FoldersTest, ARenamedPrefixTakesNothingElseAlong) {
  const Entry a = make_folder(anna_, "a");
  const Entry ab = make_folder(anna_, "ab");
  const Entry in_a = upload_into(anna_, a.id, "x", "1");
  const Entry in_ab = upload_into(anna_, ab.id, "x", "2");
  ASSERT_TRUE(update(anna_, a.id, {.name = "ab"}));
  EXPECT_EQ(path_of(in_a.id), "ab (2)/x");
  EXPECT_EQ(path_of(in_ab.id), "ab/x");
  ASSERT_TRUE(update(anna_, a.id, {.name = "a"}));
  EXPECT_EQ(path_of(in_a.id), "a/x");
  const auto same = update(anna_, a.id, {.name = "a"});
  EXPECT_EQ(same->key, "a/");
}

TEST_F(FoldersTest, CyclesAreRefused) {
  const Entry a = make_folder(anna_, "a");
  const Entry b = make_folder(anna_, "b", a.id);
  const Entry c = make_folder(anna_, "c", b.id);
  for (const EntryId parent : {a.id, b.id, c.id}) {
    const auto moved = move(a.id, parent);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, FailureCode::kInvalid);
    EXPECT_EQ(fields_of(moved.error()), std::set<std::string>{"parent"});
  }
  EXPECT_TRUE(move(c.id, a.id));
  EXPECT_TRUE(move(b.id, c.id));
  EXPECT_EQ(path_of(b.id), "a/c/b/");
}

TEST_F(FoldersTest, OfTwoMovesIntoEachOtherOneIsACycle) {
  for (int round = 0; round < 10; ++round) {
    const Entry a = make_folder(anna_, "a");
    const Entry b = make_folder(anna_, "b");
    std::atomic<int> moved = 0;
    in_parallel(2, [&](int i) {
      if (i == 0 ? move(a.id, b.id) : move(b.id, a.id)) ++moved;
    });
    EXPECT_EQ(moved, 1);
    EXPECT_TRUE(path_of(a.id).ends_with(path_of(b.id)) ||
                path_of(b.id).starts_with(path_of(a.id)) ||
                path_of(a.id).starts_with(path_of(b.id)));
  }
}

TEST_F(FoldersTest, TreesHaveADepth) {
  std::vector<EntryId> chain;
  std::optional<EntryId> parent;
  for (std::size_t i = 0; i < kDepthMax; ++i) {
    parent = make_folder(anna_, "f", parent).id;
    chain.push_back(*parent);
  }
  EXPECT_FAILS(try_folder(anna_, "deeper", parent), kInvalid);
  EXPECT_FAILS(path(Names(kDepthMax + 1, "p")), kInvalid);
  const Entry file = upload_into(anna_, parent, "file", "x");
  const std::string place = path_of(file.id);

  const Entry top = make_folder(anna_, "top");
  EXPECT_FAILS(move(chain[0], top.id), kInvalid);
  EXPECT_EQ(path_of(file.id), place) << "nothing moved";
  ASSERT_TRUE(move(chain[1], top.id)) << "as deep as before";
  EXPECT_FAILS(move(top.id, chain[0]), kInvalid);
  // What was moved into a folder counts there.
  const Entry side = make_folder(anna_, "side");
  ASSERT_TRUE(move(chain[50], side.id));
  EXPECT_FAILS(move(side.id, chain[49]), kInvalid);
  ASSERT_TRUE(move(chain[50], chain[49]));
  EXPECT_EQ(path_of(file.id).size(), place.size() + 2) << "top/ in place of f/";
}

TEST_F(FoldersTest, ChangesWhatIsSet) {
  const Entry folder = make_folder(anna_, "f");
  clock_.advance(std::chrono::seconds(5));
  FolderChanges describe;
  describe.description.emplace("D");
  auto changed = update(anna_, folder.id, describe);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->description, "D");
  EXPECT_EQ(changed->name, "f");
  EXPECT_EQ(changed->updated_at, clock_.now());
  EXPECT_EQ(changed->share, folder.share);
  describe.description.emplace();
  EXPECT_FALSE(update(anna_, folder.id, describe)->description);
  const std::size_t before = events().size();
  EXPECT_TRUE(update(anna_, folder.id, {}));
  EXPECT_FAILS(update(anna_, folder.id, {.name = ""}), kInvalid);
  EXPECT_EQ(events().size(), before);
}

TEST_F(FoldersTest, RemovingTakesAllAlongAndNothingElse) {
  const Entry kept = upload(anna_, "kept.jpg", "shared bytes", {"tag"});
  const Entry a = make_folder(anna_, "a");
  const Entry b = make_folder(anna_, "b", a.id);
  const Entry neighbour = make_folder(anna_, "a0");
  upload_into(anna_, a.id, "one.jpg", "shared bytes");
  upload_into(anna_, b.id, "two.jpg", "shared bytes");
  const Entry own = upload_into(anna_, b.id, "own.mp3", "own bytes");
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), own.id, {.tags = Names{"x", "Y"}})));
  const Entry parts = upload_parts(anna_, "parts", {"shared bytes", "other", "other"}, b.id);
  const auto reading = run(vault_->files().open(parts));
  const std::size_t before = events().size();
  const std::uint64_t statements = stores_.database->stats().statements;
  ASSERT_TRUE(remove_folder(anna_, a.id));
  EXPECT_LT(stores_.database->stats().statements - statements, 25U);
  // Gone before anything is cleared away, and while it is.
  do {
    EXPECT_EQ(account(anna_.id).used, 12U);
    EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
    EXPECT_EQ(list({.owner = anna_.id}).entries.at(0).id, kept.id);
    EXPECT_EQ(list({.owner = anna_.id, .tag = "x"}).total, 0U);
    EXPECT_FAILS(run(vault_->entries().find(anna_.id, own.id)), kNotFound);
    EXPECT_EQ(contradictions(), Names());
  } while (run(vault_->clearing().clear(1)));

  const auto told = events();
  ASSERT_EQ(told.size(), before + 6);
  std::set<Uuid> uuids;
  for (std::size_t i = before; i < told.size(); ++i) {
    EXPECT_EQ(told[i].type, EventType::kEntryDeleted);
    EXPECT_EQ(told[i].owner, anna_.id);
    EXPECT_EQ(told[i].account, anna_.id);
    EXPECT_EQ(told[i].space, anna_.home);
    uuids.insert(told[i].uuid.value());
  }
  EXPECT_EQ(uuids.size(), 6U);
  EXPECT_TRUE(uuids.contains(own.uuid) && uuids.contains(b.uuid));
  EXPECT_EQ(account(anna_.id).used, 12U);
  EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
  EXPECT_EQ(list({.owner = anna_.id, .tag = "x"}).total, 0U);
  EXPECT_EQ(list({.owner = anna_.id, .tag = "tag"}).total, 1U);
  EXPECT_EQ(children(anna_.home), (Names{"a0/", "kept.jpg"}));
  EXPECT_FAILS(remove_folder(anna_, a.id), kNotFound);
  EXPECT_TRUE(run(vault_->folders().find(anna_.id, neighbour.id)));
  EXPECT_EQ(contradictions(), Names());

  std::string text;
  while (text.size() < reading->size()) {
    text += text_of(run(reading->piece(text.size(), 100)));
  }
  EXPECT_EQ(text, "shared bytesotherother") << "reads under way go on";

  clock_.advance(std::chrono::hours(25));
  collect_all();
  EXPECT_EQ(stored_blobs(), 1U);
  EXPECT_EQ(content_of(kept), "shared bytes");
}

TEST_F(FoldersTest, DeletingBesideMovingLosesNothing) {
  for (int round = 0; round < 20; ++round) {
    const Entry doomed = make_folder(anna_, "doomed");
    const Entry safe = make_folder(anna_, "safe");
    const Entry moving = make_folder(anna_, "moving", doomed.id);
    const Entry file = upload_into(anna_, moving.id, "f", "12345");
    bool moved = false;
    in_parallel(2, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(remove_folder(anna_, doomed.id));
      } else {
        moved = move(moving.id, safe.id).has_value();
      }
    });
    EXPECT_EQ(run(vault_->entries().find(anna_.id, file.id)).has_value(), moved);
    EXPECT_EQ(account(anna_.id).used, moved ? 5U : 0U);
    ASSERT_TRUE(remove_folder(anna_, safe.id));
    EXPECT_EQ(account(anna_.id).used, 0U);
  }
  EXPECT_EQ(children(anna_.home), Names{});
}

TEST_F(FoldersTest, UploadsBesideDeletingAreAllOrNothing) {
  for (int round = 0; round < 10; ++round) {
    const Entry folder = make_folder(anna_, "f");
    in_parallel(4, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(remove_folder(anna_, folder.id));
        return;
      }
      auto staged = receive(anna_, "bytes " + std::to_string(i));
      const auto made =
          commit(anna_, {.staged = std::move(*staged), .name = "x", .parent = folder.id});
      if (!made) {
        EXPECT_EQ(made.error().code, FailureCode::kNotFound);
      }
    });
    EXPECT_EQ(account(anna_.id).used, 0U);
    EXPECT_EQ(list({.owner = anna_.id}).total, 0U);
  }
}

TEST_F(FoldersTest, APathIsMadeOnce) {
  const auto made = path({"a", "b", "c"});
  ASSERT_TRUE(made);
  EXPECT_EQ(made->key, "c/");
  EXPECT_EQ(path({"a", "b", "c"})->id, made->id);
  EXPECT_EQ(path({"a", "b"})->id, made->parent);
  EXPECT_EQ(children(anna_.home), Names{"a/"});
  upload_into(anna_, made->id, "file", "x");
  const std::size_t before = events().size();
  EXPECT_FAILS(path({"new", "..", "c"}), kInvalid);
  EXPECT_FAILS(path({"a/b"}), kInvalid);
  EXPECT_FAILS(path({""}), kInvalid);
  EXPECT_FAILS(path({"a", "b", "c", "file", "d"}), kConflict);
  EXPECT_FAILS(path({"a", "new", std::string(256, 'x')}), kInvalid);
  EXPECT_EQ(events().size(), before) << "all or nothing";
  EXPECT_EQ(run(vault_->paths().find(anna_.home, {"a", "b", "c", "file"}))->name, "file");
  EXPECT_EQ(run(vault_->paths().find(anna_.home, {"a", "b"}))->id, made->parent);
  EXPECT_FAILS(run(vault_->paths().find(anna_.home, {"a/b"})), kNotFound);
  EXPECT_FAILS(run(vault_->paths().find(bob_.home, {"a", "b"})), kNotFound);

  std::set<EntryId> ids;
  std::mutex mutex;
  in_parallel(8, [&](int) {
    const auto one = path({"p", "q", "r"});
    const std::lock_guard lock(mutex);
    ids.insert(one.value().id);
  });
  EXPECT_EQ(ids.size(), 1U);
}

TEST_F(FoldersQuotaTest, WhatIsWrittenDownCounts) {
  const auto charged = [&] { return account(anna_.id).charged; };
  const Entry folder = make_folder(anna_, "folder");
  EXPECT_EQ(charged(), kEntryCharge + 6);
  FolderChanges describe;
  describe.description.emplace(std::string(5000, 'd'));
  ASSERT_TRUE(update(anna_, folder.id, describe));
  EXPECT_EQ(charged(), kEntryCharge + 6 + 5000);
  describe.description.emplace(std::string(9999, 'd'));
  EXPECT_FAILS(update(anna_, folder.id, describe), kQuotaExceeded);
  const auto described = run(vault_->folders().create(
      as(anna_), anna_.home,
      {.parent = folder.id, .name = "x", .description = std::string(4000, 'd')}));
  EXPECT_FAILS(described, kQuotaExceeded);
  ASSERT_TRUE(update(anna_, folder.id, {.name = "f"}));
  EXPECT_EQ(charged(), kEntryCharge + 1 + 5000);

  const Entry file = upload_into(anna_, folder.id, "name", "");
  EXPECT_EQ(charged(), 2 * kEntryCharge + 5005);
  EntryChanges changes{.title = std::string(255, 't'), .tags = Names{"a", "bc"}};
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, changes)));
  EXPECT_EQ(charged(), 2 * kEntryCharge + 5005 + 255 + 3);
  changes.description.emplace(std::string(9000, 'd'));
  EXPECT_FAILS(run(vault_->entries().update(as(anna_), file.id, changes)), kQuotaExceeded);
  EXPECT_FAILS(path(Names(20, "p")), kQuotaExceeded);
  EXPECT_EQ(children(anna_.home), Names{"f/"}) << "all or nothing";
  const Group group = run(vault_->groups().create(as(anna_), "g")).value();
  EXPECT_EQ(charged(), 3 * kEntryCharge + 5005 + 255 + 3 + 1);
  ASSERT_TRUE(run(vault_->groups().remove(as(anna_), group.number)));
  ASSERT_TRUE(run(vault_->buckets().create(as(anna_), "bucket")));
  EXPECT_EQ(charged(), 3 * kEntryCharge + 5005 + 255 + 3 + 6);
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "bucket")));
  ASSERT_TRUE(remove_folder(anna_, folder.id));
  EXPECT_EQ(charged(), 0U);
}

TEST_F(FoldersQuotaTest, KeysAndInvitesCount) {
  const auto charged = [&] { return account(anna_.id).charged; };
  ApiKeys& keys = vault_->api_keys();
  const auto key = run(keys.create(as(anna_), KeyKind::kApi, "backup")).value().key;
  EXPECT_EQ(charged(), kSecretCharge);
  EXPECT_FAILS(run(keys.revoke(as(bob_), key.id)), kNotFound);
  ASSERT_TRUE(run(keys.revoke(as(anna_), key.id)));
  EXPECT_FAILS(run(keys.revoke(as(anna_), key.id)), kNotFound);
  EXPECT_EQ(charged(), 0U);

  const Bucket bucket = run(vault_->buckets().create(as(anna_), "bucket")).value();
  const Group group = run(vault_->groups().create(as(anna_), "g")).value();
  const std::uint64_t spaces = charged();
  const std::string secret = run(keys.create_application(as(anna_), bucket.id)).value();
  ASSERT_TRUE(run(keys.create_application(as(anna_), bucket.id)));
  ASSERT_TRUE(run(vault_->groups().invite(as(anna_), group.number)));
  EXPECT_EQ(charged(), spaces + 3 * kSecretCharge);
  EXPECT_EQ(contradictions(), Names());
  ASSERT_TRUE(run(keys.revoke_application(as(anna_), secret)));
  ASSERT_TRUE(run(vault_->groups().revoke_invites(as(anna_), group.number)));
  EXPECT_EQ(charged(), spaces + kSecretCharge);
  ASSERT_TRUE(run(keys.revoke_applications(as(anna_), bucket.id)));
  EXPECT_EQ(charged(), spaces);

  // As many as fit, of each kind.
  ASSERT_TRUE(run(vault_->accounts().set_quota(anna_.id, spaces + 3 * kSecretCharge)));
  ASSERT_TRUE(run(keys.create(as(anna_), KeyKind::kMaster, "")));
  ASSERT_TRUE(run(keys.create_application(as(anna_), bucket.id)));
  ASSERT_TRUE(run(vault_->groups().invite(as(anna_), group.number)));
  EXPECT_FAILS(run(keys.create(as(anna_), KeyKind::kMaster, "")), kQuotaExceeded);
  EXPECT_FAILS(run(keys.create_application(as(anna_), bucket.id)), kQuotaExceeded);
  EXPECT_FAILS(run(vault_->groups().invite(as(anna_), group.number)), kQuotaExceeded);
  EXPECT_EQ(charged(), spaces + 3 * kSecretCharge);
  // What goes with its space is given back.
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "bucket")));
  ASSERT_TRUE(run(vault_->groups().remove(as(anna_), group.number)));
  EXPECT_EQ(charged(), kSecretCharge) << "the master key";
}

}  // namespace
}  // namespace coffer::vault::test
