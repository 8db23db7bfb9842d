// The vault over a blob store that keeps places.
#include <chrono>
#include <string>

#include "blobs/test_placed_store.h"
#include "vault/test/fixture.h"
#include "vault/upkeep/place_ledger.h"
#include "vault/upkeep/store_kind.h"

namespace coffer::vault::test {
namespace {

using namespace std::chrono_literals;

constexpr db::Statement kCountBlobs{"SELECT count(*) FROM blob"};
constexpr db::Statement kCountPlaced{"SELECT count(*) FROM blob WHERE place IS NOT NULL"};
constexpr db::Statement kCountUnclaimed{"SELECT count(*) FROM unclaimed_place"};

class PlacedBlobsTest : public VaultTest {
 protected:
  static constexpr std::size_t kBatch = 4;

  PlacedBlobsTest() { open_placed(); }
  ~PlacedBlobsTest() override {
    vault_.reset();
    stores_.blobs.reset();
  }

  // The same data, in a process of its own.
  void open_placed() {
    vault_.reset();
    stores_.blobs.reset();
    ledger_ = open_place_ledger(*stores_.database);
    auto store =
        std::make_unique<blobs::test::PlacedStore>(bytes_, *ledger_, system_entropy(), kBatch);
    store_ = store.get();
    stores_.blobs = std::move(store);
    vault_ = run(Vault::open({.database = *stores_.database,
                              .blobs = *stores_.blobs,
                              .clock = clock_,
                              .entropy = system_entropy(),
                              .passwords = passwords_,
                              .classify = classify_by_extension,
                              .policy = {}}));
  }
  void collect_placed() {
    collect_all();
    while (run(vault_->references().collect_leftovers(3))) {
    }
  }

  blobs::test::PlacedBytes bytes_;
  std::unique_ptr<blobs::PlaceLedger> ledger_;
  blobs::test::PlacedStore* store_ = nullptr;
  const Account anna_ = make_account("anna");
};

TEST_F(PlacedBlobsTest, FilesAreReadFromTheirPlacesAlsoAfterAStart) {
  const Entry file = upload(anna_, "a.txt", "one");
  const Entry parts = upload_parts(anna_, "b.txt", {"two ", "", "three"});
  open_placed();
  EXPECT_EQ(content_of(file), "one");
  EXPECT_EQ(content_of(parts), "two three");
  EXPECT_EQ(count(kCountPlaced), count(kCountBlobs));
}

TEST_F(PlacedBlobsTest, ARenameReadsTheHeadFromItsPlace) {
  const Entry file = upload(anna_, "a.txt", "text");
  const auto renamed = run(vault_->entries().update(as(anna_), file.id, {.name = "a.png"}));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(content_of(*renamed), "text");
}

TEST_F(PlacedBlobsTest, EqualBytesAreJoinedInTheCommit) {
  const Entry first = upload(anna_, "a", "same");
  const Entry second = upload(anna_, "b", "same");
  EXPECT_EQ(bytes_.count(), 2U) << "each upload has stored its own";
  EXPECT_EQ(count(kCountBlobs), 1);
  collect_placed();
  EXPECT_EQ(bytes_.count(), 1U) << "the second was nobody's";
  ASSERT_TRUE(remove(anna_, first.id));
  clock_.advance(48h);
  collect_placed();
  EXPECT_EQ(content_of(second), "same");
}

TEST_F(PlacedBlobsTest, ARowThatIsUsedAgainKeepsItsPlace) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "same").id));
  clock_.advance(48h);
  const Entry again = upload(anna_, "b", "same");
  collect_placed();
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(content_of(again), "same");
}

TEST_F(PlacedBlobsTest, WhatNothingRefersToGoesAfterTheGraceTime) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "one").id));
  collect_placed();
  EXPECT_EQ(bytes_.count(), 1U);
  clock_.advance(48h);
  collect_placed();
  EXPECT_EQ(bytes_.count(), 0U);
  EXPECT_EQ(count(kCountBlobs), 0);
  EXPECT_LE(count(kCountUnclaimed), static_cast<std::int64_t>(kBatch)) << "reserved ones only";
}

TEST_F(PlacedBlobsTest, AnUploadUnderWayKeepsItsBytesAndADroppedOneNone) {
  {
    auto staged = receive(anna_, "under way").value();
    clock_.advance(48h);
    collect_placed();
    EXPECT_EQ(bytes_.count(), 1U);
  }
  collect_placed();
  EXPECT_EQ(bytes_.count(), 0U);
}

TEST_F(PlacedBlobsTest, WhatACrashLeftIsFoundByItsRow) {
  const Entry kept = upload(anna_, "a", "kept");
  leave_bytes("never committed");
  open_placed();
  EXPECT_EQ(bytes_.count(), 2U);
  collect_placed();
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(content_of(kept), "kept");
  EXPECT_EQ(count(kCountUnclaimed), 0) << "nor are the places that it had reserved";
}

TEST_F(PlacedBlobsTest, ARemovalThatFailsIsDoneLater) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "one").id));
  clock_.advance(48h);
  store_->before_removal = [] { throw blobs::Error("unreachable"); };
  EXPECT_THROW(run(vault_->references().collect(16)), blobs::Error);
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(count(kCountBlobs), 0);
  // The same bytes come again meanwhile.
  const Entry again = upload(anna_, "b", "one");
  store_->before_removal = [] {};
  collect_placed();
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(content_of(again), "one");
}

// Between the transaction that deletes the row and the removal of the bytes.
TEST_F(PlacedBlobsTest, AnUploadWhileARemovalRunsKeepsItsBytes) {
  ASSERT_TRUE(remove(anna_, upload(anna_, "a", "one").id));
  clock_.advance(48h);
  std::optional<Entry> again;
  store_->before_removal = [&] {
    if (!again) again = upload(anna_, "b", "one");
  };
  collect_placed();
  ASSERT_TRUE(again);
  EXPECT_EQ(bytes_.count(), 1U);
  EXPECT_EQ(content_of(*again), "one");
}

TEST_F(PlacedBlobsTest, OfWhatIsStoredSomeAreNamed) {
  EXPECT_TRUE(run(some_placed(*stores_.database, 2)).empty());
  upload(anna_, "empty.txt", "");
  EXPECT_TRUE(run(some_placed(*stores_.database, 2)).empty());
  upload(anna_, "a.txt", "some bytes");
  const auto found = run(some_placed(*stores_.database, 2));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].digest, Sha256::of(as_bytes("some bytes")));
  EXPECT_EQ(found[0].size, 10U);
  EXPECT_FALSE(found[0].place.empty());
  upload(anna_, "b.txt", "other bytes");
  upload(anna_, "c.txt", "more bytes");
  EXPECT_EQ(run(some_placed(*stores_.database, 2)).size(), 2U);
}

TEST_F(PlacedBlobsTest, LostBytesAreReported) {
  const Entry file = upload(anna_, "a", "one");
  bytes_.at.clear();
  EXPECT_THROW(run(vault_->files().open(file)), blobs::Error);
}

}  // namespace
}  // namespace coffer::vault::test
