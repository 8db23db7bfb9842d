#include "vault/model/ids.h"

#include <gtest/gtest.h>

#include "vault/model/types.h"

namespace coffer::vault {
namespace {

TEST(Ids, AreDecimalNumbersOfSixtyBits) {
  EXPECT_EQ(parse_id<EntryId>("0"), EntryId{0});
  EXPECT_EQ(parse_id<EntryId>("12"), EntryId{12});
  EXPECT_EQ(parse_id<EntryId>("1152921504606846975"), EntryId{kMaxId});
  for (const char* wrong : {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "1152921504606846976",
                            "9223372036854775807", "9223372036854775808", "18446744073709551616"}) {
    EXPECT_FALSE(parse_id<EntryId>(wrong)) << wrong;
  }
}

TEST(Ids, OfThisServerAreThoseOfTheFirstCell) {
  EXPECT_EQ(kMaxId >> kSequenceBits, (1 << kCellBits) - 1);
  EXPECT_EQ(kCell, 0u);
}

}  // namespace
}  // namespace coffer::vault
