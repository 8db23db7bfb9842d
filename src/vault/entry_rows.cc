#include "vault/entry_rows.h"

#include "base/text.h"
#include "vault/checks.h"

namespace coffer::vault {
namespace {

// U+001F, which neither tags nor the searched form of any text can hold.
constexpr char kSeparator = '\x1f';

constexpr db::Statement kInsertTag{
    "INSERT INTO entry_tag (space_id, tag, entry_id) VALUES ($1, $2, $3)"};
constexpr db::Statement kRemoveTag{
    "DELETE FROM entry_tag WHERE space_id = $1 AND tag = $2 AND entry_id = $3"};

std::vector<std::string> split_tags(std::string_view column) {
  std::vector<std::string> tags;
  while (!column.empty()) {
    const std::size_t end = column.find(kSeparator);
    tags.emplace_back(column.substr(0, end));
    column = end == std::string_view::npos ? std::string_view() : column.substr(end + 1);
  }
  return tags;
}

}  // namespace

Entry entry_from(const db::Row& row) {
  Entry entry;
  entry.id = row.id<EntryId>(0);
  entry.uuid = Uuid::from_bytes(row.bytes(1)).value();
  entry.space = row.id<SpaceId>(2);
  entry.creator = row.id<AccountId>(3);
  entry.key = as_text(row.bytes(4));
  entry.name = as_text(row.bytes(5));
  entry.type.media_type = row.text(6);
  entry.type.kind = static_cast<FileKind>(row.integer(7));
  entry.size = static_cast<std::uint64_t>(row.integer(8));
  entry.checksum = Sha256Digest::from_bytes(row.bytes(9)).value();
  entry.width = row.optional_integer(10);
  entry.height = row.optional_integer(11);
  if (!row.is_null(12)) entry.duration = row.real(12);
  entry.title = row.optional_text(13);
  entry.description = row.optional_text(14);
  entry.tags = split_tags(row.text(15));
  entry.created_at = row.time(16);
  entry.updated_at = row.time(17);
  return entry;
}

std::string tags_column(const Entry& entry) {
  std::string column;
  for (const std::string& tag : entry.tags) {
    if (!column.empty()) column += kSeparator;
    column += tag;
  }
  return column;
}

std::string search_column(const Entry& entry) {
  std::string column = search_form(entry.name);
  const auto append = [&](std::string_view text) {
    column += kSeparator;
    column += search_form(text);
  };
  if (entry.title) append(*entry.title);
  if (entry.description) append(*entry.description);
  for (const std::string& tag : entry.tags) append(tag);
  return column;
}

Task<void> insert_tags(db::Transaction& transaction, const Entry& entry) {
  for (const std::string& tag : entry.tags) {
    const std::string folded = fold_case(tag);
    co_await transaction.execute(kInsertTag, entry.space, folded, entry.id);
  }
}

Task<void> remove_tags(db::Transaction& transaction, const Entry& entry) {
  for (const std::string& tag : entry.tags) {
    const std::string folded = fold_case(tag);
    co_await transaction.execute(kRemoveTag, entry.space, folded, entry.id);
  }
}

}  // namespace coffer::vault
