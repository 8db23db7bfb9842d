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

TEST_F(StoreKindTest, OfWhatIsStoredOneIsNamed) {
  EXPECT_FALSE(run(any_stored(database())));
  const Account anna = make_account("anna");
  upload(anna, "empty.txt", "");
  EXPECT_FALSE(run(any_stored(database())));
  upload(anna, "a.txt", "some bytes");
  const auto found = run(any_stored(database()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->digest, Sha256::of(as_bytes("some bytes")));
  EXPECT_EQ(found->size, 10U);
}

}  // namespace
}  // namespace coffer::vault::test
