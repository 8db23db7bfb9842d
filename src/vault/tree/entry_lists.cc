#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/sql.h"
#include "vault/tree/entries.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::uint64_t kDeep = 1000;           // offsets above are read off the serving core
constexpr std::uint64_t kOffsetMax = 1U << 30;  // past the end of every list
constexpr std::size_t kTextMax = 16U << 10U;    // bytes; engines bound the length of a pattern
constexpr FileKind kFirstKind = FileKind::kImage;
constexpr FileKind kLastKind = FileKind::kOther;

// A row for each space and kind.
constexpr db::Statement kTotals{
    "SELECT kind, files FROM tree_total WHERE owner_id = $1 AND folder_id = 0"};
constexpr auto kCountTextText =
    sql("SELECT count(*) FROM entry WHERE owner_id = $1 AND kind BETWEEN $2 AND $3"
        " AND search LIKE $4 ESCAPE '\\'",
        kIsNotHidden);
constexpr db::Statement kCountText{kCountTextText.data()};
constexpr auto kCountTagText =
    sql("SELECT count(*) FROM entry_tag JOIN entry ON entry.id = entry_tag.entry_id"
        " WHERE entry_tag.owner_id = $1 AND entry_tag.tag = $5"
        " AND entry.kind BETWEEN $2 AND $3 AND entry.search LIKE $4 ESCAPE '\\'",
        kIsNotHidden);
constexpr db::Statement kCountTag{kCountTagText.data()};
// With the tag $5, or any where that is empty.
constexpr auto kCountCollectionText =
    sql("SELECT count(*) FROM collection_entry AS c JOIN entry ON entry.id = c.entry_id"
        " WHERE entry.owner_id = $1 AND c.collection_id = $6"
        " AND entry.kind BETWEEN $2 AND $3 AND entry.search LIKE $4 ESCAPE '\\'"
        " AND ($5 = '' OR EXISTS (SELECT 1 FROM entry_tag AS t WHERE t.owner_id = $1"
        " AND t.tag = $5 AND t.entry_id = entry.id))",
        kIsNotHidden);
constexpr db::Statement kCountCollection{kCountCollectionText.data()};

// How a list is found: each has its own index, or none.
enum class Way : std::uint8_t { kAll, kKind, kText, kTag, kCollection };
constexpr std::size_t kWays = 5;
constexpr std::size_t kSorts = 5;
constexpr std::size_t kPlainSorts = 3;  // of lists of no collection

// One kind's part of a list of all kinds: in order, and nothing but what the index holds.
// But where something is hidden.
std::string part(int kind, std::string_view column, std::string_view condition) {
  return fmt::format(
      "SELECT id AS page_id, {} AS page_order FROM entry WHERE owner_id = $1 AND"
      " kind = {}{}",
      column, kind, condition);
}

// `condition` is an empty text or kIsNotHidden.
std::string list_text(Way way, std::string_view column, std::string_view direction,
                      std::string_view condition) {
  const std::string order = column == "id"
                                ? fmt::format("id {}", direction)
                                : fmt::format("{} {}, id {}", column, direction, direction);
  switch (way) {
    case Way::kAll: {
      // CROSS JOIN: the page first, then its rows.
      const std::string page_order = fmt::format("page_order {0}, page_id {0}", direction);
      return fmt::format(
          "SELECT {} FROM ({} UNION ALL {} UNION ALL {} UNION ALL {} UNION ALL {}"
          " ORDER BY {} LIMIT $2 OFFSET $3) AS page CROSS JOIN entry"
          " WHERE entry.id = page.page_id ORDER BY {}",
          kEntryColumns, part(0, column, condition), part(1, column, condition),
          part(2, column, condition), part(3, column, condition), part(4, column, condition),
          page_order, page_order);
    }
    case Way::kKind:
      return fmt::format(
          "SELECT {} FROM entry WHERE owner_id = $1 AND kind = $4{} ORDER BY {}"
          " LIMIT $2 OFFSET $3",
          kEntryColumns, condition, order);
    case Way::kText:
      return fmt::format(
          "SELECT {} FROM entry WHERE owner_id = $1 AND kind BETWEEN $4 AND $5"
          " AND search LIKE $6 ESCAPE '\\'{} ORDER BY {} LIMIT $2 OFFSET $3",
          kEntryColumns, condition, order);
    case Way::kCollection:
      return fmt::format(
          "SELECT {} FROM (SELECT entry_id, position AS page_position, added_at AS page_added"
          " FROM collection_entry WHERE collection_id = $8) AS listed"
          " JOIN entry ON entry.id = listed.entry_id WHERE owner_id = $1"
          " AND kind BETWEEN $4 AND $5 AND search LIKE $6 ESCAPE '\\'"
          " AND ($7 = '' OR EXISTS (SELECT 1 FROM entry_tag AS t WHERE t.owner_id = $1"
          " AND t.tag = $7 AND t.entry_id = entry.id)){} ORDER BY {} LIMIT $2 OFFSET $3",
          kEntryColumns, condition, order);
    case Way::kTag: break;
  }
  return fmt::format(
      "SELECT {} FROM (SELECT entry_id FROM entry_tag WHERE owner_id = $1 AND tag = $7) AS tagged"
      " JOIN entry ON entry.id = tagged.entry_id WHERE kind BETWEEN $4 AND $5"
      " AND search LIKE $6 ESCAPE '\\'{} ORDER BY {} LIMIT $2 OFFSET $3",
      kEntryColumns, condition, order);
}

// The statements of all lists.
class ListStatements {
 public:
  ListStatements() {
    // Ids grow in order of creation.
    constexpr std::array<std::string_view, kSorts> kColumns{"id", "name", "size", "page_position",
                                                            "page_added"};
    for (std::size_t way = 0; way < kWays; ++way) {
      const bool is_collection = static_cast<Way>(way) == Way::kCollection;
      for (std::size_t sort = 0; sort < (is_collection ? kSorts : kPlainSorts); ++sort) {
        for (const bool descending : {false, true}) {
          for (const bool hidden : {false, true}) {
            const std::size_t at = index(way, sort, descending, hidden);
            texts_[at] = list_text(static_cast<Way>(way), kColumns[sort],
                                   descending ? "DESC" : "ASC", hidden ? kIsNotHidden : "");
            statements_[at].sql = texts_[at].c_str();
          }
        }
      }
    }
  }
  ListStatements(const ListStatements&) = delete;
  ListStatements& operator=(const ListStatements&) = delete;

  const db::Statement& of(Way way, EntrySort sort, bool descending, bool hidden) const {
    return statements_[index(static_cast<std::size_t>(way), static_cast<std::size_t>(sort),
                             descending, hidden)];
  }

 private:
  static std::size_t index(std::size_t way, std::size_t sort, bool descending, bool hidden) {
    return ((way * kSorts + sort) * 2 + (descending ? 1 : 0)) * 2 + (hidden ? 1 : 0);
  }

  std::array<std::string, kWays * kSorts * 4> texts_;
  std::array<db::Statement, kWays * kSorts * 4> statements_;
};

}  // namespace

std::string walk_text(std::string_view columns, std::string_view condition) {
  std::string parts;
  for (int kind = static_cast<int>(kFirstKind); kind <= static_cast<int>(kLastKind); ++kind) {
    if (!parts.empty()) parts += " UNION ALL ";
    parts += part(kind, "id", condition) + " AND id > $3";
  }
  return fmt::format(
      "SELECT {} FROM ({} ORDER BY page_order LIMIT $2) AS page CROSS JOIN entry"
      " WHERE entry.id = page.page_id ORDER BY page_order",
      columns, parts);
}

std::optional<std::string> search_pattern(std::string_view text) {
  if (!is_utf8(text)) return std::nullopt;
  if (text.size() > kTextMax) return std::nullopt;
  const std::string form = search_form(text);
  if (form.size() > kTextMax) return std::nullopt;
  std::string pattern = "%";
  for (const char c : form) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  pattern += '%';
  return pattern;
}

namespace {

const ListStatements& list_statements() {
  static const ListStatements statements;
  return statements;
}

// What the statements are given.
struct List {
  Way way = Way::kAll;
  const db::Statement* page = nullptr;
  AccountId owner;
  std::uint64_t limit = 0;
  std::uint64_t offset = 0;
  FileKind first = kFirstKind;
  FileKind last = kLastKind;
  std::string pattern;
  std::string tag;
  CollectionId collection;
};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

Task<std::uint64_t> count(db::Transaction& tx, const List& list) {
  if (list.way == Way::kText) {
    const auto total =
        co_await tx.find(kCountText, integer_from, list.owner, list.first, list.last, list.pattern);
    co_return static_cast<std::uint64_t>(total.value());
  }
  if (list.way == Way::kTag) {
    const auto total = co_await tx.find(kCountTag, integer_from, list.owner, list.first, list.last,
                                        list.pattern, list.tag);
    co_return static_cast<std::uint64_t>(total.value());
  }
  if (list.way == Way::kCollection) {
    const auto total = co_await tx.find(kCountCollection, integer_from, list.owner, list.first,
                                        list.last, list.pattern, list.tag, list.collection);
    co_return static_cast<std::uint64_t>(total.value());
  }
  std::uint64_t total = 0;
  const auto add = [&](const db::Row& row) {
    const auto kind = static_cast<FileKind>(row.integer(0));
    if (kind >= list.first && kind <= list.last) {
      total += static_cast<std::uint64_t>(row.integer(1));
    }
  };
  co_await tx.for_each(kTotals, add, list.owner);
  co_return total;
}

Task<void> add_page(db::Transaction& tx, const List& list, EntryPage& page) {
  std::size_t bytes = 0;
  const auto add = [&](const db::Row& row) {
    if (bytes >= EntryPage::kTextBytes) {
      page.rest.push_back(row.id<EntryId>(0));
    } else {
      bytes += page.entries.emplace_back(entry_from(row)).text_bytes();
    }
  };
  switch (list.way) {
    case Way::kAll:
      co_await tx.for_each(*list.page, add, list.owner, list.limit, list.offset);
      break;
    case Way::kKind:
      co_await tx.for_each(*list.page, add, list.owner, list.limit, list.offset, list.first);
      break;
    case Way::kText:
      co_await tx.for_each(*list.page, add, list.owner, list.limit, list.offset, list.first,
                           list.last, list.pattern);
      break;
    case Way::kTag:
      co_await tx.for_each(*list.page, add, list.owner, list.limit, list.offset, list.first,
                           list.last, list.pattern, list.tag);
      break;
    case Way::kCollection:
      co_await tx.for_each(*list.page, add, list.owner, list.limit, list.offset, list.first,
                           list.last, list.pattern, list.tag, list.collection);
      break;
  }
}

}  // namespace

Task<Result<EntryPage>> Entries::list(EntryQuery query) {
  List list;
  list.owner = query.owner;
  list.limit = query.limit;
  list.offset = std::min(query.offset, kOffsetMax);
  if (query.kind) list.first = list.last = *query.kind;
  auto pattern = query.text ? search_pattern(*query.text) : std::optional<std::string>("%");
  const bool possible =
      pattern && (!query.tag || (is_utf8(*query.tag) && !has_control(*query.tag)));
  if (!possible) co_return EntryPage{};
  list.pattern = std::move(*pattern);
  if (query.tag) list.tag = fold_case(trim(*query.tag));
  if (query.collection) {
    list.way = Way::kCollection;
    list.collection = *query.collection;
  } else if (query.tag) {
    list.way = Way::kTag;
  } else if (query.text) {
    list.way = Way::kText;
  } else if (query.kind) {
    list.way = Way::kKind;
  }
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<EntryPage> {
    list.page = &list_statements().of(list.way, query.sort, query.descending, hidden);
    EntryPage found;
    found.total = co_await count(tx, list);
    if (list.offset < found.total) co_await add_page(tx, list, found);
    co_return found;
  };
  const bool serving = (list.way == Way::kAll || list.way == Way::kKind) && list.offset <= kDeep;
  try {
    const ListRead how{.owner = query.owner, .serving = serving, .on_behalf = query.owner.value};
    auto found = co_await read_list<EntryPage>(context_.database, how, body);
    co_return found;
  } catch (const db::Busy& busy) {
    co_return fail(FailureCode::kBusy, busy.what());
  }
}

Task<Page<Entry>> Entries::walk(AccountId owner, EntryId after, PageLimit limit) {
  static const std::string texts[] = {walk_text(kEntryColumns, ""),
                                      walk_text(kEntryColumns, kIsNotHidden)};
  static const db::Statement statements[] = {{texts[0].c_str()}, {texts[1].c_str()}};
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<Page<Entry>> {
    co_return co_await read_page(tx, statements[hidden ? 1 : 0], limit, entry_from,
                                 &Entry::text_bytes, owner, limit.to_fetch(), after);
  };
  auto files = co_await read_list<Page<Entry>>(context_.database, {.owner = owner}, body);
  co_return files;
}

}  // namespace coffer::vault
