// What the index of words found for lists that are read page by page: so the next page need not
// look up its place in the index again, which costs as much as some thousand of its rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::vault {

// Entries that one expression finds, one behind the other.
struct WordRun {
  // What was asked of the index, in which of its states, and in which direction of ids.
  struct Question {
    std::string expression;
    std::int64_t changes = 0;  // of the index, to what it had before
    bool descending = true;

    friend bool operator==(const Question&, const Question&) = default;
  };

  Question question;
  std::int64_t from = 0;  // the id it begins at
  std::int64_t to = 0;    // the last id that it is complete up to
  std::vector<std::int64_t> ids;

  bool covers(std::int64_t id) const noexcept {
    return question.descending ? to <= id && id <= from : from <= id && id <= to;
  }
};

// The runs that were asked for last, in this process' memory. Nothing in it is ever out of date: a
// change of the index is another question. Threads: any.
class WordRuns {
 public:
  // So many runs are kept, and so many ids are in one: a MiB in all.
  static constexpr std::size_t kRunsMax = 64;
  static constexpr std::size_t kIdsMax = 2048;

  // One that answers the question from `id` on. Null: there is none.
  std::shared_ptr<const WordRun> find(const WordRun::Question& question, std::int64_t id);
  // The one that was used longest ago makes room for it.
  void add(std::shared_ptr<const WordRun> run);

 private:
  std::mutex mutex_;
  std::list<std::shared_ptr<const WordRun>> runs_;  // guarded by mutex_; the last used first
};

}  // namespace coffer::vault
