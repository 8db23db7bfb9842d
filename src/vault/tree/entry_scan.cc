#include "vault/tree/entry_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "vault/tree/entry_rows.h"
#include "vault/tree/search_index.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// What a statement has. What every entry fulfils is left out: of a scan of many rows it takes a
// fifth of the time.
struct Form {
  bool hidden = false;    // kIsNotHidden
  bool narrowed = false;  // by dates, by a tag or by terms
  bool whole = false;     // kEntryColumns before the others
};

// What every statement is given as $1 to $10: the owner, the first and the last kind, two moments,
// the tag, the first and the last id, two moments when it was taken. `id` is the column that holds
// the ids. The number is EntryFilter::kUndated. What has no column costs a row nothing: it is
// there so that each statement has the same arguments.
std::string conditions(std::string_view id, Form form, bool by_tag = true) {
  std::string text = fmt::format(" AND {} BETWEEN $7 AND $8", id);
  text += form.narrowed ? " AND entry.created_at >= $4 AND entry.created_at < $5"
                          " AND coalesce(entry.taken_at, -9223372036854775807) >= $9"
                          " AND coalesce(entry.taken_at, -9223372036854775807) < $10"
                        : " AND $4 < $5 AND $9 < $10";
  text += form.narrowed && by_tag
              ? " AND ($6 = '' OR EXISTS (SELECT 1 FROM entry_tag AS t WHERE t.owner_id = $1"
                " AND t.tag = $6 AND t.entry_id = entry.id))"
              : " AND $6 IS NOT NULL";
  if (form.hidden) text += kIsNotHidden;
  return text;
}

// Of a run of words; a page mostly takes one list.
constexpr std::size_t kListedAtOnce = 128;

// Where position_from() finds what it reads, in rows of one form. Two columns about the place in a
// collection come last.
struct PositionColumns {
  int size;
  int name;
  int search;
  int dated_at;
  int place;
};
constexpr PositionColumns kAlone{.size = 1, .name = 2, .search = 3, .dated_at = 4, .place = 5};
constexpr PositionColumns kBehindEntry{.size = kEntrySize,
                                       .name = kEntryName,
                                       .search = kEntryWidth,
                                       .dated_at = kEntryWidth + 1,
                                       .place = kEntryWidth + 2};

std::string columns(Form form) {
  if (form.whole) return fmt::format("{}, entry.search, entry.dated_at", kEntryColumns);
  return "entry.id, entry.size, entry.name, entry.search, entry.dated_at";
}

std::string_view direction_of(bool descending) { return descending ? "DESC" : "ASC"; }

// Many times what an account may have. SQLite drops the order of what is joined unless that has a
// limit.
constexpr std::string_view kAllOfThem = " LIMIT 1000000000000";

// All entries in order, of which those are given that fulfil the conditions. A part for each kind,
// or two, has an index that is in order, and nothing but what is in it: a condition of the rows in
// a part would look for that part's next entry, through all of its kind, before any of another kind
// comes. Without an ORDER BY of its own, which would read all before it gives the first: the rows
// come in the order of what they are joined to.
std::string walk_text(std::string_view column, bool descending, Form form) {
  const bool by_id = column == "id";
  const char behind = descending ? '<' : '>';
  std::string parts;
  const auto add_part = [&](int kind, std::string_view rows, std::string_view position) {
    if (!parts.empty()) parts += " UNION ALL ";
    parts += fmt::format(
        "SELECT id AS listed_id, {} AS listed_order FROM entry WHERE owner_id = $1 AND kind = {}"
        " AND {} BETWEEN $2 AND $3{}{}",
        column, kind, kind, rows, position);
  };
  for (int kind = 0; kind <= static_cast<int>(FileKind::kFolder); ++kind) {
    for (const SortedRows& rows : sorted_rows(column, std::to_string(kind))) {
      if (by_id) {
        add_part(kind, rows.condition, " AND id BETWEEN $7 AND $8");
        continue;
      }
      // What is equal and what is not are parts of their own: SQLite does not compare an index
      // with both columns at once.
      add_part(kind, rows.condition,
               fmt::format(" AND {} = $11 AND id {} $12", rows.value, behind));
      add_part(kind, rows.condition, fmt::format(" AND {} {} $11", rows.value, behind));
    }
  }
  // Of many rows most have not the term; they are to get no further than here.
  std::string_view term;
  if (!by_id) term = form.narrowed ? " AND instr(entry.search, $13) > 0" : " AND $13 = ''";
  return fmt::format(
      "SELECT {0}, 0, 0 FROM ({1} ORDER BY listed_order {2}, listed_id {2}{3}) AS listed"
      " CROSS JOIN entry WHERE entry.id = listed_id{4}{5}",
      columns(form), parts, direction_of(descending), kAllOfThem, term,
      conditions("listed_id", form));
}

std::string tag_text(bool descending, Form form) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM (SELECT entry_id AS listed_id FROM entry_tag WHERE owner_id = $1"
      " AND tag = $6) AS listed CROSS JOIN entry WHERE entry.id = listed_id"
      " AND entry.kind BETWEEN $2 AND $3{} ORDER BY listed_id {}",
      columns(form), conditions("listed_id", form, false), direction_of(descending));
}

std::string collection_text(bool descending, Form form) {
  return fmt::format(
      "SELECT {}, listed.position, listed.added_at FROM collection_entry AS listed"
      " CROSS JOIN entry WHERE listed.collection_id = $11 AND entry.id = listed.entry_id"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY listed.entry_id {}",
      columns(form), conditions("listed.entry_id", form), direction_of(descending));
}

// What the index of words finds; $11: what it is asked. Its rows are in the order of the newest
// first.
std::string words_text(bool descending, Form form) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM entry_words CROSS JOIN entry WHERE entry_words MATCH $11"
      " AND entry_words.rowid BETWEEN -$8 AND -$7 AND entry.id = -entry_words.rowid"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY entry_words.rowid {}",
      columns(form), conditions("entry.id + 0", form), direction_of(!descending));
}

// The ids alone: $1 what the index is asked, $2 and $3 the first and the last id, $4 how many.
std::string run_text(bool descending, Form /*form*/) {
  return fmt::format(
      "SELECT -rowid FROM entry_words WHERE entry_words MATCH $1 AND rowid BETWEEN -$3 AND -$2"
      " ORDER BY rowid {} LIMIT $4",
      direction_of(!descending));
}

// Those of a list; $11: the list.
std::string listed_text(bool /*descending*/, Form form) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM {} CROSS JOIN entry WHERE entry.id = listed_id AND entry.owner_id = $1"
      " AND entry.kind BETWEEN $2 AND $3{}",
      columns(form), listed_ids("$11"), conditions("entry.id + 0", form));
}

// What has changed since it was indexed.
std::string stale_text(bool descending, Form form) {
  return fmt::format(
      "SELECT {}, 0, 0 FROM stale_words AS listed CROSS JOIN entry WHERE entry.id = listed.entry_id"
      " AND entry.owner_id = $1 AND entry.kind BETWEEN $2 AND $3{} ORDER BY listed.entry_id {}",
      columns(form), conditions("listed.entry_id", form), direction_of(descending));
}

// A statement in both directions, in each form.
class Statements {
 public:
  template <class MakeText>
  explicit Statements(MakeText make) {
    for (std::size_t at = 0; at < kForms; ++at) {
      const Form form{
          .hidden = (at & 4U) != 0, .narrowed = (at & 2U) != 0, .whole = (at & 1U) != 0};
      texts_[at] = make((at & 8U) != 0, form);
      statements_[at].sql = texts_[at].c_str();
    }
  }
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  const db::Statement& of(bool descending, Form form) const {
    return statements_[index(descending, form)];
  }

 private:
  static constexpr std::size_t kForms = 16;

  static std::size_t index(bool descending, Form form) {
    return (descending ? 8U : 0U) + (form.hidden ? 4U : 0U) + (form.narrowed ? 2U : 0U) +
           (form.whole ? 1U : 0U);
  }

  std::array<std::string, kForms> texts_;
  std::array<db::Statement, kForms> statements_;
};

const Statements& walk_statements(EntrySort sort) {
  static const Statements by_id([](bool down, Form form) { return walk_text("id", down, form); });
  static const Statements by_name(
      [](bool down, Form form) { return walk_text("name", down, form); });
  static const Statements by_size(
      [](bool down, Form form) { return walk_text("size", down, form); });
  static const Statements by_date(
      [](bool down, Form form) { return walk_text("dated_at", down, form); });
  switch (sort) {
    case EntrySort::kName: return by_name;
    case EntrySort::kSize: return by_size;
    case EntrySort::kTaken: return by_date;
    default: return by_id;
  }
}

[[noreturn]] void throw_out_of_order() {
  throw std::logic_error("the rows of a list are not in its order");
}

Form form_of(const EntryFilter& filter, bool whole = false) {
  return {.hidden = filter.hidden,
          .narrowed = filter.has_any_dates() || !filter.tag.empty(),
          .whole = whole};
}

// Where the entry in the row of a statement of this form stands; nothing where it does not match.
std::optional<EntryPosition> position_from(const db::Row& row, Form form, const EntryFilter& filter,
                                           EntrySort sort, std::optional<int> rank) {
  const PositionColumns& at = form.whole ? kBehindEntry : kAlone;
  const auto found = filter.terms.rank_of(row.text(at.search));
  if (!found || (rank && *found != *rank)) return std::nullopt;
  EntryPosition position{.id = row.id<EntryId>(0)};
  switch (sort) {
    case EntrySort::kCreated: break;
    case EntrySort::kName: position.name = as_text(row.bytes(at.name)); break;
    case EntrySort::kSize: position.number = row.integer(at.size); break;
    case EntrySort::kTaken: position.number = dated_at_from(row, at.dated_at); break;
    case EntrySort::kPosition: position.number = row.integer(at.place); break;
    case EntrySort::kAdded: position.number = row.integer(at.place + 1); break;
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
         std::optional<int> rank, const VisitEntry& visit, ScanUse use)
      : transaction_(transaction),
        filter_(filter),
        order_(order),
        rank_(rank),
        visit_(visit),
        use_(use) {}

  Task<void> run(IdRange range) {
    if (filter_.collection) {
      co_await scan_collection(range);
    } else if (!filter_.has_dates() && !asks_words()) {
      co_await scan_rows(range);
    } else {
      co_await scan_indexed_and_new(range);
    }
  }

 private:
  // The rows of a tag do not tell kinds apart; the index of words does.
  bool asks_words() const {
    return !filter_.terms.terms().empty() ||
           (!filter_.tag.empty() && filter_.first_kind == filter_.last_kind);
  }

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
    if (any && !asks_words()) {
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
    Form form = form_of(filter_, use_.whole_rows);
    if (!filter_.tag.empty()) form.narrowed = filter_.has_any_dates();
    const Statements& statements =
        filter_.tag.empty() ? walk_statements(EntrySort::kCreated) : by_tag;
    std::optional<EntryId> last;
    const auto each = [&](const db::Row& row) {
      const auto id = row.id<EntryId>(0);
      if (last && (order_.descending ? id >= *last : id <= *last)) throw_out_of_order();
      last = id;
      return look_at(row, form);
    };
    co_await transaction_.while_each(statements.of(order_.descending, form), each, filter_.owner,
                                     filter_.first_kind, filter_.last_kind, filter_.created_from,
                                     filter_.created_before, filter_.tag, range.low, range.high,
                                     filter_.taken_from, filter_.taken_before);
  }

  Task<void> scan_collection(IdRange range) {
    static const Statements statements(collection_text);
    const Form form = form_of(filter_);
    const auto each = [&](const db::Row& row) { return look_at(row, form); };
    co_await transaction_.while_each(statements.of(order_.descending, form), each, filter_.owner,
                                     filter_.first_kind, filter_.last_kind, filter_.created_from,
                                     filter_.created_before, filter_.tag, range.low, range.high,
                                     filter_.taken_from, filter_.taken_before, *filter_.collection);
  }

  // What the index finds, and what has changed since, merged. That the index still has entries by
  // what they were does no harm: each is compared as it is.
  Task<void> scan_words(IdRange range, std::int64_t changes) {
    if (is_done_ || range.low > range.high) co_return;
    std::vector<EntryPosition> changed;
    static const Statements stale(stale_text);
    const Form form = form_of(filter_);
    const auto keep = [&](const db::Row& row) {
      auto position = position_from(row, form, filter_, order_.sort, rank_);
      if (position) changed.push_back(std::move(*position));
    };
    co_await transaction_.for_each(stale.of(order_.descending, form), keep, filter_.owner,
                                   filter_.first_kind, filter_.last_kind, filter_.created_from,
                                   filter_.created_before, filter_.tag, range.low, range.high,
                                   filter_.taken_from, filter_.taken_before);
    auto next = changed.begin();
    const auto visit_until = [&](EntryId id) {
      while (!is_done_ && next != changed.end() &&
             (order_.descending ? next->id >= id : next->id <= id)) {
        visit(*next++, nullptr);
      }
    };
    const auto each = [&](const db::Row& row, Form of_row) {
      const auto id = row.id<EntryId>(0);
      visit_until(id);
      const bool is_visited = next != changed.begin() && std::prev(next)->id == id;
      if (is_done_ || is_visited) return !is_done_;
      return look_at(row, of_row);
    };
    const WordQuery query{.owner = filter_.owner,
                          .first_kind = filter_.first_kind,
                          .last_kind = filter_.last_kind,
                          .tag = filter_.tag,
                          .words_begin = rank_ == 0};
    const std::string expression = match_expression(query, filter_.terms);
    const IdRange asked = range;
    if (use_.runs) {
      WordRun::Question question{
          .expression = expression, .changes = changes, .descending = order_.descending};
      range = co_await scan_run(std::move(question), range, each);
    }
    static const Statements words(words_text);
    if (!is_done_ && range.low <= range.high) {
      const auto each_found = [&](const db::Row& row) { return each(row, form); };
      co_await transaction_.while_each(words.of(order_.descending, form), each_found, filter_.owner,
                                       filter_.first_kind, filter_.last_kind, filter_.created_from,
                                       filter_.created_before, filter_.tag, range.low, range.high,
                                       filter_.taken_from, filter_.taken_before, expression);
    }
    visit_until(order_.descending ? asked.low : asked.high);
  }

  // What a run has of the range; what is left of it behind that. A run that does not fill the page
  // is not followed by another one: there the rest is read in one go.
  template <class Each>
  Task<IdRange> scan_run(WordRun::Question question, IdRange range, const Each& each) {
    const bool down = question.descending;
    const std::int64_t from = down ? range.high.value : range.low.value;
    const std::int64_t last = down ? range.low.value : range.high.value;
    auto run = use_.runs->find(question, from);
    if (!run) run = co_await read_run(std::move(question), range);
    std::vector<EntryId> ids;
    for (const std::int64_t id : run->ids) {
      if (down ? id <= from && id >= last : id >= from && id <= last) ids.push_back(EntryId{id});
    }
    static const Statements statements(listed_text);
    const Form form = form_of(filter_, use_.whole_rows);
    const db::Statement& statement = statements.of(down, form);
    std::optional<EntryId> before;
    const auto each_listed = [&](const db::Row& row) {
      const auto id = row.id<EntryId>(0);
      if (before && (down ? id >= *before : id <= *before)) throw_out_of_order();
      before = id;
      return each(row, form);
    };
    for (std::size_t at = 0; at < ids.size() && !is_done_; at += kListedAtOnce) {
      const std::size_t count = std::min(kListedAtOnce, ids.size() - at);
      const std::string listed = id_list(std::span(ids).subspan(at, count));
      co_await transaction_.while_each(statement, each_listed, filter_.owner, filter_.first_kind,
                                       filter_.last_kind, filter_.created_from,
                                       filter_.created_before, filter_.tag, range.low, range.high,
                                       filter_.taken_from, filter_.taken_before, listed);
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
    co_await transaction_.for_each(statements.of(question.descending, {}), keep,
                                   question.expression, range.low, range.high, WordRuns::kIdsMax);
    const bool down = question.descending;
    run->from = down ? range.high.value : range.low.value;
    run->to = down ? range.low.value : range.high.value;
    if (run->ids.size() == WordRuns::kIdsMax) run->to = run->ids.back();
    run->question = std::move(question);
    use_.runs->add(run);
    co_return run;
  }

  bool look_at(const db::Row& row, Form form) {
    const auto position = position_from(row, form, filter_, order_.sort, rank_);
    if (position) visit(*position, form.whole ? &row : nullptr);
    return !is_done_;
  }
  void visit(const EntryPosition& position, const db::Row* whole) {
    is_done_ = !visit_(position, whole);
  }

  db::Transaction& transaction_;
  const EntryFilter& filter_;
  const EntryOrder order_;
  const std::optional<int> rank_;
  const VisitEntry& visit_;
  const ScanUse use_;
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
                      ScanUse use) {
  IdScan scan(transaction, filter, order, rank, visit, use);
  co_await scan.run(range);
}

Task<void> scan_in_order(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
                         const std::optional<EntryPosition>& after, const VisitEntry& visit) {
  Form form = form_of(filter, true);
  std::optional<EntryPosition> last;
  const auto each = [&](const db::Row& row) {
    auto position = position_from(row, form, filter, order.sort, std::nullopt);
    if (!position) return true;
    if (last && !order.is_before(*last, *position)) throw_out_of_order();
    last = std::move(position);
    return visit(*last, &row);
  };
  const IdRange all;
  const auto longest = std::ranges::max_element(filter.terms.terms(), {}, &std::string::size);
  std::string_view term;
  if (longest != filter.terms.terms().end()) {
    form.narrowed = true;
    term = *longest;
  }
  const db::Statement& statement = walk_statements(order.sort).of(order.descending, form);
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
                                    filter.taken_before, as_bytes(name), id, term);
    co_return;
  }
  const std::int64_t number = after              ? after->number
                              : order.descending ? std::numeric_limits<std::int64_t>::max()
                                                 : std::numeric_limits<std::int64_t>::min();
  co_await transaction.while_each(statement, each, filter.owner, filter.first_kind,
                                  filter.last_kind, filter.created_from, filter.created_before,
                                  filter.tag, all.low, all.high, filter.taken_from,
                                  filter.taken_before, number, id, term);
}

}  // namespace coffer::vault
