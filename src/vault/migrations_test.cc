// The schema's changes, over data that is there.
#include "vault/fixture.h"

namespace coffer::vault::test {
namespace {

constexpr db::Statement kOldRows[] = {
    {"INSERT INTO account (id, uuid, username, password, is_admin, home_id, used, created_at,"
     " updated_at) VALUES (1, x'01010101010101010101010101010101', 'anna', '', 0, 10, 8, 5, 5),"
     " (2, x'02020202020202020202020202020202', 'bob', '', 1, 20, 2, 6, 6)"},
    {"INSERT INTO login (name, account_id) VALUES ('anna', 1), ('bob', 2)"},
    {"INSERT INTO space (id, owner_id, kind, created_at) VALUES (10, 1, 0, 5), (20, 2, 0, 6)"},
    {"INSERT INTO space_total (space_id, kind, files, bytes) VALUES (10, 0, 2, 6), (10, 4, 1, 2),"
     " (20, 4, 1, 2)"},
    {"INSERT INTO blob (id, digest, size, refs) VALUES"
     " (1, x'0101010101010101010101010101010101010101010101010101010101010101', 3, 2),"
     " (2, x'0202020202020202020202020202020202020202020202020202020202020202', 2, 2)"},
    {"INSERT INTO entry (id, uuid, space_id, creator_id, key, name, media_type, kind, size, digest,"
     " blob_id, title, tags, created_at, updated_at, search) VALUES"
     " (3, x'00000000000070000000000000000003', 10, 1, CAST('a.jpg' AS BLOB),"
     "  CAST('a.jpg' AS BLOB), 'image/jpeg', 0, 3,"
     "  x'0101010101010101010101010101010101010101010101010101010101010101', 1, 'T', 'Sea', 7, 8,"
     "  'a.jpg'),"
     " (4, x'00000000000070000000000000000004', 10, 1, CAST('a (2).jpg' AS BLOB),"
     "  CAST('a.jpg' AS BLOB), 'image/jpeg', 0, 3,"
     "  x'0101010101010101010101010101010101010101010101010101010101010101', 1, NULL, '', 7, 7,"
     "  'a.jpg'),"
     " (5, x'00000000000070000000000000000005', 10, 1, CAST('b' AS BLOB), CAST('b' AS BLOB),"
     "  'application/octet-stream', 4, 2,"
     "  x'0202020202020202020202020202020202020202020202020202020202020202', 2, NULL, '', 7, 7,"
     "  'b'),"
     " (6, x'00000000000070000000000000000006', 20, 2, CAST('b' AS BLOB), CAST('b' AS BLOB),"
     "  'application/octet-stream', 4, 2,"
     "  x'0202020202020202020202020202020202020202020202020202020202020202', 2, NULL, '', 7, 7,"
     "  'b')"},
    {"INSERT INTO entry_tag (space_id, tag, entry_id) VALUES (10, 'sea', 3)"},
    {"INSERT INTO event (type, at, account_id, space_id, entry_id, uuid, kind) VALUES"
     " (0, 5, 1, 10, NULL, NULL, NULL),"
     " (1, 7, 1, 10, 3, x'00000000000070000000000000000003', 0),"
     " (3, 9, 2, 20, 44, x'00000000000070000000000000000044', 4)"},
};

class MigrationTest : public VaultTest {
 protected:
  // A vault as the foundation left it, then brought up to date.
  MigrationTest() {
    vault_.reset();
    stores_ = {};
    old_ = std::make_unique<Folder>();
    stores_ = open_stores(old_->path(), clock_);
    stores_.database->migrate(migrations().first(1));
    auto fill = [](db::Transaction& tx) -> Task<void> {
      for (const db::Statement& rows : kOldRows) co_await tx.execute(rows);
    };
    run(stores_.database->write(fill));
    stores_.database->migrate(migrations());
    vault_ = run(Vault::open({.database = *stores_.database,
                              .blobs = *stores_.blobs,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify_by_extension,
                              .policy = {}}));
  }
  ~MigrationTest() override {
    vault_.reset();
    stores_ = {};
  }

  std::unique_ptr<Folder> old_;
  static constexpr AccountId kAnna{1};
  static constexpr AccountId kBob{2};
};

// One row for two files, as it was once.
TEST_F(MigrationTest, BytesGoWithTheLastFileThatRefersToThem) {
  constexpr db::Statement kBlobs{"SELECT count(*) FROM blob"};
  constexpr db::Statement kEntered{"SELECT count(*) FROM blob_digest"};
  const auto count = [&](const db::Statement& statement) {
    auto look = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
      co_return co_await tx.find(statement, [](const db::Row& row) { return row.integer(0); });
    };
    return run(stores_.database->read(look));
  };
  EXPECT_EQ(count(kEntered), 2);
  for (const auto& [entry, left] : {std::pair{3, 2}, {4, 1}}) {
    ASSERT_TRUE(run(vault_->entries().remove(kAnna, EntryId{entry})));
    clock_.advance(std::chrono::hours(48));
    collect_all();
    EXPECT_EQ(count(kBlobs), left);
    EXPECT_EQ(count(kEntered), left);
  }
}

TEST_F(MigrationTest, FilesAreTheirSpacesOwners) {
  EXPECT_EQ(contradictions(), std::vector<std::string>());
  const EntryPage all = list({.owner = kAnna, .descending = false});
  EXPECT_EQ(all.total, 3U);
  ASSERT_EQ(all.entries.size(), 3U);
  const Entry& first = all.entries[0];
  EXPECT_EQ(first.id, EntryId{3});
  EXPECT_EQ(first.owner, kAnna);
  EXPECT_EQ(first.space, SpaceId{10});
  EXPECT_EQ(first.key, "a.jpg");
  EXPECT_EQ(first.title, "T");
  EXPECT_EQ(first.tags, std::vector<std::string>{"Sea"});
  EXPECT_EQ(first.created_at, from_micros(7));
  EXPECT_EQ(first.updated_at, from_micros(8));
  EXPECT_EQ(first.written_at, from_micros(7));
  EXPECT_FALSE(first.parent);
  EXPECT_TRUE(first.checksum);
  EXPECT_EQ(list({.owner = kAnna, .kind = FileKind::kImage}).total, 2U);
  EXPECT_EQ(list({.owner = kAnna, .tag = "SEA"}).total, 1U);
  EXPECT_EQ(list({.owner = kBob}).total, 1U);
  EXPECT_EQ(children(SpaceId{10}), (std::vector<std::string>{"a.jpg", "a.jpg", "b"}));
}

TEST_F(MigrationTest, EachFileGetsAToken) {
  std::set<Uuid> tokens;
  for (const AccountId owner : {kAnna, kBob}) {
    for (const Entry& entry : list({.owner = owner}).entries) {
      tokens.insert(entry.share);
      EXPECT_EQ(entry.share.str()[14], '4');
      EXPECT_EQ(run(vault_->shares().find(entry.share))->id, entry.id);
      EXPECT_EQ(run(vault_->entries().find(owner, entry.share))->id, entry.id);
    }
  }
  EXPECT_EQ(tokens.size(), 4U);
}

TEST_F(MigrationTest, NumbersOfDeletedFilesDoNotComeAgain) {
  const auto folder = run(vault_->folders().create(kAnna, SpaceId{10}, {.name = "f"}));
  ASSERT_TRUE(folder);
  EXPECT_GT(folder->id, EntryId{44});
}

TEST_F(MigrationTest, EventsSayWhoseFileItWas) {
  const auto all = events();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_FALSE(all[0].owner);
  EXPECT_EQ(all[1].owner, kAnna);
  EXPECT_EQ(all[2].owner, kBob);
}

TEST_F(MigrationTest, OldFilesChangeAndGo) {
  ASSERT_TRUE(run(vault_->entries().update(kAnna, EntryId{3}, {.name = "c.jpg"})));
  ASSERT_TRUE(run(vault_->entries().remove(kAnna, EntryId{3})));
  ASSERT_TRUE(run(vault_->entries().remove(kAnna, EntryId{4})));
  ASSERT_TRUE(run(vault_->entries().remove(kBob, EntryId{6})));
  EXPECT_EQ(account(kAnna).used, 2U);
  EXPECT_EQ(list({.owner = kAnna, .tag = "sea"}).total, 0U);
}

}  // namespace
}  // namespace coffer::vault::test
