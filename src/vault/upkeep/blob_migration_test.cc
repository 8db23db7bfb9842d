// Blobs on their way from one store into the other.
#include "vault/upkeep/blob_migration.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "blobs/routed_store.h"
#include "blobs/test_placed_store.h"
#include "vault/test/fixture.h"
#include "vault/upkeep/place_ledger.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;
using blobs::RoutedStore;
using Side = RoutedStore::Side;

constexpr db::Statement kCountBlobs{"SELECT count(*) FROM blob"};
constexpr db::Statement kCountPlaced{"SELECT count(*) FROM blob WHERE place IS NOT NULL"};
constexpr db::Statement kCountUnclaimed{"SELECT count(*) FROM unclaimed_place"};
constexpr db::Statement kCountMovedPlaces{"SELECT count(*) FROM moved_place"};

class BlobMigrationTest : public VaultTest {
 protected:
  static constexpr std::size_t kBatch = 4;

  BlobMigrationTest() { open_both(Side::kByDigest); }
  ~BlobMigrationTest() override {
    vault_.reset();
    stores_.blobs.reset();
  }

  // The same data, in a process of its own, with the store that finds bytes by their digests.
  void open_one() {
    vault_.reset();
    stores_ = {};
    stores_ = open_stores(folder_.path(), clock_, 1);
    stores_.database->migrate(migrations());
    ledger_ = open_place_ledger(*stores_.database);
    auto routed = std::make_unique<RoutedStore>(std::move(stores_.blobs), nullptr, Side::kByDigest);
    routed_ = routed.get();
    stores_.blobs = std::move(routed);
    context_.emplace(Context{.database = *stores_.database,
                             .blobs = *stores_.blobs,
                             .clock = clock_,
                             .entropy = system_entropy(),
                             .passwords = passwords_,
                             .classify = classify_by_extension,
                             .policy = {}});
    vault_ = run(Vault::open(*context_));
    mover_.emplace(*context_);
  }
  void add_placed() {
    routed_->add(Side::kByPlace, std::make_unique<blobs::test::PlacedStore>(
                                     bytes_, *ledger_, system_entropy(), kBatch));
  }
  void open_both(Side uploads_to) {
    open_one();
    add_placed();
    routed_->direct_uploads(uploads_to);
  }

  void direct(StoreKind target) {
    routed_->direct_uploads(target == StoreKind::kS3 ? Side::kByPlace : Side::kByDigest);
  }

  std::vector<blobs::BlobRef> left(StoreKind target) {
    return run(mover_->left(target, std::nullopt, 1000));
  }
  BlobMover::Result move(
      const blobs::BlobRef& blob, StoreKind target,
      const BlobMover::BeforeBlock& before = [](std::size_t) {}) {
    return run(mover_->move(blob, target, before));
  }
  void move_all(StoreKind target) {
    direct(target);
    for (const blobs::BlobRef& blob : left(target)) {
      EXPECT_EQ(move(blob, target), BlobMover::Result::kMoved);
    }
  }
  void collect_everything() {
    collect_all();
    while (run(vault_->references().collect_dropped(3))) {
    }
    while (run(vault_->references().collect_leftovers(3))) {
    }
  }

  static std::string text_in(const Content& content) {
    std::string text;
    while (text.size() < content.size()) {
      text += text_of(run(content.piece(text.size(), content.size() - text.size())));
    }
    return text;
  }

  blobs::test::PlacedBytes bytes_;
  std::unique_ptr<blobs::PlaceLedger> ledger_;
  RoutedStore* routed_ = nullptr;
  std::optional<Context> context_;
  std::optional<BlobMover> mover_;
  const Account anna_ = make_account("anna");
};

TEST_F(BlobMigrationTest, BytesGoThereAndBack) {
  const std::string large(300'000, 'x');
  const Entry small = upload(anna_, "a.txt", "one");
  const Entry big = upload(anna_, "b.txt", large);
  const Entry empty = upload(anna_, "c.txt", "");
  const Entry parts = upload_parts(anna_, "d.txt", {"two ", "", "three"});
  const UploadSession unfinished = begin_parts(anna_, "e.txt");
  ASSERT_TRUE(put_part(anna_, unfinished.uuid, 1, "fo"));
  const auto expect_all = [&] {
    EXPECT_EQ(content_of(small), "one");
    EXPECT_EQ(content_of(big), large);
    EXPECT_EQ(content_of(empty), "");
    EXPECT_EQ(content_of(parts), "two three");
  };
  expect_all();

  move_all(StoreKind::kS3);
  EXPECT_EQ(count(kCountPlaced), count(kCountBlobs));
  EXPECT_EQ(stored_blobs(), 0U) << "nothing is left in the data folder";
  expect_all();
  ASSERT_TRUE(put_part(anna_, unfinished.uuid, 2, "ur"));
  collect_everything();
  expect_all();

  move_all(StoreKind::kLocal);
  EXPECT_EQ(count(kCountPlaced), 0);
  expect_all();
  EXPECT_EQ(content_of(complete(anna_, unfinished.uuid).value()), "four");
  collect_everything();
  EXPECT_GT(bytes_.count(), 0U) << "downloads may be under way";
  clock_.advance(48h);
  collect_everything();
  EXPECT_EQ(bytes_.count(), 0U);
  EXPECT_EQ(count(kCountMovedPlaces), 0);
  open_both(Side::kByDigest);
  collect_everything();
  EXPECT_EQ(count(kCountUnclaimed), 0) << "nor what was reserved";
  expect_all();
}

// The bytes at the first place are gone at once.
TEST_F(BlobMigrationTest, ReadersGoOnAndLateOnesLookAgain) {
  const std::string text(100'000, 'x');
  const Entry file = upload(anna_, "a.txt", text);
  const auto local = run(vault_->files().open(file));
  move_all(StoreKind::kS3);
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(text_in(*local), text);
  const auto placed = run(vault_->files().open(file));
  move_all(StoreKind::kLocal);
  collect_everything();
  EXPECT_EQ(text_in(*placed), text);
  EXPECT_EQ(bytes_.count(), 1U) << "for the grace time";
  EXPECT_EQ(content_of(file), text);
}

// A full disk frees what nobody needs, and no old object: that would be no room on the disk.
TEST_F(BlobMigrationTest, OldObjectsGoWhenTheOperatorAsksForIt) {
  const Entry file = upload(anna_, "a", "text");
  move_all(StoreKind::kS3);
  move_all(StoreKind::kLocal);
  clock_.advance(10s);
  Freed freed;
  run(vault_->references().collect_unused(clock_.now(), 10, freed));
  EXPECT_EQ(count(kCountMovedPlaces), 1);
  run(request_reclaim(*stores_.database, clock_.now()));
  clock_.advance(10s);
  while (run(vault_->reclaims().step())) {
  }
  EXPECT_EQ(count(kCountMovedPlaces), 0);
  collect_everything();
  EXPECT_EQ(bytes_.count(), 0U);
  EXPECT_EQ(content_of(file), "text");
}

TEST_F(BlobMigrationTest, TheOtherStoreMayComeLater) {
  open_one();
  const Entry file = upload(anna_, "a", "text");
  EXPECT_FALSE(stores_.blobs->keeps_places());
  EXPECT_EQ(content_of(file), "text");
  const blobs::Place place(as_bytes("nowhere"));
  const blobs::BlobRef elsewhere(file.checksum.value(), 4, place);
  EXPECT_THROW(run(stores_.blobs->open(elsewhere)), blobs::Error);
  add_placed();
  EXPECT_TRUE(stores_.blobs->keeps_places());
  move_all(StoreKind::kS3);
  EXPECT_EQ(content_of(file), "text");
  EXPECT_EQ(stored_blobs(), 0U);
}

TEST_F(BlobMigrationTest, EqualBytesThatComeMeanwhileAreJoined) {
  const Entry first = upload(anna_, "a", "same");
  direct(StoreKind::kS3);
  const Entry second = upload(anna_, "b", "same");
  EXPECT_EQ(count(kCountPlaced), 0) << "those of the row count";
  move_all(StoreKind::kS3);
  collect_everything();
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(stored_blobs(), 0U);
  // Of an upload that began before: its bytes are in the data folder, and needed by nobody.
  direct(StoreKind::kLocal);
  const Entry third = upload(anna_, "c", "same");
  EXPECT_EQ(count(kCountPlaced), 1);
  EXPECT_EQ(stored_blobs(), 1U);
  clock_.advance(48h);
  collect_everything();
  EXPECT_EQ(stored_blobs(), 0U);
  for (const Entry& file : {first, second, third}) EXPECT_EQ(content_of(file), "same");
}

// An upload into the data folder whose transaction is still to come, while its bytes move.
TEST_F(BlobMigrationTest, AnUploadUnderWayKeepsItsBytes) {
  const Entry first = upload(anna_, "a", "same");
  auto staged = receive(anna_, "same").value();
  move_all(StoreKind::kS3);
  EXPECT_EQ(stored_blobs(), 1U) << "they are held";
  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(48h);
  collect_everything();
  EXPECT_EQ(count(kCountBlobs), 0);
  EXPECT_EQ(stored_blobs(), 1U);
  const auto second = commit(anna_, {.staged = std::move(staged), .name = "b"});
  ASSERT_TRUE(second);
  collect_everything();
  EXPECT_EQ(content_of(second->at(0)), "same");
  EXPECT_EQ(count(kCountPlaced), 0);
  EXPECT_EQ(bytes_.count(), 0U);
}

TEST_F(BlobMigrationTest, WhatWasHeldGoesOnceNobodyHoldsIt) {
  const Entry file = upload(anna_, "a", "same");
  {
    const auto staged = receive(anna_, "same").value();
    move_all(StoreKind::kS3);
    EXPECT_EQ(stored_blobs(), 1U);
  }
  while (run(vault_->references().collect_dropped(3))) {
  }
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(content_of(file), "same");
}

TEST_F(BlobMigrationTest, WhatIsDeletedMeanwhileIsNotBroughtBack) {
  for (const StoreKind target : {StoreKind::kS3, StoreKind::kLocal}) {
    const Entry file = upload(anna_, "a", "deleted");
    direct(target);
    const auto delete_it = [&](std::size_t) {
      ASSERT_TRUE(remove(anna_, file.id));
      clock_.advance(48h);
      collect_all();
    };
    const auto blobs = left(target);
    ASSERT_EQ(blobs.size(), 1U);
    EXPECT_EQ(move(blobs[0], target, delete_it), BlobMover::Result::kGone);
    collect_everything();
    EXPECT_EQ(count(kCountBlobs), 0);
    EXPECT_EQ(bytes_.count(), 0U);
    EXPECT_EQ(stored_blobs(), 0U);
  }
}

// Each place where the copy may break off: nothing is lost, and what is left is found.
TEST_F(BlobMigrationTest, ACrashInTheMiddleLosesNothing) {
  struct Crash {};
  const std::string text(700'000, 'x');
  const Entry file = upload(anna_, "a", text);
  for (const StoreKind target : {StoreKind::kS3, StoreKind::kLocal}) {
    for (int blocks : {0, 1, 2}) {
      direct(target);
      const auto crash = [&](std::size_t) {
        if (blocks-- == 0) throw Crash();
      };
      EXPECT_THROW(move(left(target).at(0), target, crash), Crash);
      open_both(target == StoreKind::kS3 ? Side::kByPlace : Side::kByDigest);
      clock_.advance(48h);
      collect_everything();
      EXPECT_EQ(content_of(file), text);
      EXPECT_EQ(bytes_.count() + stored_blobs(), 1U);
    }
    move_all(target);
    EXPECT_EQ(content_of(file), text);
    clock_.advance(48h);
    collect_everything();
    EXPECT_EQ(bytes_.count() + stored_blobs(), 1U);
  }
}

// Between the transaction and the removal of what it has left behind.
TEST_F(BlobMigrationTest, WhatACrashBehindTheTransactionLeavesIsSwept) {
  const Entry file = upload(anna_, "a", "text");
  move_all(StoreKind::kS3);
  direct(StoreKind::kLocal);
  leave_bytes("text");
  EXPECT_EQ(stored_blobs(), 1U);
  open_both(Side::kByPlace);
  clock_.advance(48h);
  collect_everything();
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(content_of(file), "text");
}

TEST_F(BlobMigrationTest, DamagedAndMissingBlobsStayAndAreNamed) {
  const Entry damaged = upload(anna_, "a", "damaged");
  const Entry sound = upload(anna_, "b", "sound");
  move_all(StoreKind::kS3);
  const Sha256Digest digest = damaged.checksum.value();
  for (auto& [place, bytes] : bytes_.at) {
    if (Sha256::of(bytes) == digest) bytes[0] ^= std::byte{1};
  }
  direct(StoreKind::kLocal);
  for (const blobs::BlobRef& blob : left(StoreKind::kLocal)) {
    const auto expected =
        blob.digest == digest ? BlobMover::Result::kUnmoved : BlobMover::Result::kMoved;
    EXPECT_EQ(move(blob, StoreKind::kLocal), expected);
  }
  db::Database& database = *stores_.database;
  const auto unmoved = run(unmoved_blobs(database, 10));
  ASSERT_EQ(unmoved.size(), 1U);
  EXPECT_EQ(unmoved[0].digest, digest);
  EXPECT_EQ(unmoved[0].problem, "its bytes are not those of its digest");
  EXPECT_EQ(run(blobs_outside(database, StoreKind::kLocal)).blobs, 1U);
  bytes_.at.erase(left(StoreKind::kLocal).at(0).place);
  EXPECT_EQ(move(left(StoreKind::kLocal).at(0), StoreKind::kLocal), BlobMover::Result::kUnmoved);
  EXPECT_EQ(run(unmoved_blobs(database, 10)).at(0).problem, "the store does not have it");
  ASSERT_TRUE(remove(anna_, damaged.id));
  clock_.advance(48h);
  collect_everything();
  run(mover_->prune_unmoved());
  EXPECT_EQ(run(count_unmoved_blobs(database)), 0U);
  EXPECT_EQ(content_of(sound), "sound");
  EXPECT_EQ(stored_blobs(), 1U) << "nothing of the damaged one came over";
}

TEST_F(BlobMigrationTest, WhatIsAskedForStandsInTheDatabase) {
  db::Database& database = *stores_.database;
  EXPECT_FALSE(run(blob_migration(database)));
  EXPECT_FALSE(run(stop_blob_migration(database)));
  run(request_blob_migration(database, StoreKind::kS3, 5));
  auto migration = run(blob_migration(database)).value();
  EXPECT_EQ(migration.target, StoreKind::kS3);
  EXPECT_EQ(migration.state, MigrationState::kRunning);
  EXPECT_EQ(migration.rate, 5U);
  EXPECT_FALSE(migration.left_blobs);
  const BlobTotals some{.blobs = 2, .bytes = 30};
  run(write_migration_progress(database, migration, some, some, "full"));
  run(write_migration_progress(database, migration, some, {}, std::nullopt));
  auto now = run(blob_migration(database)).value();
  EXPECT_EQ(now.moved_blobs, 4U);
  EXPECT_EQ(now.moved_bytes, 60U);
  EXPECT_EQ(now.left_blobs, 0U);
  EXPECT_FALSE(now.problem);
  // Another run: what the one before writes at its end is added, and nothing else.
  run(request_blob_migration(database, StoreKind::kS3, 0));
  run(write_migration_progress(database, migration, some, some, "full"));
  run(set_migration_state(database, migration, MigrationState::kMoved));
  now = run(blob_migration(database)).value();
  EXPECT_EQ(now.state, MigrationState::kRunning);
  EXPECT_EQ(now.moved_blobs, 6U);
  EXPECT_FALSE(now.left_blobs);
  EXPECT_FALSE(now.problem);
  EXPECT_TRUE(run(stop_blob_migration(database)));
  EXPECT_FALSE(run(stop_blob_migration(database)));
  run(request_blob_migration(database, StoreKind::kLocal, 0));
  now = run(blob_migration(database)).value();
  EXPECT_EQ(now.moved_blobs, 0U) << "turned round";
  run(set_migration_state(database, now, MigrationState::kMoved));
  EXPECT_EQ(run(stored_in(database)), StoreKind::kLocal);
  run(end_blob_migration(database, StoreKind::kLocal));
  EXPECT_FALSE(run(blob_migration(database)));
}

}  // namespace
}  // namespace coffer::vault::test
