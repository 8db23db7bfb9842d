#include "vault/tree/tree.h"

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

using Names = std::vector<std::string>;

class TreeTest : public VaultTest {
 protected:
  Result<void> remove_folder(EntryId id) { return run(vault_->folders().remove(as(anna_), id)); }

  Result<Entry> move(EntryId id, std::optional<EntryId> parent) {
    FolderChanges changes;
    changes.parent.emplace(parent);
    return run(vault_->folders().update(as(anna_), id, changes));
  }

  std::uint64_t statements() { return stores_.database->stats().statements; }

  // What the totals say that a folder holds, files and folders; 0 for the home space.
  std::int64_t held_by(EntryId folder) {
    static constexpr db::Statement kHeld{
        "SELECT coalesce(sum(files), 0) FROM tree_total WHERE space_id = $1 AND folder_id = $2"};
    auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(
          kHeld, [](const db::Row& row) { return row.integer(0); }, anna_.home, folder);
    };
    return run(stores_.database->read(body)).value();
  }

  // Folders and files in `folder`, three levels of them: 2 + 4 + 8 folders, a file in each.
  void fill(EntryId folder, int levels = 3) {
    if (levels == 0) return;
    for (const char* name : {"x", "y"}) {
      const Entry child = make_folder(anna_, name, folder);
      upload_into(anna_, child.id, "f.txt", "content");
      fill(child.id, levels - 1);
    }
  }

  const Account anna_ = make_account("anna");
};

TEST_F(TreeTest, NothingBelowARemovedFolderIsThereForAnybody) {
  const Entry top = make_folder(anna_, "top");
  const Entry inner = make_folder(anna_, "inner", top.id);
  const Entry file = upload_into(anna_, inner.id, "f.txt", "secret");
  const Entry parts = upload_parts(anna_, "p", {"a", "b"}, inner.id);
  const UploadSession upload = begin_parts(anna_, "late", std::nullopt, inner.id);
  ASSERT_TRUE(put_part(anna_, upload.uuid, 1, "part"));
  const std::string address = run(vault_->addresses().list_own(anna_.id, {}, 10)).files[0].address;
  auto late = receive(anna_, "late");
  ASSERT_TRUE(run(vault_->addresses().find(address)));
  ASSERT_TRUE(remove_folder(top.id));

  // By whatever leads there.
  Entries& entries = vault_->entries();
  Folders& folders = vault_->folders();
  Shares& shares = vault_->shares();
  for (const Entry& gone : {file, parts}) {
    EXPECT_FAILS(run(entries.find(anna_.id, gone.id)), kNotFound);
    EXPECT_FAILS(run(entries.find(anna_.id, gone.uuid)), kNotFound);
    EXPECT_FAILS(run(entries.find(anna_.id, gone.share)), kNotFound);
    EXPECT_FAILS(run(shares.find(gone.share)), kNotFound);
    EXPECT_FAILS(run(shares.find_under(top.share, gone.uuid)), kNotFound);
    EXPECT_FAILS(run(shares.find_under(inner.share, gone.uuid)), kNotFound);
    EXPECT_FAILS(run(shares.find_media(gone.uuid)), kNotFound);
    EXPECT_FAILS(run(vault_->downloads().issue(as(anna_), anna_.home, gone.id)), kNotFound);
  }
  for (const Entry& gone : {top, inner}) {
    EXPECT_FAILS(run(folders.find(anna_.id, gone.id)), kNotFound);
    EXPECT_FAILS(run(folders.find(anna_.id, gone.uuid)), kNotFound);
    EXPECT_FAILS(run(folders.find(anna_.id, gone.share)), kNotFound);
    EXPECT_FAILS(run(shares.find(gone.share)), kNotFound);
    EXPECT_EQ(children(anna_.home, gone.id), Names());
  }
  EXPECT_FAILS(run(vault_->addresses().find(address)), kNotFound);
  EXPECT_EQ(run(vault_->addresses().list_own(anna_.id, {}, 10)).files.size(), 0U);
  EXPECT_EQ(run(entries.walk(anna_.id, {}, 10)).items.size(), 0U);
  EXPECT_FAILS(run(vault_->paths().find(anna_.home, {"top", "inner", "f.txt"})), kNotFound);
  EXPECT_FALSE(run(vault_->digests().next({}))) << "no work is done for it";

  // For changes as for reads.
  EXPECT_FAILS(run(entries.update(as(anna_), file.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(run(vault_->files().replace(as(anna_), file.id, receive(anna_, "x").value())),
               kNotFound);
  EXPECT_FAILS(remove(anna_, file.id), kNotFound);
  EXPECT_FAILS(run(shares.rotate(as(anna_), file.id)), kNotFound);
  EXPECT_FAILS(run(shares.set_expiry(as(anna_), file.id, clock_.now())), kNotFound);
  EXPECT_FAILS(run(folders.update(as(anna_), inner.id, {.name = "x"})), kNotFound);
  EXPECT_FAILS(remove_folder(inner.id), kNotFound);
  EXPECT_FAILS(move(inner.id, std::nullopt), kNotFound);
  // And nothing comes there any more.
  EXPECT_FAILS(try_folder(anna_, "new", inner.id), kNotFound);
  EXPECT_FAILS(commit(anna_, {.staged = std::move(*late), .name = "late", .parent = inner.id}),
               kNotFound);
  EXPECT_FAILS(complete(anna_, upload.uuid), kNotFound);
  Completion home;
  home.parent.emplace(std::nullopt);
  EXPECT_TRUE(complete(anna_, upload.uuid, home)) << "elsewhere it may still go";
}

TEST_F(TreeTest, ARemovedFoldersNameIsFreeAtOnce) {
  const Entry old = make_folder(anna_, "music");
  fill(old.id);
  ASSERT_TRUE(remove_folder(old.id));
  const Entry fresh = make_folder(anna_, "music");
  EXPECT_EQ(fresh.key, "music/");
  const Entry x = make_folder(anna_, "x", fresh.id);
  const Entry file = upload_into(anna_, x.id, "f.txt", "new");
  EXPECT_EQ(file.key, "f.txt");
  do {
    EXPECT_EQ(children(anna_.home, fresh.id), Names{"x/"});
    EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
    EXPECT_EQ(list({.owner = anna_.id}).entries.size(), 1U);
    EXPECT_EQ(account(anna_.id).used, 3U);
    EXPECT_EQ(contradictions(), Names());
  } while (run(vault_->clearing().clear(3)));
  EXPECT_EQ(stored_entries(), 3);
  EXPECT_EQ(content_of(file), "new");
  EXPECT_EQ(list({.owner = anna_.id, .kind = FileKind::kDocument}).total, 1U);
}

TEST_F(TreeTest, EveryListLeavesOutWhatIsHidden) {
  const Entry folder = make_folder(anna_, "f");
  std::vector<EntryId> kept;
  for (int i = 0; i < 10; ++i) {
    const std::string name = "n" + std::to_string(i) + ".txt";
    kept.push_back(upload(anna_, name, std::string(static_cast<std::size_t>(i), 'x'), {"t"}).id);
    const Entry hidden = upload_into(anna_, folder.id, name, std::string(5, 'h'));
    EntryChanges changes{.tags = Names{"t"}};
    ASSERT_TRUE(run(vault_->entries().update(as(anna_), hidden.id, changes)));
  }
  ASSERT_TRUE(remove_folder(folder.id));
  for (const EntrySort sort : {EntrySort::kCreated, EntrySort::kName, EntrySort::kSize}) {
    for (const auto& kind : {std::optional<FileKind>(), std::optional(FileKind::kDocument)}) {
      for (const auto& text : {std::optional<std::string>(), std::optional<std::string>("n")}) {
        for (const auto& tag : {std::optional<std::string>(), std::optional<std::string>("t")}) {
          const EntryPage page = list({.owner = anna_.id,
                                       .kind = kind,
                                       .text = text,
                                       .tag = tag,
                                       .sort = sort,
                                       .descending = false,
                                       .offset = 4,
                                       .limit = 3});
          EXPECT_EQ(page.total, 10U);
          ASSERT_EQ(page.entries.size(), 3U);
          for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(page.entries[i].id, kept[4 + i]);
        }
      }
    }
  }
  const auto walked = run(vault_->entries().walk(anna_.id, kept[2], 4)).items;
  ASSERT_EQ(walked.size(), 4U);
  EXPECT_EQ(walked[3].id, kept[6]);
}

TEST_F(TreeTest, OthersListsAreNotConcerned) {
  const Account bob = make_account("bob");
  const Entry bobs = upload(bob, "b.txt", "bob");
  const Entry folder = make_folder(anna_, "f");
  fill(folder.id);
  ASSERT_TRUE(remove_folder(folder.id));
  EXPECT_EQ(list({.owner = bob.id}).entries.at(0).id, bobs.id);
  EXPECT_EQ(run(vault_->entries().find(bob.id, bobs.id))->name, "b.txt");
}

TEST_F(TreeTest, RemovingAndMovingCostTheSameHoweverMuchLiesBelow) {
  const auto cost_of = [&](EntryId folder) {
    const Entry place = make_folder(anna_, "place");
    const std::uint64_t before = statements();
    EXPECT_TRUE(move(folder, place.id));
    const std::uint64_t moved = statements();
    EXPECT_TRUE(run(vault_->folders().update(as(anna_), folder, {.name = "renamed"})));
    const std::uint64_t renamed = statements();
    EXPECT_TRUE(remove_folder(folder));
    return std::array{moved - before, renamed - moved, statements() - renamed};
  };
  const Entry small = make_folder(anna_, "small");
  const Entry inside = make_folder(anna_, "inside", small.id);
  upload_into(anna_, inside.id, "f.txt", "x");
  const auto small_cost = cost_of(small.id);
  const Entry big = make_folder(anna_, "big");
  fill(big.id, 5);
  EXPECT_EQ(cost_of(big.id), small_cost);
}

TEST_F(TreeTest, TotalsFollowWhatMoves) {
  const Entry a = make_folder(anna_, "a");
  const Entry b = make_folder(anna_, "b");
  const Entry inner = make_folder(anna_, "inner", a.id);
  fill(inner.id);  // 14 folders, 14 files
  EXPECT_EQ(held_by(inner.id), 28);
  EXPECT_EQ(held_by(a.id), 29);
  ASSERT_TRUE(move(inner.id, b.id));
  EXPECT_EQ(held_by(a.id), 0);
  EXPECT_EQ(held_by(b.id), 29);
  ASSERT_TRUE(move(b.id, a.id));
  EXPECT_EQ(held_by(a.id), 30);
  EXPECT_EQ(held_by(EntryId{}), 31) << "the space holds the same";
  ASSERT_TRUE(remove_folder(inner.id));
  EXPECT_EQ(held_by(a.id), 1);
  EXPECT_EQ(held_by(EntryId{}), 2);
}

TEST_F(TreeTest, ARemovedFolderInARemovedBucketIsCleared) {
  const Bucket bucket = run(vault_->buckets().create(as(anna_), "bucket")).value();
  const auto put = [&](Path folder, const std::string& name) {
    std::vector<PathFile> files;
    files.push_back({.staged = receive(anna_, name).value(), .name = name});
    return run(vault_->paths().put(as(anna_), bucket.id, std::move(folder), std::move(files),
                                   Existing::kKept));
  };
  ASSERT_TRUE(put({"d", "e"}, "one"));
  ASSERT_TRUE(put({"d"}, "two"));
  ASSERT_TRUE(put({}, "three"));
  ASSERT_TRUE(run(vault_->paths().remove(as(anna_), bucket.id, {"d"})));
  ASSERT_TRUE(put({"d"}, "four"));
  const std::uint64_t home = account(anna_.id).charged;
  EXPECT_EQ(account(anna_.id).used, 9U);
  ASSERT_TRUE(run(vault_->buckets().remove(as(anna_), "bucket")));
  EXPECT_LT(account(anna_.id).charged, home);
  EXPECT_EQ(account(anna_.id).charged, 0U);
  EXPECT_EQ(account(anna_.id).used, 0U);
  EXPECT_EQ(list({.owner = anna_.id}).total, 0U);
  EXPECT_EQ(list({.owner = anna_.id}).entries.size(), 0U);
  while (run(vault_->clearing().clear(1))) EXPECT_EQ(contradictions(), Names());
  EXPECT_EQ(stored_entries(), 0);
}

TEST_F(TreeTest, FoldersOfARemovedGroupGoAndFilesGoHome) {
  const Group group = run(vault_->groups().create(as(anna_), "g")).value();
  const Entry folder =
      run(vault_->folders().create(as(anna_), group.space, {.parent = {}, .name = "f"})).value();
  std::vector<NewFile> files;
  files.push_back({.staged = receive(anna_, "x").value(), .name = "x", .parent = folder.id});
  ASSERT_TRUE(run(vault_->uploads().commit(as(anna_), group.space, std::move(files))));
  ASSERT_TRUE(run(vault_->groups().remove(as(anna_), group.number)));
  EXPECT_EQ(list({.owner = anna_.id}).total, 1U);
  clear_all();
  EXPECT_EQ(children(anna_.home), Names{"x"});
  EXPECT_EQ(stored_entries(), 1);
}

// Whoever writes waits for a step, so its length must not follow from how much there is.
TEST_F(TreeTest, AStepIsShortWhateverItsLimit) {
  const Entry folder = make_folder(anna_, "f");
  for (int i = 0; i < 3000; ++i) make_folder(anna_, std::to_string(i), folder.id);
  ASSERT_TRUE(remove_folder(folder.id));
  std::size_t steps = 0;
  while (run(vault_->clearing().clear(1'000'000))) ++steps;
  EXPECT_GT(steps, 2U);
  EXPECT_EQ(stored_entries(), 0);
}

}  // namespace
}  // namespace coffer::vault::test
