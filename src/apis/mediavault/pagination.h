// Pages of lists: by numbers as the document has them, `page`, `per_page`, `meta.pagination`, or by
// cursors.
#pragma once

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apis/gateway/dialect.h"
#include "apis/kit/list_reply.h"
#include "http/uri.h"
#include "vault/model/page.h"
#include "vault/sharing/list_cursors.h"

namespace coffer::apis::mediavault {

inline constexpr std::uint64_t kPerPageDefault = 20;
inline constexpr std::uint64_t kPerPageMax = 100;
inline constexpr std::uint64_t kPageMax = 1'000'000'000'000;
inline constexpr std::string_view kCursorWithPage = "Cannot be combined with page";
inline constexpr std::string_view kCursorExpected =
    "Must be empty, or the next_cursor of a page of the same list";

struct ListPage {
  std::uint64_t page = 1;
  std::uint64_t per_page = kPerPageDefault;  // more than kPerPageMax: of a list sent as a whole

  std::uint64_t offset() const noexcept { return (page - 1) * per_page; }
};

// The parameters `page` and `per_page`, with every fault added to `problem`.
ListPage read_page_numbers(const http::Target& uri, Problem& problem);

// What asks for a page of a list that has cursors.
struct PageRequest {
  vault::NamedList list;
  ListPage page;
  bool is_by_cursor = false;
  // By cursor, what the page comes behind; nothing: it is the first.
  std::optional<vault::EntryPosition> after = {};

  // Rows to pass over.
  std::uint64_t offset() const noexcept { return is_by_cursor ? 0 : page.offset(); }
};
// The parameters `page`, `per_page` and `cursor`, with every fault added to `problem`.
PageRequest read_page_request(const RequestContext& context, vault::NamedList list,
                              Problem& problem);
// The same where there are no others.
std::expected<PageRequest, Problem> parse_page(const RequestContext& context,
                                               vault::NamedList list);

// The same of a list that short_list_rows() reads. Where the query has none of the three, the page
// is the whole list, however long.
std::expected<PageRequest, Problem> parse_short_list_page(const RequestContext& context,
                                                          vault::NamedList list);

// How such a page ended.
struct PageEnd {
  std::uint64_t total = 0;                        // of what is in the list
  std::uint64_t count = 0;                        // of what is on it
  std::optional<vault::EntryPosition> next = {};  // where the next one begins; nothing: nowhere
};

// Replies with the page, which is `data`, of `total` things. `path`: of the list, relative to the
// API's root.
Reply page_reply(RequestContext& context, const PageRequest& request, std::string_view path,
                 boost::json::array data, std::uint64_t total,
                 const std::optional<vault::EntryPosition>& next);
// The same with a page that is read while it is sent, by page_rows() or short_list_rows().
Task<Reply> page_reply(RequestContext& context, PageRequest request, std::string path,
                       NextPage data, std::shared_ptr<const PageEnd> end);

// The page, read while it is sent: `read(after, skip, limit)` is a Task of the vault::Page behind a
// position and some rows, `position_of(item)` the position behind an item, `render(item)` its JSON.
// REQUIRES: as NextPage.
template <class Read, class PositionOf, class Render>
NextPage page_rows(const PageRequest& request, std::uint64_t total, std::shared_ptr<PageEnd> end,
                   Read read, PositionOf position_of, Render render) {
  std::uint64_t skip = request.offset();
  end->total = total;
  return [left = skip < total ? request.page.per_page : 0, skip, after = request.after,
          end = std::move(end), read = std::move(read), position_of = std::move(position_of),
          render = std::move(render)](JsonElements& list) mutable -> Task<bool> {
    if (left == 0) co_return false;
    const auto rows = std::min<std::uint64_t>(left, vault::PageLimit::kRows);
    const vault::PageLimit limit(static_cast<std::size_t>(rows));
    const auto page = co_await read(std::as_const(after), std::exchange(skip, 0), limit);
    for (const auto& item : page.items) list.add(std::invoke(render, item));
    if (page.items.empty()) co_return false;
    after = std::invoke(position_of, page.items.back());
    end->count += page.items.size();
    left -= page.items.size();
    if (left == 0 && page.more) end->next = after;
    co_return page.more&& left > 0;
  };
}

// The page of a list that an account has a few thousand of at most: all of it is read for one page,
// which is how its total is known. `read(after)` is a Task of the vault::Page behind an id, in the
// order of ids, `id_of(item)` an item's id, `render(item)` its JSON. REQUIRES: as NextPage.
template <class Id, class Read, class IdOf, class Render>
NextPage short_list_rows(const PageRequest& request, std::shared_ptr<PageEnd> end, Read read,
                         IdOf id_of, Render render) {
  return [skip = request.offset(), per_page = request.page.per_page,
          after = request.after ? request.after->number : 0, cursor = Id{}, last = Id{},
          end = std::move(end), read = std::move(read), id_of = std::move(id_of),
          render = std::move(render)](JsonElements& list) mutable -> Task<bool> {
    const auto page = co_await read(std::as_const(cursor));
    for (const auto& item : page.items) {
      cursor = std::invoke(id_of, item);
      if (end->total++ < skip || cursor.value <= after) continue;
      if (end->count == per_page) {
        if (!end->next) end->next = vault::EntryPosition{.number = last.value};
        continue;
      }
      list.add(std::invoke(render, item));
      last = cursor;
      ++end->count;
    }
    co_return page.more;
  };
}

// Of what was read by a limit of one more than the page holds: takes that away. Whether it was
// there.
template <class T>
bool drop_extra(std::vector<T>& items, const PageRequest& request) {
  if (items.size() <= request.page.per_page) return false;
  items.resize(static_cast<std::size_t>(request.page.per_page));
  return true;
}

// `pagination` of a page with `count` of `total` things. Its links are `path`, below the API's
// root, with the parameters of `uri` and another `page`. `has_next`: another page follows, whatever
// the total says.
boost::json::object pagination_object(std::string_view path, const http::Target& uri, ListPage page,
                                      std::uint64_t count, std::uint64_t total,
                                      bool has_next = false);

// The same of a page whose list is read by cursors. `next`: the cursor of the next page; nothing:
// there is none.
boost::json::object cursor_pagination_object(std::string_view path, const http::Target& uri,
                                             ListPage page, std::uint64_t count,
                                             std::uint64_t total,
                                             const std::optional<std::string>& next);

}  // namespace coffer::apis::mediavault
