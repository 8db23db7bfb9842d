#include "jobs/migrator.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "blobs/routed_store.h"
#include "blobs/test_placed_store.h"
#include "vault/test/fixture.h"
#include "vault/upkeep/place_ledger.h"

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;
using blobs::RoutedStore;
using Side = RoutedStore::Side;
using vault::BlobMigration;
using vault::MigrationState;
using vault::StoreKind;
using vault::test::eventually;
using vault::test::run;

// A store that is full when it is told to be.
class FullStore final : public blobs::BlobStore {
 public:
  explicit FullStore(std::unique_ptr<blobs::BlobStore> store) : store_(std::move(store)) {}

  std::atomic<bool> is_full = false;

  bool keeps_places() const noexcept override { return true; }
  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t> size,
                                                  std::string owner) override {
    if (is_full) throw blobs::NoSpaceError("the bucket is full");
    return store_->create(size, std::move(owner));
  }
  Task<std::shared_ptr<const Content>> open(blobs::BlobRef blob) override {
    return store_->open(blob);
  }
  std::unique_ptr<blobs::Removal> begin_removal() override { return store_->begin_removal(); }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) override {
    return store_->list(after, limit);
  }
  Task<bool> remove_leftovers(std::size_t limit) override {
    return store_->remove_leftovers(limit);
  }
  Task<std::uint64_t> free_bytes() override { return store_->free_bytes(); }

 private:
  const std::unique_ptr<blobs::BlobStore> store_;
};

class MigratorTest : public vault::test::VaultTest {
 protected:
  MigratorTest() {
    vault_.reset();
    ledger_ = vault::open_place_ledger(*stores_.database);
    auto placed = std::make_unique<FullStore>(
        std::make_unique<blobs::test::PlacedStore>(bytes_, *ledger_, system_entropy()));
    bucket_ = placed.get();
    auto routed =
        std::make_unique<RoutedStore>(std::move(stores_.blobs), std::move(placed), Side::kByDigest);
    routed_ = routed.get();
    stores_.blobs = std::move(routed);
    context_.emplace(vault::Context{.database = *stores_.database,
                                    .blobs = *stores_.blobs,
                                    .clock = clock_,
                                    .entropy = system_entropy(),
                                    .passwords = passwords_,
                                    .classify = vault::test::classify_by_extension,
                                    .policy = {}});
    vault_ = run(vault::Vault::open(*context_));
    mover_.emplace(*context_);
  }
  ~MigratorTest() override {
    migrator_.reset();
    vault_.reset();
    stores_.blobs.reset();
  }

  void start() {
    const Migrator::Options fast{
        .look_every = 5ms, .retry_after = 5ms, .retry_unmoved_after = 5ms, .copies = 3, .page = 4};
    migrator_.emplace(
        *mover_, [this](auto target) { direct(target); }, fast);
  }
  void direct(std::optional<StoreKind> target) {
    if (is_closed_) throw std::runtime_error("the bucket is closed");
    is_directed_ = target.has_value();
    routed_->direct_uploads(target == StoreKind::kS3 ? Side::kByPlace : Side::kByDigest);
  }
  void request(StoreKind target, std::uint64_t rate = 0) {
    run(vault::request_blob_migration(*stores_.database, target, rate));
  }
  BlobMigration migration() { return run(vault::blob_migration(*stores_.database)).value(); }
  bool reaches(MigrationState state) {
    return eventually([&] { return migration().state == state; });
  }
  bool is_held_back_by(const std::string& problem) {
    return eventually([&] { return migration().problem == problem; });
  }

  blobs::test::PlacedBytes bytes_;
  std::unique_ptr<blobs::PlaceLedger> ledger_;
  RoutedStore* routed_ = nullptr;
  FullStore* bucket_ = nullptr;
  std::atomic<bool> is_closed_ = false;
  std::atomic<bool> is_directed_ = false;
  std::optional<vault::Context> context_;
  std::optional<vault::BlobMover> mover_;
  std::optional<Migrator> migrator_;
  const vault::Account anna_ = make_account("anna");
};

TEST_F(MigratorTest, MovesAllThereAndBack) {
  std::vector<std::pair<vault::Entry, std::string>> files;
  for (int i = 0; i < 30; ++i) {
    const std::string text = "file " + std::to_string(i);
    files.emplace_back(upload(anna_, "a", text), text);
  }
  start();
  for (const StoreKind target : {StoreKind::kS3, StoreKind::kLocal}) {
    request(target);
    ASSERT_TRUE(reaches(MigrationState::kMoved));
    const BlobMigration done = migration();
    EXPECT_EQ(done.moved_blobs, 30U);
    EXPECT_EQ(done.left_blobs, 0U);
    EXPECT_EQ(run(vault::stored_in(*stores_.database)), target);
    EXPECT_EQ(stored_blobs(), target == StoreKind::kS3 ? 0U : 30U);
    for (const auto& [file, text] : files) EXPECT_EQ(content_of(file), text);
  }
  EXPECT_EQ(migrator_->stats().moved_blobs, 60U);
  EXPECT_EQ(migrator_->stats().left_bytes, 0U);
}

TEST_F(MigratorTest, WhatAllLackHoldsItBackAndLosesNothing) {
  for (int i = 0; i < 10; ++i) upload(anna_, "a", "file " + std::to_string(i));
  is_closed_ = true;
  bucket_->is_full = true;
  start();
  request(StoreKind::kS3);
  EXPECT_TRUE(is_held_back_by("the bucket is closed"));
  is_closed_ = false;
  EXPECT_TRUE(is_held_back_by("the bucket is full"));
  EXPECT_EQ(stored_blobs(), 10U);
  bucket_->is_full = false;
  ASSERT_TRUE(reaches(MigrationState::kMoved));
  EXPECT_EQ(migration().problem, std::nullopt);
  EXPECT_EQ(migration().moved_blobs, 10U);
  EXPECT_EQ(run(vault::count_unmoved_blobs(*stores_.database)), 0U);
}

TEST_F(MigratorTest, ADamagedBlobKeepsNoOtherFromBeingMoved) {
  const vault::Entry damaged = upload(anna_, "a", "damaged");
  for (int i = 0; i < 10; ++i) upload(anna_, "a", "file " + std::to_string(i));
  lose_bytes("damaged");
  start();
  request(StoreKind::kS3);
  ASSERT_TRUE(reaches(MigrationState::kIncomplete));
  EXPECT_TRUE(eventually([&] { return migrator_->stats().unmoved == 1; }));
  EXPECT_EQ(migration().moved_blobs, 10U);
  EXPECT_EQ(run(vault::unmoved_blobs(*stores_.database, 5)).at(0).digest, damaged.checksum);
  EXPECT_NE(run(vault::stored_in(*stores_.database)), StoreKind::kS3);
  // Put back, it is found by itself.
  direct(StoreKind::kLocal);
  leave_bytes("damaged");
  direct(StoreKind::kS3);
  ASSERT_TRUE(reaches(MigrationState::kMoved));
  EXPECT_EQ(content_of(damaged), "damaged");
  EXPECT_EQ(run(vault::count_unmoved_blobs(*stores_.database)), 0U);
}

TEST_F(MigratorTest, IsStoppedAndGoesOn) {
  for (int i = 0; i < 10; ++i) upload(anna_, "a", std::string(1000, static_cast<char>('a' + i)));
  start();
  request(StoreKind::kS3, 2000);
  ASSERT_TRUE(eventually([&] { return bytes_.count() > 0; }));
  run(vault::stop_blob_migration(*stores_.database));
  // Where uploads went before, once it has seen that.
  ASSERT_TRUE(eventually([&] { return !is_directed_; }));
  const vault::Entry file = upload(anna_, "b", "new");
  EXPECT_GT(stored_blobs(), 0U);
  EXPECT_EQ(migration().state, MigrationState::kStopped);
  EXPECT_EQ(content_of(file), "new");
  request(StoreKind::kS3);
  ASSERT_TRUE(reaches(MigrationState::kMoved));
  EXPECT_EQ(stored_blobs(), 0U);
  EXPECT_EQ(content_of(file), "new");
}

// What would take an hour does not hold up a stop.
TEST_F(MigratorTest, ASlowCopyIsGivenUpAtTheEnd) {
  const vault::Entry file = upload(anna_, "a", std::string(600'000, 'x'));
  start();
  request(StoreKind::kS3, 100);
  ASSERT_TRUE(eventually([&] { return migration().left_blobs == 1U; }));
  migrator_.reset();
  EXPECT_EQ(content_of(file), std::string(600'000, 'x'));
  EXPECT_EQ(migration().moved_blobs, 0U);
}

}  // namespace
}  // namespace coffer::jobs
