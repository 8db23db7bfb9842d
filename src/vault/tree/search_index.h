// The index that makes searches fast: which entries have which words.
//
// Words here are pieces of one to three characters of what an entry is searched by, marked with the
// account and the kind, so that a search costs what the account's own entries of that kind cost,
// whoever else has what. The index narrows down; whether an entry matches is always read from its
// row (entry_scan.h).
//
// It is kept up behind the changes: no upload does anything for it, though the work shares the
// thread that writes with them. It holds the entries up to a number that grows, and which of those
// have changed since is noted in the transaction of the change. So every search knows what it
// cannot ask of the index, and looks at those rows one by one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/context.h"
#include "vault/model/types.h"
#include "vault/tree/search_terms.h"

namespace coffer::vault {

// Before the row of an entry is removed, or gets another owner or kind or text to be searched by,
// in the transaction of that.
Task<void> forget_words(db::Transaction& transaction, EntryId entry);

// Behind the insertion of a row under a number that an earlier one had.
Task<void> note_returned(db::Transaction& transaction, EntryId entry);

// Up to which entry the index goes, and a number that is another once it has something else for the
// entries up to there than it had.
struct IndexState {
  EntryId through = {};
  std::int64_t changes = 0;
};
Task<IndexState> index_state(db::Transaction& transaction);
Task<EntryId> indexed_through(db::Transaction& transaction);

// Indexed entries among which are all that were created in that time (microseconds, the end not
// included). Nothing: none was.
struct IndexedPeriod {
  EntryId first;
  EntryId last;
};
Task<std::optional<IndexedPeriod>> indexed_period(db::Transaction& transaction, std::int64_t from,
                                                  std::int64_t before);

// The words of an entry with blanks between them, some of them more than once, which the index does
// not mind: lower-case letters, digits, and what is not ASCII.
std::string words_of(AccountId owner, FileKind kind, std::string_view column);

// What entries to look at for a search.
struct WordQuery {
  AccountId owner = {};
  FileKind first_kind = FileKind::kImage;
  FileKind last_kind = FileKind::kOther;
  std::string_view tag = {};  // folded; empty: any
  bool words_begin = false;   // those in which every term begins a word: rank 0
};
// For `entry_words MATCH`: finds every entry that matches, and some that do not. REQUIRES: there
// are terms, or a tag.
std::string match_expression(const WordQuery& query, const SearchTerms& terms);

// Keeps the index up. Threads: one at a time.
class SearchIndex {
 public:
  // Entries at a time.
  static constexpr std::size_t kBatch = 512;
  // While entries keep coming, so many wait before work begins: a batch and the uploads share the
  // one thread that writes. A search reads each of them, in some 2 us.
  static constexpr std::int64_t kWaitingMax = 65'536;

  explicit SearchIndex(Context& context) : context_(context) {}

  // Indexes some of what is new or was changed; whether there is more to do. `patient`: nothing,
  // while entries have come since the last call and few of them wait.
  Task<bool> step(bool patient = false);

 private:
  Context& context_;
  std::int64_t seen_ = 0;  // the last entry when step() was called before
};

// Has the index made anew: by step(), from the first entry on. Until then searches read all.
Task<void> reset_index(GuardedDatabase database);

// How many entries have other words in the index than they should. Reads all of it.
Task<std::uint64_t> count_wrong_words(db::Transaction& transaction);

}  // namespace coffer::vault
