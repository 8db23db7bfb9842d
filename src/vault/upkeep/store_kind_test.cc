#include "vault/upkeep/store_kind.h"

#include "vault/test/fixture.h"

namespace coffer::vault::test {
namespace {

class StoreKindTest : public VaultTest {
 protected:
  db::Database& database() { return *stores_.database; }
};

TEST_F(StoreKindTest, IsWhatWasSetLast) {
  EXPECT_EQ(run(stored_in(database())), std::nullopt);
  run(set_stored_in(database(), StoreKind::kS3));
  EXPECT_EQ(run(stored_in(database())), StoreKind::kS3);
  run(set_stored_in(database(), StoreKind::kLocal));
  EXPECT_EQ(run(stored_in(database())), StoreKind::kLocal);
}

// Files of the fixture have no place; placed_blobs_test.cc has some that do.
TEST_F(StoreKindTest, WhatHasNoPlaceIsNotNamed) {
  upload(make_account("anna"), "a.txt", "some bytes");
  EXPECT_TRUE(run(some_placed(database(), 2)).empty());
}

}  // namespace
}  // namespace coffer::vault::test
