#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/sql.h"
#include "vault/tree/entries.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/entry_scan.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::uint64_t kDeep = 1000;           // offsets above are read off the serving core
constexpr std::uint64_t kOffsetMax = 1U << 30;  // past the end of every list
constexpr FileKind kFirstKind = FileKind::kImage;
constexpr FileKind kLastKind = FileKind::kOther;

// A row for each space and kind.
constexpr db::Statement kTotals{
    "SELECT kind, files FROM tree_total WHERE owner_id = $1 AND folder_id = 0"};
constexpr db::Statement kFilesOfCollection{
    "SELECT files FROM collection WHERE id = $1 AND owner_id = $2"};
// At most $5.
constexpr auto kCountTagText =
    sql("SELECT count(*) FROM (SELECT 1 FROM entry_tag JOIN entry ON entry.id = entry_tag.entry_id"
        " WHERE entry_tag.owner_id = $1 AND entry_tag.tag = $4 AND entry.kind BETWEEN $2 AND $3",
        kIsNotHidden, " LIMIT $5) AS tagged");
constexpr db::Statement kCountTag{kCountTagText.data()};

// Where pages of lists without a filter but the kind begin.
enum class Start : std::uint8_t { kOffset, kBehind };
constexpr std::size_t kStarts = 2;
constexpr std::size_t kPlainSorts = 4;

// One kind's part of a list of all kinds: in order, and nothing but what the index holds, but where
// something is hidden.
std::string part(std::string_view kind, std::string_view column, std::string_view condition) {
  return fmt::format(
      "SELECT id AS page_id, {} AS page_order FROM entry WHERE owner_id = $1 AND"
      " kind = {}{}",
      column, kind, condition);
}

// `condition` is an empty text or kIsNotHidden. $2: how many; then the offset, or the position as
// an id, or as what the list is sorted by and an id; then the kind, in a list of one.
std::string list_text(bool one_kind, Start start, std::string_view column, bool descending,
                      std::string_view condition) {
  const std::string_view direction = descending ? "DESC" : "ASC";
  const char behind = descending ? '<' : '>';
  const bool by_id = column == "id";
  std::string parts;
  const auto add_parts = [&](std::string_view kind) {
    for (const SortedRows& rows : sorted_rows(column, kind)) {
      // What is equal and what is not are parts of their own: SQLite does not compare an index
      // with both columns at once.
      std::vector<std::string> positions{""};
      if (start == Start::kBehind && by_id) {
        positions = {fmt::format(" AND id {} $3", behind)};
      } else if (start == Start::kBehind) {
        positions = {fmt::format(" AND {} = $3 AND id {} $4", rows.value, behind),
                     fmt::format(" AND {} {} $3", rows.value, behind)};
      }
      for (const std::string& position : positions) {
        if (!parts.empty()) parts += " UNION ALL ";
        parts += part(kind, column, fmt::format("{}{}{}", rows.condition, position, condition));
      }
    }
  };
  if (one_kind) add_parts(start == Start::kBehind && !by_id ? "$5" : "$4");
  for (int kind = 0; !one_kind && kind <= static_cast<int>(kLastKind); ++kind) {
    add_parts(std::to_string(kind));
  }
  return fmt::format("{0} ORDER BY page_order {1}, page_id {1} LIMIT $2{2}", parts, direction,
                     start == Start::kOffset ? " OFFSET $3" : "");
}

// The statements of all lists without a filter but the kind.
class ListStatements {
 public:
  ListStatements() {
    // Ids grow in order of creation.
    constexpr std::array<std::string_view, kPlainSorts> kColumns{"id", "name", "size", "dated_at"};
    for (const bool one_kind : {false, true}) {
      for (const Start start : {Start::kOffset, Start::kBehind}) {
        for (std::size_t sort = 0; sort < kPlainSorts; ++sort) {
          for (const bool descending : {false, true}) {
            for (const bool hidden : {false, true}) {
              const std::size_t at = index(one_kind, start, sort, descending, hidden);
              texts_[at] = list_text(one_kind, start, kColumns[sort], descending,
                                     hidden ? kIsNotHidden : "");
              statements_[at].sql = texts_[at].c_str();
            }
          }
        }
      }
    }
  }
  ListStatements(const ListStatements&) = delete;
  ListStatements& operator=(const ListStatements&) = delete;

  const db::Statement& of(bool one_kind, Start start, const EntryOrder& order, bool hidden) const {
    return statements_[index(one_kind, start, static_cast<std::size_t>(order.sort),
                             order.descending, hidden)];
  }

 private:
  static std::size_t index(bool one_kind, Start start, std::size_t sort, bool descending,
                           bool hidden) {
    std::size_t at = one_kind ? 1 : 0;
    at = at * kStarts + static_cast<std::size_t>(start);
    at = at * kPlainSorts + sort;
    at = at * 2 + (descending ? 1 : 0);
    return at * 2 + (hidden ? 1 : 0);
  }

  static constexpr std::size_t kCount = 2 * kStarts * kPlainSorts * 2 * 2;
  std::array<std::string, kCount> texts_;
  std::array<db::Statement, kCount> statements_;
};

}  // namespace

std::string walk_text(std::string_view columns, std::string_view condition) {
  std::string parts;
  for (int kind = static_cast<int>(kFirstKind); kind <= static_cast<int>(kLastKind); ++kind) {
    if (!parts.empty()) parts += " UNION ALL ";
    parts += part(std::to_string(kind), "id", condition) + " AND id > $3";
  }
  return fmt::format(
      "SELECT {} FROM ({} ORDER BY page_order LIMIT $2) AS page CROSS JOIN entry"
      " WHERE entry.id = page.page_id ORDER BY page_order",
      columns, parts);
}

namespace {

const ListStatements& list_statements() {
  static const ListStatements statements;
  return statements;
}

// The statements of a collection in its own order: $1 its owner, $2 how many, $3 the offset or the
// position, $4 the collection.
class CollectionStatements {
 public:
  CollectionStatements() {
    for (const Start start : {Start::kOffset, Start::kBehind}) {
      for (const bool descending : {false, true}) {
        const std::size_t at = index(start, descending);
        const bool behind = start == Start::kBehind;
        texts_[at] = fmt::format(
            "SELECT entry_id, position FROM collection_entry WHERE collection_id = $4{1}"
            " AND EXISTS (SELECT 1 FROM collection WHERE id = $4 AND owner_id = $1)"
            " ORDER BY position {0} LIMIT $2{2}",
            descending ? "DESC" : "ASC",
            !behind      ? ""
            : descending ? " AND position < $3"
                         : " AND position > $3",
            behind ? "" : " OFFSET $3");
        statements_[at].sql = texts_[at].c_str();
      }
    }
  }
  CollectionStatements(const CollectionStatements&) = delete;
  CollectionStatements& operator=(const CollectionStatements&) = delete;

  const db::Statement& of(Start start, bool descending) const {
    return statements_[index(start, descending)];
  }

 private:
  static std::size_t index(Start start, bool descending) {
    return static_cast<std::size_t>(start) * 2 + (descending ? 1 : 0);
  }

  std::array<std::string, kStarts * 2> texts_;
  std::array<db::Statement, kStarts * 2> statements_;
};

// What stands on a page, and one more where another page follows: positions, and the entries at the
// first of them, as far as these were read with their positions.
struct Found {
  std::vector<EntryPosition> positions;
  std::vector<Entry> entries;
};

// Fills a page with it. The rows that are still to be read are read by a statement of their own: in
// one that sorts they would have to be carried through its sort.
Task<void> fill_page(db::Transaction& tx, EntryPage& page, Found found, std::uint64_t limit) {
  static const std::string text =
      fmt::format("SELECT {} FROM {} CROSS JOIN entry WHERE entry.id = listed_id", kEntryColumns,
                  listed_ids("$1"));
  static const db::Statement statement{text.c_str()};
  const bool more = found.positions.size() > limit;
  if (more) found.positions.pop_back();
  if (more && !found.positions.empty()) page.next = found.positions.back();
  page.entries = std::move(found.entries);
  page.entries.resize(std::min(page.entries.size(), found.positions.size()));
  std::size_t bytes = 0;
  for (const Entry& entry : page.entries) bytes += entry.text_bytes();
  std::vector<EntryId> ids;
  for (std::size_t at = page.entries.size(); at < found.positions.size(); ++at) {
    ids.push_back(found.positions[at].id);
  }
  page.entries.reserve(found.positions.size());
  std::size_t count = 0;
  const auto add = [&](const db::Row& row) {
    if (count == ids.size() || row.id<EntryId>(0) != ids[count]) {
      throw std::logic_error("the rows of a list are not in its order");
    }
    ++count;
    bytes += page.entries.emplace_back(entry_from(row)).text_bytes();
    return bytes < EntryPage::kTextBytes;
  };
  const std::string listed = id_list(ids);
  if (!ids.empty() && bytes < EntryPage::kTextBytes) {
    co_await tx.while_each(statement, add, listed);
  }
  page.rest.assign(ids.begin() + static_cast<std::ptrdiff_t>(count), ids.end());
}

EntryOrder order_of(const EntryQuery& query) {
  return {.sort = query.sort, .descending = query.descending};
}

Task<std::uint64_t> count_plain(db::Transaction& tx, const EntryFilter& filter) {
  std::uint64_t total = 0;
  const auto add = [&](const db::Row& row) {
    const auto kind = static_cast<FileKind>(row.integer(0));
    if (kind >= filter.first_kind && kind <= filter.last_kind) {
      total += static_cast<std::uint64_t>(row.integer(1));
    }
  };
  co_await tx.for_each(kTotals, add, filter.owner);
  co_return total;
}

// More than kTotalMax: at least so many.
Task<std::uint64_t> count_tag(db::Transaction& tx, const EntryFilter& filter) {
  const auto total = co_await tx.find(
      kCountTag, [](const db::Row& row) { return row.integer(0); }, filter.owner, filter.first_kind,
      filter.last_kind, filter.tag, EntryPage::kTotalMax + 1);
  co_return static_cast<std::uint64_t>(total.value());
}

// Of a row of an id and what the list is sorted by.
EntryPosition position_from(const db::Row& row, EntrySort sort) {
  EntryPosition position{.id = row.id<EntryId>(0)};
  switch (sort) {
    case EntrySort::kName: position.name = as_text(row.bytes(1)); break;
    case EntrySort::kSize:
    case EntrySort::kPosition: position.number = row.integer(1); break;
    case EntrySort::kTaken: position.number = dated_at_from(row, 1); break;
    case EntrySort::kCreated:
    case EntrySort::kAdded:
    case EntrySort::kRelevance: break;
  }
  return position;
}

// A list without a filter but the kind.
Task<EntryPage> plain_page(db::Transaction& tx, const EntryQuery& query,
                           const EntryFilter& filter) {
  EntryPage page;
  const std::uint64_t offset = std::min(query.offset, kOffsetMax);
  if (!query.after) {
    page.total = co_await count_plain(tx, filter);
    if (offset >= page.total) co_return page;
  }
  const bool by_id = query.sort == EntrySort::kCreated;
  const Start start = query.after ? Start::kBehind : Start::kOffset;
  const auto& statement =
      list_statements().of(query.kind.has_value(), start, order_of(query), filter.hidden);
  Found found;
  const auto add = [&](const db::Row& row) {
    found.positions.push_back(position_from(row, query.sort));
  };
  const std::uint64_t rows = query.limit + 1;
  if (!query.after && query.kind) {
    co_await tx.for_each(statement, add, query.owner, rows, offset, *query.kind);
  } else if (!query.after) {
    co_await tx.for_each(statement, add, query.owner, rows, offset);
  } else if (by_id && query.kind) {
    co_await tx.for_each(statement, add, query.owner, rows, query.after->id, *query.kind);
  } else if (by_id) {
    co_await tx.for_each(statement, add, query.owner, rows, query.after->id);
  } else {
    const EntryPosition& after = *query.after;
    const db::Value key =
        query.sort == EntrySort::kName ? db::Value(as_bytes(after.name)) : db::Value(after.number);
    if (query.kind) {
      co_await tx.for_each(statement, add, query.owner, rows, key, after.id, *query.kind);
    } else {
      co_await tx.for_each(statement, add, query.owner, rows, key, after.id);
    }
  }
  co_await fill_page(tx, page, std::move(found), query.limit);
  co_return page;
}

// A collection in its own order without a filter. REQUIRES: nothing of the owner is hidden.
Task<EntryPage> collection_page(db::Transaction& tx, const EntryQuery& query) {
  static const CollectionStatements statements;
  EntryPage page;
  const CollectionId collection = query.collection.value();
  if (!query.after) {
    const auto files = co_await tx.find(
        kFilesOfCollection, [](const db::Row& row) { return row.integer(0); }, collection,
        query.owner);
    page.total = static_cast<std::uint64_t>(files.value_or(0));
    if (query.offset >= page.total) co_return page;
  }
  Found found;
  const auto add = [&](const db::Row& row) {
    found.positions.push_back(position_from(row, query.sort));
  };
  const std::uint64_t rows = query.limit + 1;
  const Start start = query.after ? Start::kBehind : Start::kOffset;
  const std::int64_t begin =
      query.after ? query.after->number : static_cast<std::int64_t>(query.offset);
  co_await tx.for_each(statements.of(start, query.descending), add, query.owner, rows, begin,
                       collection);
  co_await fill_page(tx, page, std::move(found), query.limit);
  co_return page;
}

// Collects what stands on one page, and one more where another page follows.
class PageCollector {
 public:
  PageCollector(std::uint64_t offset, std::uint64_t limit) : to_skip_(offset), wanted_(limit + 1) {}

  // `whole`: as VisitEntry. Once there is text enough for a page, rows are only read again.
  bool add(const EntryPosition& position, const db::Row* whole) {
    if (to_skip_ > 0) {
      --to_skip_;
    } else {
      const bool follows = found_.entries.size() == found_.positions.size();
      if (whole && follows && text_bytes_ < EntryPage::kTextBytes) {
        text_bytes_ += found_.entries.emplace_back(entry_from(*whole)).text_bytes();
      }
      found_.positions.push_back(position);
    }
    return !is_full();
  }
  bool is_full() const { return found_.positions.size() >= wanted_; }
  Found take() { return std::move(found_); }

 private:
  std::uint64_t to_skip_;
  const std::uint64_t wanted_;
  Found found_;
  std::size_t text_bytes_ = 0;
};

bool is_in_order_of_ids(EntrySort sort) {
  return sort == EntrySort::kCreated || sort == EntrySort::kRelevance;
}

// Reads in the order of the list, as far as the page goes.
Task<void> stream(db::Transaction& tx, const EntryFilter& filter, EntryOrder order,
                  const std::optional<EntryPosition>& after, PageCollector& collector,
                  WordRuns& word_runs) {
  const VisitEntry visit = [&](const EntryPosition& position, const db::Row* whole) {
    return collector.add(position, whole);
  };
  if (!is_in_order_of_ids(order.sort)) {
    co_return co_await scan_in_order(tx, filter, order, after, visit);
  }
  ScanUse use{.runs = after ? &word_runs : nullptr, .whole_rows = true};
  IdRange range;
  if (order.sort == EntrySort::kCreated) {
    if (after && order.descending) range.high = EntryId{after->id.value - 1};
    if (after && !order.descending) range.low = EntryId{after->id.value + 1};
    co_return co_await scan_by_id(tx, filter, order, range, std::nullopt, visit, use);
  }
  order.descending = true;
  for (std::int64_t rank = after ? after->number : 0; rank < kRanks && !collector.is_full();
       ++rank) {
    range.high = after && rank == after->number ? EntryId{after->id.value - 1} : IdRange().high;
    // What is not best is found among all that is.
    use.whole_rows = rank == 0;
    co_await scan_by_id(tx, filter, order, range, static_cast<int>(rank), visit, use);
  }
}

// Whether a page that goes on is found sooner in the order of names or sizes, among all entries of
// the account, than by looking for all that matches and sorting that.
Task<bool> is_dense(db::Transaction& tx, const EntryQuery& query, const EntryFilter& filter) {
  if (query.collection) co_return false;
  if (query.counted_is_less || query.counted > EntryPage::kTotalMax) co_return true;
  const std::uint64_t all = co_await count_plain(tx, filter);
  // The rows that a page takes, times `counted`, where the matches are spread evenly.
  const std::uint64_t in_order = all * (query.limit + 1);
  const std::uint64_t sorted = query.counted * query.counted;
  const bool is_sooner = in_order < sorted;
  co_return is_sooner;
}

// The matches of a list, in whatever order; more than kTotalMax where that is not all of them.
Task<std::vector<EntryPosition>> collect(db::Transaction& tx, const EntryFilter& filter,
                                         EntrySort sort) {
  std::vector<EntryPosition> all;
  const VisitEntry visit = [&](const EntryPosition& position, const db::Row* /*whole*/) {
    all.push_back(position);
    return all.size() <= EntryPage::kTotalMax;
  };
  const EntryOrder order{.sort = sort, .descending = true};
  co_await scan_by_id(tx, filter, order, {}, std::nullopt, visit);
  co_return all;
}

// A list that is filtered by more than the kind. Where few entries match, it sorts them; where many
// do, it reads them in the order of the list until the page is full.
Task<EntryPage> filtered_page(db::Transaction& tx, const EntryQuery& query,
                              const EntryFilter& filter, WordRuns& word_runs) {
  EntryPage page;
  const EntryOrder order = order_of(query);
  const bool counts = !query.after;
  const bool by_tag_alone =
      !query.text && !query.kind && !query.collection && !filter.has_any_dates();
  std::vector<EntryPosition> all;
  bool collects = counts && !by_tag_alone;
  if (!collects && !is_in_order_of_ids(order.sort)) {
    const bool dense = !counts && co_await is_dense(tx, query, filter);
    collects = !dense;
  }
  if (collects) all = co_await collect(tx, filter, order.sort);
  if (counts) {
    std::uint64_t counted = all.size();
    if (!collects) counted = co_await count_tag(tx, filter);
    page.total_is_more = counted > EntryPage::kTotalMax;
    page.total = std::min(counted, EntryPage::kTotalMax);
  }
  PageCollector collector(std::min(query.offset, kOffsetMax), query.limit);
  if (!collects || all.size() > EntryPage::kTotalMax) {
    co_await stream(tx, filter, order, query.after, collector, word_runs);
  } else {
    const auto before = [&](const EntryPosition& a, const EntryPosition& b) {
      return order.is_before(a, b);
    };
    std::ranges::sort(all, before);
    auto next = query.after ? std::ranges::upper_bound(all, *query.after, before) : all.begin();
    while (next != all.end() && collector.add(*next, nullptr)) ++next;
  }
  co_await fill_page(tx, page, collector.take(), query.limit);
  co_return page;
}

// Nothing where no entry can match.
std::optional<EntryFilter> filter_from(const EntryQuery& query) {
  EntryFilter filter;
  filter.owner = query.owner;
  if (query.kind) filter.first_kind = filter.last_kind = *query.kind;
  if (query.created_from) filter.created_from = to_micros(*query.created_from);
  if (query.created_before) filter.created_before = to_micros(*query.created_before);
  if (query.taken_from || query.taken_before) {
    filter.taken_from = EntryFilter::kFirstTaken;
    if (query.taken_from) {
      filter.taken_from = std::max(to_micros(*query.taken_from), EntryFilter::kFirstTaken);
    }
    if (query.taken_before) filter.taken_before = to_micros(*query.taken_before);
  }
  filter.collection = query.collection;
  if (query.text) {
    auto terms = SearchTerms::parse(*query.text);
    if (!terms) return std::nullopt;
    filter.terms = std::move(*terms);
  }
  if (query.tag) {
    if (!is_utf8(*query.tag) || has_control(*query.tag)) return std::nullopt;
    filter.tag = fold_case(trim(*query.tag));
    if (filter.tag.empty()) return std::nullopt;
  }
  return filter;
}

}  // namespace

Task<Result<EntryPage>> Entries::list(EntryQuery query) {
  auto filter = filter_from(query);
  if (!filter) co_return EntryPage{};
  const bool unfiltered = !query.text && !query.tag && !filter->has_any_dates();
  const bool plain = unfiltered && !query.collection;
  const bool as_collected =
      unfiltered && query.collection && !query.kind && query.sort == EntrySort::kPosition;
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<EntryPage> {
    filter->hidden = hidden;
    if (as_collected && !hidden) co_return co_await collection_page(tx, query);
    if (plain) co_return co_await plain_page(tx, query, *filter);
    co_return co_await filtered_page(tx, query, *filter, *context_.word_runs);
  };
  try {
    const ListRead how{.owner = query.owner,
                       .serving = as_collected || (plain && query.offset <= kDeep),
                       .on_behalf = query.owner.value};
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
