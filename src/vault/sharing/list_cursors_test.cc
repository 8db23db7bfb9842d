#include "vault/sharing/list_cursors.h"

#include <gtest/gtest.h>

namespace coffer::vault {
namespace {

ListCursors cursors(std::byte fill) {
  return ListCursors(std::make_shared<const LinkCipher>(Bytes(LinkCipher::kKeyBytes, fill)));
}

EntryQuery some_list() {
  EntryQuery query;
  query.owner = AccountId{7};
  query.text = "sea";
  query.sort = EntrySort::kName;
  return query;
}

ListCursor some_cursor() {
  ListCursor cursor;
  cursor.position = {.id = EntryId{42}, .number = -5, .name = std::string("a\0\xff", 3)};
  cursor.page = 3;
  cursor.total = 10'000;
  cursor.total_is_more = true;
  return cursor;
}

TEST(ListCursors, SayAllThereIs) {
  const ListCursors mine = cursors(std::byte{1});
  const std::string text = mine.seal(some_list(), some_cursor());
  EXPECT_EQ(mine.open(some_list(), text), some_cursor());
  EntryQuery query = some_list();
  query.limit = 3;
  query.offset = 9;
  query.after = some_cursor().position;
  EXPECT_EQ(mine.open(query, text), some_cursor()) << "how much is asked for changes nothing";
}

TEST(ListCursors, AreGoodForTheirListAlone) {
  const ListCursors mine = cursors(std::byte{1});
  const std::string text = mine.seal(some_list(), some_cursor());
  std::vector<EntryQuery> others(9, some_list());
  others[0].owner = AccountId{8};
  others[1].text.reset();
  others[2].text = "se";
  others[3].tag = "sea";
  others[4].kind = FileKind::kImage;
  others[5].collection = CollectionId{1};
  others[6].created_from = from_micros(0);
  others[7].created_before = from_micros(0);
  others[8].descending = false;
  for (const EntryQuery& other : others) EXPECT_FALSE(mine.open(other, text));
  EntryQuery other = some_list();
  other.sort = EntrySort::kSize;
  EXPECT_FALSE(mine.open(other, text));
  EXPECT_FALSE(cursors(std::byte{2}).open(some_list(), text)) << "another server's";
}

TEST(ListCursors, CannotBeChanged) {
  const ListCursors mine = cursors(std::byte{1});
  const std::string text = mine.seal(some_list(), some_cursor());
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(mine.open(some_list(), changed)) << i;
    EXPECT_FALSE(mine.open(some_list(), text.substr(0, i))) << i;
  }
  for (const char* bad : {"", "x", "====", "a b", "\xff", "AQ"}) {
    EXPECT_FALSE(mine.open(some_list(), bad)) << bad;
  }
  EXPECT_FALSE(mine.open(some_list(), text + "A"));
  EXPECT_FALSE(mine.open(some_list(), std::string(100'000, 'A')));
}

}  // namespace
}  // namespace coffer::vault
