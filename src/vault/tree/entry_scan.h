// Looks through the entries of one account for those that a list shows.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"
#include "vault/model/word_runs.h"
#include "vault/tree/entries.h"
#include "vault/tree/search_terms.h"

namespace coffer::vault {

struct EntryFilter {
  static constexpr std::int64_t kAnyFrom = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kAnyBefore = std::numeric_limits<std::int64_t>::max();

  AccountId owner = {};
  FileKind first_kind = FileKind::kImage;
  FileKind last_kind = FileKind::kOther;
  std::int64_t created_from = kAnyFrom;  // microseconds
  std::int64_t created_before = kAnyBefore;
  // The same, of those that say when they were taken; kUndated: the others too.
  static constexpr std::int64_t kUndated = -std::numeric_limits<std::int64_t>::max();
  static constexpr std::int64_t kFirstTaken = kUndated + 1;
  std::int64_t taken_from = kUndated;
  std::int64_t taken_before = kAnyBefore;
  std::string tag = {};  // folded; empty: any
  std::optional<CollectionId> collection = {};
  SearchTerms terms = {};
  bool hidden = false;  // something of the owner is being cleared away

  bool has_dates() const { return created_from != kAnyFrom || created_before != kAnyBefore; }
  bool has_taken_dates() const { return taken_from != kUndated; }
  bool has_any_dates() const { return has_dates() || has_taken_dates(); }
};

// entry.dated_at, by which kTaken sorts: kUndated, which comes before all dates, for what is
// neither image nor video nor audio.
std::int64_t dated_at_from(const db::Row& row, int column);

// Entries of one kind that have an index that is in order of a column: those whose value is the
// column's, and, by dated_at, those that have none, which are in order of their ids.
struct SortedRows {
  std::string value;      // what a position is compared with
  std::string condition;  // begins with AND; may be empty
};
// `kind` is a number, or the placeholder of one.
std::vector<SortedRows> sorted_rows(std::string_view column, std::string_view kind);

struct EntryOrder {
  EntrySort sort = EntrySort::kCreated;
  bool descending = true;

  // Whether `a` comes before `b` in the list.
  bool is_before(const EntryPosition& a, const EntryPosition& b) const;
};

// Is given the matching entries in order, and the row as entry_from() reads it where whole rows are
// wanted and the scan has one, else null; false: that is enough.
using VisitEntry = std::function<bool(const EntryPosition&, const db::Row* whole)>;

// Those with ids from `low` to `high`, in order of ids. `rank`: those of that rank alone. Positions
// are those of the sort.
struct IdRange {
  EntryId low = {};
  EntryId high = EntryId{std::numeric_limits<std::int64_t>::max()};
};
struct ScanUse {
  // For one of many pages, whose range begins behind the page before; null: for all others.
  WordRuns* runs = nullptr;
  // The rows are read once, at the price of reading more of those that do not match.
  bool whole_rows = false;
};
Task<void> scan_by_id(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
                      IdRange range, std::optional<int> rank, const VisitEntry& visit,
                      ScanUse use = {});

// Those behind `after`, in order of names, sizes or dates, with whole rows. Reads every entry of
// the account until it has been given enough. REQUIRES: order.sort is kName, kSize or kTaken.
Task<void> scan_in_order(db::Transaction& transaction, const EntryFilter& filter, EntryOrder order,
                         const std::optional<EntryPosition>& after, const VisitEntry& visit);

}  // namespace coffer::vault
