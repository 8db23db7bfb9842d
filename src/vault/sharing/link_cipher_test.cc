#include "vault/sharing/link_cipher.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace coffer::vault {
namespace {

using Number = LinkCipher::ShortLinkNumber;

TEST(LinkCipherTest, EveryNumberHasAnAddressOfItsOwn) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  std::set<std::string> seen;
  for (std::int64_t number = 1; number <= 20'000; ++number) {
    const std::string address = cipher.short_link(EntryId{number}, 0);
    ASSERT_EQ(address.size(), 10U);
    ASSERT_EQ(address.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_"),
              std::string::npos);
    ASSERT_TRUE(seen.insert(address).second);
    ASSERT_EQ(cipher.read_short_link(address), (Number{EntryId{number}, 0}));
  }
  constexpr std::int64_t kLast = (std::int64_t{1} << LinkCipher::kCountBits) - 1;
  for (const std::int64_t id : {std::int64_t{0}, kLast, (std::int64_t{4095} << 48) | kLast}) {
    for (const std::uint32_t generation : {0U, 1U, LinkCipher::kGenerationMax - 1}) {
      const Number number{EntryId{id}, generation};
      EXPECT_EQ(cipher.read_short_link(cipher.short_link(number.id, generation)), number);
    }
  }
}

// How many of the 10 characters agree between neighbours: chance alone gives 1 in 64.
TEST(LinkCipherTest, NeighboursHaveNothingInCommon) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{9});
  const LinkCipher cipher(key);
  int equal = 0;
  for (std::int64_t number = 1; number <= 1000; ++number) {
    const std::string one = cipher.short_link(EntryId{number}, 0);
    const std::string next = cipher.short_link(EntryId{number + 1}, 0);
    for (std::size_t i = 0; i < one.size(); ++i) equal += one[i] == next[i];
  }
  EXPECT_LT(equal, 300);
}

TEST(LinkCipherTest, AnotherKeyGivesOtherAddresses) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{1});
  Bytes other = key;
  other[3] = std::byte{2};
  const LinkCipher cipher(key);
  EXPECT_NE(cipher.short_link(EntryId{5}, 0), LinkCipher(other).short_link(EntryId{5}, 0));
  const Uuid uuid = Uuid::parse("0190a3c4-0000-7000-8000-000000000001").value();
  EXPECT_EQ(cipher.delete_key(uuid, 0), LinkCipher(other).delete_key(uuid, 0));
  other = key;
  other[20] = std::byte{2};
  EXPECT_NE(cipher.delete_key(uuid, 0), LinkCipher(other).delete_key(uuid, 0));
  EXPECT_EQ(cipher.delete_key(uuid, 0).str()[14], '4');
  EXPECT_THROW(LinkCipher(ByteView(key).first(47)), std::invalid_argument);
}

TEST(LinkCipherTest, WhatIsNoAddressIsNobodys) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  const std::string good = cipher.short_link(EntryId{1}, 0);
  for (const std::string& bad : {std::string(), good.substr(1), good + "A", std::string(10, '.'),
                                 std::string(10, '\0'), std::string("quota")}) {
    EXPECT_FALSE(cipher.read_short_link(bad)) << bad;
  }
}

TEST(LinkCipherTest, ADerivedTokenHoldsShareEntryAndPartOfTheToken) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  const Uuid token = Uuid::parse("6553f100-1234-4678-9abc-def012345678").value();
  std::set<Uuid> seen;
  constexpr std::int64_t kLast = (std::int64_t{1} << LinkCipher::kCountBits) - 1;
  for (const std::int64_t shared : {std::int64_t{1}, std::int64_t{2}, kLast}) {
    for (const std::int64_t entry : {std::int64_t{1}, std::int64_t{77}, kLast}) {
      const Uuid derived = cipher.derived_token(EntryId{shared}, token, EntryId{entry});
      EXPECT_TRUE(seen.insert(derived).second);
      EXPECT_EQ(derived.str()[14], '8');
      EXPECT_NE(std::string("89ab").find(derived.str()[19]), std::string::npos);
      const auto read = cipher.read_derived_token(derived).value();
      EXPECT_EQ(read.shared, EntryId{shared});
      EXPECT_EQ(read.entry, EntryId{entry});
      EXPECT_EQ(read.check, LinkCipher::check_of(token));
    }
  }
  Uuid other = token;
  other.bytes[15] ^= std::byte{1};
  EXPECT_NE(LinkCipher::check_of(other), LinkCipher::check_of(token));
  EXPECT_NE(cipher.derived_token(EntryId{1}, other, EntryId{1}),
            cipher.derived_token(EntryId{1}, token, EntryId{1}));
  EXPECT_FALSE(cipher.read_derived_token(token));
  EXPECT_FALSE(cipher.read_derived_token(Uuid{}));
}

TEST(LinkCipherTest, TheLastGenerationOpensNothing) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  for (const std::uint32_t more : {0U, 1U, 100'000U}) {
    const std::string link = cipher.short_link(EntryId{5}, LinkCipher::kGenerationMax + more);
    EXPECT_EQ(link.size(), LinkCipher::kLength);
    EXPECT_FALSE(cipher.read_short_link(link));
  }
}

TEST(LinkCipherTest, AnIdThatDoesNotFitIsNotTakenForAnother) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  const EntryId id{std::int64_t{1} << LinkCipher::kCountBits};
  EXPECT_THROW(cipher.short_link(id, 0), std::length_error);
  EXPECT_THROW(cipher.derived_token(id, Uuid{}, EntryId{1}), std::length_error);
}

TEST(LinkCipherTest, ADerivedTokenShowsItsCell) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  Uuid token = cipher.derived_token(EntryId{1}, Uuid{}, EntryId{2});
  EXPECT_EQ(token.str().substr(14, 4), "8000");
  token.bytes[7] = std::byte{1};
  EXPECT_FALSE(cipher.read_derived_token(token));
}

TEST(LinkCipherTest, KeysOfGenerationsAndGroupsDiffer) {
  const Bytes key(LinkCipher::kKeyBytes, std::byte{7});
  const LinkCipher cipher(key);
  const Uuid uuid = Uuid::parse("0190a3c4-0000-7000-8000-000000000001").value();
  const std::set<Uuid> keys{cipher.delete_key(uuid, 0), cipher.delete_key(uuid, 1),
                            cipher.group_delete_key(uuid, 0, SpaceId{1}),
                            cipher.group_delete_key(uuid, 0, SpaceId{2}),
                            cipher.group_delete_key(uuid, 1, SpaceId{1})};
  EXPECT_EQ(keys.size(), 5U);
}

}  // namespace
}  // namespace coffer::vault
