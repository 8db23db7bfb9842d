// Long lists are read in pages: each a short transaction of its own, each going on behind the last
// row of the one before. So a reader who takes his time keeps no snapshot of the database, and what
// a page holds is bounded in bytes, whatever people wrote into their rows.
//
// What that gives: what is in the list from its beginning to its end, and keeps its place in the
// order, comes exactly once. What is added, removed or changed meanwhile comes as it is when its
// page is read, or not at all.
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/task.h"
#include "db/database.h"

namespace coffer::vault {

// The most that one page holds. Where it may hold rows at all, one comes however long it is.
struct PageLimit {
  static constexpr std::size_t kRows = 32;
  static constexpr std::size_t kBytes = std::size_t{16} << 10U;  // of text that people wrote

  PageLimit(std::size_t max_rows = kRows, std::size_t max_bytes = kBytes) noexcept
      : rows(max_rows), bytes(max_bytes) {}

  // The LIMIT of a page's statement: one row more shows whether another page follows.
  std::size_t to_fetch() const noexcept { return rows + 1; }

  std::size_t rows;
  std::size_t bytes;
};

template <class T>
struct Page {
  std::vector<T> items;
  bool more = false;  // another page follows
};

// A page of what `statement` selects with `arguments`, one of which is limit.to_fetch(), its LIMIT.
// `weigh(const T&)` gives the bytes of a row.
template <class Map, class Weigh, class... Args>
Task<Page<std::invoke_result_t<Map&, const db::Row&>>> read_page(db::Transaction& transaction,
                                                                 const db::Statement& statement,
                                                                 PageLimit limit, Map map,
                                                                 Weigh weigh,
                                                                 const Args&... arguments) {
  Page<std::invoke_result_t<Map&, const db::Row&>> page;
  std::size_t bytes = 0;
  const auto add = [&](const db::Row& row) {
    const std::size_t count = page.items.size();
    page.more = count >= limit.rows || (count > 0 && bytes >= limit.bytes);
    if (page.more) return false;
    bytes += std::invoke(weigh, page.items.emplace_back(map(row)));
    return true;
  };
  co_await transaction.while_each(statement, add, arguments...);
  co_return page;
}

}  // namespace coffer::vault
