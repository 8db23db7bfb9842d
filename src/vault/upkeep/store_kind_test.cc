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

TEST_F(StoreKindTest, OfWhatIsStoredSomeAreNamed) {
  EXPECT_TRUE(run(some_stored(database(), 2)).empty());
  const Account anna = make_account("anna");
  upload(anna, "empty.txt", "");
  EXPECT_TRUE(run(some_stored(database(), 2)).empty());
  upload(anna, "a.txt", "some bytes");
  const auto found = run(some_stored(database(), 2));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].digest, Sha256::of(as_bytes("some bytes")));
  EXPECT_EQ(found[0].size, 10U);
  upload(anna, "b.txt", "other bytes");
  upload(anna, "c.txt", "more bytes");
  EXPECT_EQ(run(some_stored(database(), 2)).size(), 2U);
}

}  // namespace
}  // namespace coffer::vault::test
