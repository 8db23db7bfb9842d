#include "vault/tree/search_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vault/model/checks.h"

namespace coffer::vault {
namespace {

// Another number after a change of what words_of() gives: the index is made anew then.
constexpr std::int64_t kWordsVersion = 2;
// Of text at a time: every three characters may be a word of their own, and others wait to write.
constexpr std::size_t kStepBytes = 16U << 10U;
constexpr std::int64_t kPeriodEntries = 4096;
constexpr std::size_t kGramMax = 3;       // characters of a word
constexpr std::size_t kTermGramsMax = 6;  // words that one term is looked for by
constexpr std::size_t kGramsMax = 24;     // and all terms

// The statements of SQLite's full text index (FTS5). It keeps no texts, so that it has to be told
// again what it is to forget. Its rows have the entries' numbers with a minus in front: it goes to
// any place in ascending order at once, but backwards it reads all that lies before, and most lists
// begin with the newest. For the same reason it is changed in that order.
constexpr db::Statement kInsertWords{"INSERT INTO entry_words (rowid, words) VALUES (-$1, $2)"};
constexpr db::Statement kRemoveWords{
    "INSERT INTO entry_words (entry_words, rowid, words) VALUES ('delete', -$1, $2)"};
constexpr db::Statement kRemoveAllWords{
    "INSERT INTO entry_words (entry_words) VALUES ('delete-all')"};
constexpr db::Statement kShowWords{
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.entry_word"
    " USING fts5vocab('main', 'entry_words', 'instance')"};
constexpr db::Statement kAllWords{"SELECT term, -doc FROM temp.entry_word"};

constexpr db::Statement kState{"SELECT through, version, changes FROM search_state WHERE id = 1"};
constexpr db::Statement kSetState{
    "INSERT INTO search_state (id, through, version) VALUES (1, $1, $2)"
    " ON CONFLICT (id) DO UPDATE SET through = $1, version = $2"};
constexpr db::Statement kCountChange{"UPDATE search_state SET changes = changes + 1 WHERE id = 1"};
constexpr db::Statement kLast{"SELECT id FROM entry ORDER BY id DESC LIMIT 1"};
constexpr db::Statement kNew{
    "SELECT id, owner_id, kind, search, created_at FROM entry WHERE id > $1 ORDER BY id LIMIT $2"};
constexpr db::Statement kIndexed{
    "SELECT id, owner_id, kind, search, created_at FROM entry WHERE id <= $1"};
constexpr db::Statement kEntry{
    "SELECT id, owner_id, kind, search, created_at FROM entry WHERE id = $1"};

// A change of what has changed since it was indexed leaves the note as it is.
constexpr db::Statement kNoteStale{
    "INSERT INTO stale_words (entry_id, owner_id, kind, search)"
    " SELECT id, owner_id, kind, search FROM entry WHERE id = $1"
    " AND id <= (SELECT through FROM search_state WHERE id = 1)"
    " ON CONFLICT (entry_id) DO NOTHING"};
constexpr db::Statement kNoteReturned{
    "INSERT INTO stale_words (entry_id, owner_id, kind, search) VALUES ($1, 0, 0, '')"
    " ON CONFLICT (entry_id) DO NOTHING"};
constexpr db::Statement kStale{
    "SELECT entry_id, owner_id, kind, search, 0 FROM stale_words ORDER BY entry_id DESC LIMIT $1"};
constexpr db::Statement kForgetStale{"DELETE FROM stale_words WHERE entry_id = $1"};
constexpr db::Statement kForgetAllStale{"DELETE FROM stale_words"};

constexpr db::Statement kLastPeriod{
    "SELECT first_id, last_id, created_from, created_to FROM entry_period"
    " ORDER BY first_id DESC LIMIT 1"};
constexpr db::Statement kSetPeriod{
    "INSERT INTO entry_period (first_id, last_id, created_from, created_to)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (first_id) DO UPDATE"
    " SET last_id = $2, created_from = $3, created_to = $4"};
// In a period that begins not far below it, or in one of its own that begins where its like does:
// however many come back, there is no more than one for each kPeriodEntries numbers. Periods may
// overlap.
constexpr db::Statement kWidenPeriod{
    "INSERT INTO entry_period (first_id, last_id, created_from, created_to)"
    " SELECT coalesce((SELECT max(first_id) FROM entry_period WHERE first_id <= e.id"
    " AND first_id > e.id - $2), e.id - e.id % $2), e.id, e.created_at, e.created_at"
    " FROM entry AS e WHERE e.id = $1 AND e.id <= (SELECT through FROM search_state WHERE id = 1)"
    " ON CONFLICT (first_id) DO UPDATE SET last_id = max(last_id, excluded.last_id),"
    " created_from = min(created_from, excluded.created_from),"
    " created_to = max(created_to, excluded.created_to)"};
constexpr db::Statement kPeriods{
    "SELECT min(first_id), max(last_id) FROM entry_period"
    " WHERE created_to >= $1 AND created_from < $2"};
constexpr db::Statement kForgetPeriods{"DELETE FROM entry_period"};

struct State {
  EntryId through = {};
  std::int64_t version = kWordsVersion;
  std::int64_t changes = 0;
};

State state_from(const db::Row& row) {
  return {.through = row.id<EntryId>(0), .version = row.integer(1), .changes = row.integer(2)};
}

Task<State> read_state(db::Transaction& tx) {
  const auto state = co_await tx.find(kState, state_from);
  co_return state.value_or(State{});
}

// What an entry is, or was, indexed by.
struct Indexed {
  EntryId id;
  AccountId owner;
  FileKind kind;
  std::string column;
  std::int64_t created;
};

Indexed indexed_from(const db::Row& row) {
  return {.id = row.id<EntryId>(0),
          .owner = row.id<AccountId>(1),
          .kind = static_cast<FileKind>(row.integer(2)),
          .column = std::string(row.text(3)),
          .created = row.integer(4)};
}

std::string words_of(const Indexed& entry) {
  return vault::words_of(entry.owner, entry.kind, entry.column);
}

// What stands before the words of one account and kind. A letter ends the number.
std::string prefix_of(AccountId owner, FileKind kind) {
  return fmt::format("{}{}", owner.value, static_cast<char>('a' + static_cast<int>(kind)));
}

// Behind that, what a word is.
constexpr char kAnywhere = 'g';
constexpr char kBegins = 'w';
constexpr char kTag = 't';

// Letters and digits as they are; the rest of ASCII, which the engine takes for blanks, as
// characters from U+0080 on. Some of those stand for themselves too, which makes a word ambiguous
// and nothing wrong.
void append_encoded(std::string& out, char c) {
  if (is_word_byte(c)) {
    out += c;
  } else {
    out += '\xc2';
    out += static_cast<char>(0x80 + (c - 0x20));
  }
}

// A run of characters, encoded; where each begins, and the end.
struct Characters {
  std::string text;
  std::vector<std::size_t> starts;

  explicit Characters(std::string_view run) {
    for (const char c : run) {
      if ((static_cast<unsigned char>(c) & 0xc0U) != 0x80) starts.push_back(text.size());
      append_encoded(text, c);
    }
    starts.push_back(text.size());
  }
  std::size_t size() const { return starts.size() - 1; }
  std::string_view part(std::size_t begin, std::size_t count) const {
    return std::string_view(text).substr(starts[begin], starts[begin + count] - starts[begin]);
  }
};

// Calls `each(std::string_view)` for what lies between blanks and separators.
template <class Each>
void for_each_run(std::string_view text, Each each) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\x1f'; };
  for (std::size_t at = 0; at < text.size();) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    each(text.substr(begin, at - begin));
  }
}

// The letters and digits that `text` begins with.
std::string_view leading_word(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, is_word_byte);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

class WordCollector {
 public:
  explicit WordCollector(std::string prefix) : prefix_(std::move(prefix)) {}

  void add(char mark, std::string_view word) {
    if (!words_.empty()) words_ += ' ';
    words_ += prefix_;
    words_ += mark;
    words_ += word;
  }
  void add_grams(std::string_view text) {
    for_each_run(text, [&](std::string_view run) {
      const Characters characters(run);
      for (std::size_t length = 1; length <= kGramMax; ++length) {
        for (std::size_t at = 0; at + length <= characters.size(); ++at) {
          add(kAnywhere, characters.part(at, length));
        }
      }
    });
  }
  void add_beginnings(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
      const std::string_view word = leading_word(text.substr(at));
      if (word.empty()) {
        ++at;
        continue;
      }
      const Characters characters(word);
      for (std::size_t length = 1; length <= std::min(kGramMax, characters.size()); ++length) {
        add(kBegins, characters.part(0, length));
      }
      at += word.size();
    }
  }
  void add_tags(std::string_view tags) {
    while (!tags.empty()) {
      const std::size_t end = std::min(tags.find('\x1f'), tags.size());
      add(kTag, Characters(tags.substr(0, end)).text);
      tags.remove_prefix(std::min(end + 1, tags.size()));
    }
  }

  std::string take() { return std::move(words_); }

 private:
  const std::string prefix_;
  std::string words_;
};

// The words that `term` is looked for by: enough to hold each of its characters, where that is not
// too many.
std::vector<std::string> grams_of(std::string_view term) {
  const Characters characters(term);
  if (characters.size() <= kGramMax) return {characters.text};
  std::vector<std::string> grams;
  const std::size_t last = characters.size() - kGramMax;
  for (std::size_t at = 0; at < last && grams.size() + 1 < kTermGramsMax; at += kGramMax) {
    grams.emplace_back(characters.part(at, kGramMax));
  }
  grams.emplace_back(characters.part(last, kGramMax));
  return grams;
}

// Work of a step; and how much it was.
class Batch {
 public:
  explicit Batch(db::Transaction& tx) : tx_(tx) {}

  bool is_full() const { return bytes_ >= kStepBytes; }

  Task<void> add(const Indexed& entry) {
    const std::string words = words_of(entry);
    bytes_ += entry.column.size();
    if (!words.empty()) co_await tx_.execute(kInsertWords, entry.id, words);
  }
  Task<void> remove(const Indexed& entry) {
    if (entry.column.empty()) co_return;
    const std::string words = words_of(entry);
    bytes_ += entry.column.size();
    if (!words.empty()) co_await tx_.execute(kRemoveWords, entry.id, words);
  }

 private:
  db::Transaction& tx_;
  std::size_t bytes_ = 0;
};

// Indexes what has changed as its row is now.
Task<bool> index_changed(db::Transaction& tx, EntryId through) {
  const auto stale = co_await tx.all(kStale, indexed_from, SearchIndex::kBatch);
  Batch batch(tx);
  for (const Indexed& old : stale) {
    co_await batch.remove(old);
    const auto now = co_await tx.find(kEntry, indexed_from, old.id);
    if (now && now->id <= through) co_await batch.add(*now);
    co_await tx.execute(kForgetStale, old.id);
    if (batch.is_full()) break;
  }
  if (stale.empty()) co_return false;
  co_await tx.execute(kCountChange);
  co_return true;
}

struct Period {
  std::int64_t first;
  std::int64_t last;
  std::int64_t from;
  std::int64_t to;
};

Period period_from(const db::Row& row) {
  return {row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
}

Task<void> extend_periods(db::Transaction& tx, Period added) {
  const auto last = co_await tx.find(kLastPeriod, period_from);
  if (last && added.last - last->first < kPeriodEntries) {
    added.first = last->first;
    added.from = std::min(added.from, last->from);
    added.to = std::max(added.to, last->to);
  }
  co_await tx.execute(kSetPeriod, added.first, added.last, added.from, added.to);
}

// Whether there was anything.
Task<bool> index_new(db::Transaction& tx, EntryId through) {
  const auto entries = co_await tx.all(kNew, indexed_from, through, SearchIndex::kBatch);
  if (entries.empty()) co_return false;
  Batch batch(tx);
  Period period{.first = entries.front().id.value,
                .last = 0,
                .from = std::numeric_limits<std::int64_t>::max(),
                .to = std::numeric_limits<std::int64_t>::min()};
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < entries.size() && bytes < kStepBytes; ++count) {
    const Indexed& entry = entries[count];
    bytes += entry.column.size();
    period.last = entry.id.value;
    period.from = std::min(period.from, entry.created);
    period.to = std::max(period.to, entry.created);
  }
  while (count > 0) co_await batch.add(entries[--count]);
  co_await extend_periods(tx, period);
  co_await tx.execute(kSetState, period.last, kWordsVersion);
  co_return true;
}

Task<void> reset(db::Transaction& tx) {
  co_await tx.execute(kRemoveAllWords);
  co_await tx.execute(kForgetAllStale);
  co_await tx.execute(kForgetPeriods);
  co_await tx.execute(kSetState, EntryId{}, kWordsVersion);
  co_await tx.execute(kCountChange);
}

}  // namespace

Task<void> forget_words(db::Transaction& transaction, EntryId entry) {
  co_await transaction.execute(kNoteStale, entry);
}

Task<void> note_returned(db::Transaction& transaction, EntryId entry) {
  co_await transaction.execute(kNoteReturned, entry);
  co_await transaction.execute(kWidenPeriod, entry, kPeriodEntries);
}

Task<IndexState> index_state(db::Transaction& transaction) {
  const State state = co_await read_state(transaction);
  // Words of another version are found by nothing.
  co_return IndexState{.through = state.version == kWordsVersion ? state.through : EntryId{},
                       .changes = state.changes};
}

Task<EntryId> indexed_through(db::Transaction& transaction) {
  const IndexState state = co_await index_state(transaction);
  co_return state.through;
}

Task<std::optional<IndexedPeriod>> indexed_period(db::Transaction& transaction, std::int64_t from,
                                                  std::int64_t before) {
  const auto bounds_from = [](const db::Row& row) -> std::optional<IndexedPeriod> {
    if (row.is_null(0)) return std::nullopt;
    return IndexedPeriod{row.id<EntryId>(0), row.id<EntryId>(1)};
  };
  const auto bounds = co_await transaction.find(kPeriods, bounds_from, from, before);
  co_return bounds.value();
}

std::string words_of(AccountId owner, FileKind kind, std::string_view column) {
  WordCollector words(prefix_of(owner, kind));
  const SearchFields fields = split_search_column(column);
  words.add_grams(column);
  words.add_beginnings(fields.before);
  words.add_beginnings(fields.after);
  words.add_tags(fields.after);
  return words.take();
}

std::string match_expression(const WordQuery& query, const SearchTerms& terms) {
  // All of one kind, without what stands before them.
  std::vector<std::string> words;
  for (const std::string& term : terms.terms()) {
    std::string beginning;
    if (query.words_begin) {
      const Characters word(leading_word(term));
      beginning = word.part(0, std::min(kGramMax, word.size()));
      // An empty one finds nothing: no word begins so.
      words.push_back(kBegins + beginning);
    }
    for (const std::string& gram : grams_of(term)) {
      // What begins a word is somewhere; each word to be found costs as much as reading the rows.
      if (gram == beginning) continue;
      if (words.size() < kGramsMax) words.push_back(kAnywhere + gram);
    }
  }
  if (!query.tag.empty()) words.push_back(kTag + Characters(search_form(query.tag)).text);
  std::string expression;
  for (int kind = static_cast<int>(query.first_kind); kind <= static_cast<int>(query.last_kind);
       ++kind) {
    const std::string prefix = prefix_of(query.owner, static_cast<FileKind>(kind));
    expression += expression.empty() ? "(" : " OR (";
    for (std::size_t i = 0; i < words.size(); ++i) {
      expression += fmt::format("{}\"{}{}\"", i == 0 ? "" : " AND ", prefix, words[i]);
    }
    expression += ')';
  }
  return expression;
}

Task<bool> SearchIndex::step(bool patient) {
  struct Next {
    State state;
    EntryId last;
    bool stale = false;
  };
  const auto look = [](db::Transaction& tx) -> Task<Next> {
    Next next;
    next.state = co_await read_state(tx);
    const auto id_from = [](const db::Row& row) { return row.id<EntryId>(0); };
    next.last = (co_await tx.find(kLast, id_from)).value_or(EntryId{});
    const auto stale = co_await tx.all(kStale, id_from, 1);
    next.stale = !stale.empty();
    co_return next;
  };
  const Next next = co_await context_.database.read(look);
  const bool keeps_coming = next.last.value != std::exchange(seen_, next.last.value);
  const std::int64_t waiting = next.last.value - next.state.through.value;
  const bool is_current = next.state.version == kWordsVersion;
  if (is_current && !next.stale && waiting <= 0) co_return false;
  if (is_current && patient && keeps_coming && waiting < kWaitingMax) co_return false;
  auto body = [](db::Transaction& tx) -> Task<void> {
    const State state = co_await read_state(tx);
    if (state.version != kWordsVersion) co_return co_await reset(tx);
    if (co_await index_changed(tx, state.through)) co_return;
    // Searches find what is new without it.
    tx.require_space();
    co_await index_new(tx, state.through);
  };
  co_await context_.database.write(Actor::System{}, body);
  co_return true;
}

Task<void> reset_index(GuardedDatabase database) {
  auto body = [](db::Transaction& tx) -> Task<void> { co_await reset(tx); };
  co_await database.write(Actor::System{}, body);
}

Task<std::uint64_t> count_wrong_words(db::Transaction& transaction) {
  // By entry, the sum of what its words hash to: in whatever order they come.
  std::unordered_map<std::int64_t, std::uint64_t> sums;
  const std::hash<std::string_view> hash;
  co_await transaction.execute(kShowWords);
  const auto add = [&](const db::Row& row) { sums[row.integer(1)] += hash(row.text(0)) | 1U; };
  co_await transaction.for_each(kAllWords, add);
  const State state = co_await read_state(transaction);
  if (state.version != kWordsVersion) co_return 0;  // it is made anew
  std::uint64_t wrong = 0;
  std::unordered_map<std::int64_t, std::uint64_t> wanted;
  const auto subtract = [&](const Indexed& entry) {
    const std::string words = words_of(entry);
    std::set<std::string_view> each;
    for_each_run(words, [&](std::string_view word) { each.insert(word); });
    for (const std::string_view word : each) sums[entry.id.value] -= hash(word) | 1U;
  };
  std::unordered_map<std::int64_t, bool> stale;
  const auto add_stale = [&](const db::Row& row) {
    const Indexed entry = indexed_from(row);
    stale.emplace(entry.id.value, true);
    subtract(entry);
  };
  co_await transaction.for_each(kStale, add_stale, std::numeric_limits<std::int64_t>::max());
  const auto compare = [&](const db::Row& row) {
    if (!stale.contains(row.integer(0))) subtract(indexed_from(row));
  };
  co_await transaction.for_each(kIndexed, compare, state.through);
  for (const auto& [id, rest] : sums) wrong += rest == 0 ? 0 : 1;
  co_return wrong;
}

}  // namespace coffer::vault
