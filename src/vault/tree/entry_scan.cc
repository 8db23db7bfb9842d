#include "vault/tree/entry_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/tree/search_index.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// What every statement is given as $1 to $10: the owner, the first and the last kind, two moments,
// the tag, the first and the last id, two moments when it was taken. `id` is the column that holds
// the ids. The number is EntryFilter::kUndated.
std::string conditions(std::string_view id, bool hidden) {
  return fmt::format(
      " AND entry.created_at >= $4 AND entry.created_at < $5 AND {} BETWEEN $7 AND $8"
      " AND coalesce(entry.taken_at, -9223372036854775807) >= $9"
      " AND coalesce(entry.taken_at, -9223372036854775807) < $10"
      " AND ($6 = '' OR EXISTS (SELECT 1 FROM entry_tag AS t WHERE t.owner_id = $1"
      " AND t.tag = $6 AND t.entry_id = entry.id)){}",
      id, hidden ? kIsNotHidden : "");
}

constexpr char kColumns[] = "entry.id, entry.size, entry.name, entry.search, entry.dated_at";

std::string_view direction_of(bool descending) { return descending ? "DESC" : "ASC"; }

// A part for each kind, or two, so that each has an index that is in order.
std::string walk_text(std::string_view column, bool descending, bool hidden) {
  const bool by_id = column == "id";
  const char behind = descending ? '<' : '>';
  // The sum keeps SQLite from walking by ids where it is to walk by the sort.
  const std::string common = conditions(by_id ? "entry.id" : "entry.id + 0", hidden);
  std::string text;
  const auto add_part = [&](int kind, std::string_view rows, std::string_view position) {
    if (!text.empty()) text += " UNION ALL ";
    text += fmt::format(
        "SELECT {}, 0, 0 FROM entry WHERE owner_id = $1 AND kind = {} AND {} BETWEEN $2 AND $3"
        "{}{}{}",
        kColumns, kind, kind, rows, position, common);
  };
  for (int kind = 0; kind <= static_cast<int>(FileKind::kFolder); ++kind) {
    for (const SortedRows& rows : sorted_rows(column, std::to_string(kind))) {
      if (by_id) {
        add_part(kind, rows.condition, "");
        continue;
      }
      // What is equal and what is not are parts of their own: SQLite does not compare an index
      // with both columns at once.
      add_part(kind, rows.condition,
               fmt::format(" AND {} = $11 AND entry.id {} $12", rows.value, behind));
      add_part(kind, rows.condition, fmt::format(" AND {} {} $11", rows.value, behind));
    }
  }
  const std::string_view direction = direction_of(descending);
  if (by_id) return fmt::format("{} ORDER BY id {}", text, direction);
  return fmt::format("{} ORDER BY {} {}, id {}", text, column, direction, direction);
}

std::string tag_text(bool descending, bool hidden) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM entry_tag AS listed CROSS JOIN entry WHERE listed.owner_id = $1"
      " AND listed.tag = $6 AND entry.id = listed.entry_id AND entry.kind BETWEEN $2 AND $3{}"
      " ORDER BY listed.entry_id {}",
      kColumns, conditions("listed.entry_id", hidden), direction_of(descending));
}

std::string collection_text(bool descending, bool hidden) {
  return fmt::format(
      "SELECT {}, listed.position, listed.added_at FROM collection_entry AS listed"
      " CROSS JOIN entry WHERE listed.collection_id = $11 AND entry.id = listed.entry_id"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY listed.entry_id {}",
      kColumns, conditions("listed.entry_id", hidden), direction_of(descending));
}

// What the index of words finds; $11: what it is asked. Its rows are in the order of the newest
// first.
std::string words_text(bool descending, bool hidden) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM entry_words CROSS JOIN entry WHERE entry_words MATCH $11"
      " AND entry_words.rowid BETWEEN -$8 AND -$7 AND entry.id = -entry_words.rowid"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY entry_words.rowid {}",
      kColumns, conditions("entry.id + 0", hidden), direction_of(!descending));
}

// The ids alone: $1 what the index is asked, $2 and $3 the first and the last id, $4 how many.
std::string run_text(bool descending, bool /*hidden*/) {
  return fmt::format(
      "SELECT -rowid FROM entry_words WHERE entry_words MATCH $1 AND rowid BETWEEN -$3 AND -$2"
      " ORDER BY rowid {} LIMIT $4",
      direction_of(!descending));
}

// One entry; $11: its id.
std::string entry_text(bool /*descending*/, bool hidden) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM entry WHERE entry.id = $11 AND entry.owner_id = $1"
      " AND entry.kind BETWEEN $2 AND $3{}",
      kColumns, conditions("entry.id + 0", hidden));
}

// What has changed since it was indexed.
std::string stale_text(bool descending, bool hidden) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM stale_words AS listed CROSS JOIN entry WHERE entry.id = listed.entry_id"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY listed.entry_id {}",
      kColumns, conditions("listed.entry_id", hidden), direction_of(descending));
}

// A statement in both directions, and without and with kIsNotHidden.
class Statements {
 public:
  template <class MakeText>
  explicit Statements(MakeText make) {
    for (const bool descending : {false, true}) {
      for (const bool hidden : {false, true}) {
        const std::size_t at = index(descending, hidden);
        texts_[at] = make(descending, hidden);
        statements_[at].sql = texts_[at].c_str();
      }
    }
  }
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  const db::Statement& of(bool descending, bool hidden) const {
    return statements_[index(descending, hidden)];
  }

 private:
  static std::size_t index(bool descending, bool hidden) {
    return (descending ? 2U : 0U) + (hidden ? 1U : 0U);
  }

  std::array<std::string, 4> texts_;
  std::array<db::Statement, 4> statements_;
};

const Statements& walk_statements(EntrySort sort) {
  static const Statements by_id(
      [](bool down, bool hidden) { return walk_text("id", down, hidden); });
  static const Statements by_name(
      [](bool down, bool hidden) { return walk_text("name", down, hidden); });
  static const Statements by_size(
      [](bool down, bool hidden) { return walk_text("size", down, hidden); });
  static const Statements by_date(
      [](bool down, bool hidden) { return walk_text("dated_at", down, hidden); });
  switch (sort) {
    case EntrySort::kName: return by_name;
    case EntrySort::kSize: return by_size;
    case EntrySort::kTaken: return by_date;
    default: return by_id;
  }
}

// Where the entry in the row stands; nothing where it does not match.
std::optional<EntryPosition> position_from(const db::Row& row, const EntryFilter& filter,
                                           EntrySort sort, std::optional<int> rank) {
  const auto found = filter.terms.rank_of(row.text(3));
  if (!found || (rank && *found != *rank)) return std::nullopt;
  EntryPosition position{.id = row.id<EntryId>(0)};
  switch (sort) {
    case EntrySort::kCreated: break;
    case EntrySort::kName: position.name = as_text(row.bytes(2)); break;
    case EntrySort::kSize: position.number = row.integer(1); break;
    case EntrySort::kTaken: position.number = dated_at_from(row, 4); break;
    case EntrySort::kPosition: position.number = row.integer(5); break;
    case EntrySort::kAdded: position.number = row.integer(6); break;
    case EntrySort::kRelevance: position.number = *found; break;
  }
  return position;
}

}  // namespace

bool EntryOrder::is_before(const EntryPosition& a, const EntryPosition& b) const {
  if (sort == EntrySort::kRelevance) {
    return a.number != b.number ? a.number < b.number : a.id > b.id;
  }
  const EntryPosition& first = descending ? b : a;
  const EntryPosition& second = descending ? a : b;
  if (const int names = first.name.compare(second.name); names != 0) return names < 0;
  if (first.number != second.number) return first.number < second.number;
  return first.id < second.id;
}

namespace {

// One scan by ids, in steps over different tables.
class IdScan {
 public:
  IdScan(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
         std::optional<int> rank, const VisitEntry& visit, WordRuns* runs)
      : transaction_(transaction),
        filter_(filter),
        order_(order),
        rank_(rank),
        visit_(visit),
        runs_(runs) {}

  Task<void> run(IdRange range) {
    if (filter_.collection) {
      co_await scan_collection(range);
    } else if (!filter_.has_dates() && filter_.terms.terms().empty()) {
      co_await scan_rows(range);
    } else {
      co_await scan_indexed_and_new(range);
    }
  }

 private:
  // What was indexed in ways that make it faster, and what is newer.
  Task<void> scan_indexed_and_new(IdRange range) {
    const IndexState state = co_await index_state(transaction_);
    const EntryId through = state.through;
    IdRange fresh = range;
    fresh.low = std::max(range.low, EntryId{through.value + 1});
    if (order_.descending) co_await scan_rows(fresh);
    range.high = std::min(range.high, through);
    bool any = true;
    if (filter_.has_dates()) {
      const auto period =
          co_await indexed_period(transaction_, filter_.created_from, filter_.created_before);
      any = period.has_value();
      if (period) {
        range.low = std::max(range.low, period->first);
        range.high = std::min(range.high, period->last);
      }
    }
    if (any && filter_.terms.terms().empty()) {
      co_await scan_rows(range);
    } else if (any) {
      co_await scan_words(range, state.changes);
    }
    if (!order_.descending) co_await scan_rows(fresh);
  }

  // One row after another.
  Task<void> scan_rows(IdRange range) {
    if (is_done_ || range.low > range.high) co_return;
    static const Statements by_tag(tag_text);
    const Statements& statements =
        filter_.tag.empty() ? walk_statements(EntrySort::kCreated) : by_tag;
    const auto each = [this](const db::Row& row) { return look_at(row); };
    co_await transaction_.while_each(
        statements.of(order_.descending, filter_.hidden), each, filter_.owner, filter_.first_kind,
        filter_.last_kind, filter_.created_from, filter_.created_before, filter_.tag, range.low,
        range.high, filter_.taken_from, filter_.taken_before);
  }

  Task<void> scan_collection(IdRange range) {
    static const Statements statements(collection_text);
    const auto each = [this](const db::Row& row) { return look_at(row); };
    co_await transaction_.while_each(
        statements.of(order_.descending, filter_.hidden), each, filter_.owner, filter_.first_kind,
        filter_.last_kind, filter_.created_from, filter_.created_before, filter_.tag, range.low,
        range.high, filter_.taken_from, filter_.taken_before, *filter_.collection);
  }

  // What the index finds, and what has changed since, merged. That the index still has entries by
  // what they were does no harm: each is compared as it is.
  Task<void> scan_words(IdRange range, std::int64_t changes) {
    if (is_done_ || range.low > range.high) co_return;
    std::vector<EntryPosition> changed;
    static const Statements stale(stale_text);
    const auto keep = [&](const db::Row& row) {
      auto position = position_from(row, filter_, order_.sort, rank_);
      if (position) changed.push_back(std::move(*position));
    };
    co_await transaction_.for_each(stale.of(order_.descending, filter_.hidden), keep, filter_.owner,
                                   filter_.first_kind, filter_.last_kind, filter_.created_from,
                                   filter_.created_before, filter_.tag, range.low, range.high,
                                   filter_.taken_from, filter_.taken_before);
    auto next = changed.begin();
    const auto visit_until = [&](EntryId id) {
      while (!is_done_ && next != changed.end() &&
             (order_.descending ? next->id >= id : next->id <= id)) {
        visit(*next++);
      }
    };
    const auto each = [&](const db::Row& row) {
      const auto id = row.id<EntryId>(0);
      visit_until(id);
      const bool is_visited = next != changed.begin() && std::prev(next)->id == id;
      if (is_done_ || is_visited) return !is_done_;
      return look_at(row);
    };
    const WordQuery query{.owner = filter_.owner,
                          .first_kind = filter_.first_kind,
                          .last_kind = filter_.last_kind,
                          .tag = filter_.tag,
                          .words_begin = rank_ == 0};
    const std::string expression = match_expression(query, filter_.terms);
    const IdRange whole = range;
    if (runs_) {
      WordRun::Question question{
          .expression = expression, .changes = changes, .descending = order_.descending};
      range = co_await scan_run(std::move(question), range, each);
    }
    static const Statements words(words_text);
    if (!is_done_ && range.low <= range.high) {
      co_await transaction_.while_each(
          words.of(order_.descending, filter_.hidden), each, filter_.owner, filter_.first_kind,
          filter_.last_kind, filter_.created_from, filter_.created_before, filter_.tag, range.low,
          range.high, filter_.taken_from, filter_.taken_before, expression);
    }
    visit_until(order_.descending ? whole.low : whole.high);
  }

  // What a run has of the range; what is left of it behind that. A run that does not fill the page
  // is not followed by another one: there the rest is read in one go.
  template <class Each>
  Task<IdRange> scan_run(WordRun::Question question, IdRange range, const Each& each) {
    const bool down = question.descending;
    const std::int64_t from = down ? range.high.value : range.low.value;
    const std::int64_t last = down ? range.low.value : range.high.value;
    auto run = runs_->find(question, from);
    if (!run) run = co_await read_run(std::move(question), range);
    static const Statements one(entry_text);
    const db::Statement& statement = one.of(down, filter_.hidden);
    for (const std::int64_t id : run->ids) {
      if (down ? id > from : id < from) continue;
      if (is_done_ || (down ? id < last : id > last)) break;
      co_await transaction_.while_each(statement, each, filter_.owner, filter_.first_kind,
                                       filter_.last_kind, filter_.created_from,
                                       filter_.created_before, filter_.tag, range.low, range.high,
                                       filter_.taken_from, filter_.taken_before, EntryId{id});
    }
    if (down) {
      range.high = EntryId{run->to - 1};
    } else {
      range.low = EntryId{run->to + 1};
    }
    co_return range;
  }

  Task<std::shared_ptr<const WordRun>> read_run(WordRun::Question question, IdRange range) {
    auto run = std::make_shared<WordRun>();
    static const Statements statements(run_text);
    const auto keep = [&](const db::Row& row) { run->ids.push_back(row.integer(0)); };
    co_await transaction_.for_each(statements.of(question.descending, false), keep,
                                   question.expression, range.low, range.high, WordRuns::kIdsMax);
    const bool down = question.descending;
    run->from = down ? range.high.value : range.low.value;
    run->to = down ? range.low.value : range.high.value;
    if (run->ids.size() == WordRuns::kIdsMax) run->to = run->ids.back();
    run->question = std::move(question);
    runs_->add(run);
    co_return run;
  }

  bool look_at(const db::Row& row) {
    const auto position = position_from(row, filter_, order_.sort, rank_);
    if (position) visit(*position);
    return !is_done_;
  }
  void visit(const EntryPosition& position) { is_done_ = !visit_(position); }

  db::Transaction& transaction_;
  const EntryFilter& filter_;
  const EntryOrder order_;
  const std::optional<int> rank_;
  const VisitEntry& visit_;
  WordRuns* const runs_;
  bool is_done_ = false;
};

}  // namespace

std::int64_t dated_at_from(const db::Row& row, int column) {
  return row.is_null(column) ? EntryFilter::kUndated : row.integer(column);
}

std::vector<SortedRows> sorted_rows(std::string_view column, std::string_view kind) {
  if (column != "dated_at") return {{.value = std::string(column), .condition = ""}};
  // The comparison of the kind is decided once, before the rows.
  return {{.value = "dated_at",
           .condition = fmt::format(" AND {} <= 2 AND dated_at IS NOT NULL", kind)},
          {.value = std::to_string(EntryFilter::kUndated),
           .condition = fmt::format(" AND {} > 2 AND dated_at IS NULL", kind)}};
}

Task<void> scan_by_id(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
                      IdRange range, std::optional<int> rank, const VisitEntry& visit,
                      WordRuns* runs) {
  IdScan scan(transaction, filter, order, rank, visit, runs);
  co_await scan.run(range);
}

Task<void> scan_in_order(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
                         const std::optional<EntryPosition>& after, const VisitEntry& visit) {
  const auto each = [&](const db::Row& row) {
    const auto position = position_from(row, filter, order.sort, std::nullopt);
    return !position || visit(*position);
  };
  const IdRange all;
  const db::Statement& statement = walk_statements(order.sort).of(order.descending, filter.hidden);
  const EntryId id = after ? after->id : order.descending ? all.high : all.low;
  if (order.sort == EntrySort::kName) {
    // Names are UTF-8: none begins with this byte.
    constexpr std::string_view kLast = "\xff";
    const std::string_view name = after              ? std::string_view(after->name)
                                  : order.descending ? kLast
                                                     : std::string_view();
    co_await transaction.while_each(statement, each, filter.owner, filter.first_kind,
                                    filter.last_kind, filter.created_from, filter.created_before,
                                    filter.tag, all.low, all.high, filter.taken_from,
                                    filter.taken_before, as_bytes(name), id);
    co_return;
  }
  const std::int64_t number = after              ? after->number
                              : order.descending ? std::numeric_limits<std::int64_t>::max()
                                                 : std::numeric_limits<std::int64_t>::min();
  co_await transaction.while_each(statement, each, filter.owner, filter.first_kind,
                                  filter.last_kind, filter.created_from, filter.created_before,
                                  filter.tag, all.low, all.high, filter.taken_from,
                                  filter.taken_before, number, id);
}

}  // namespace coffer::vault
