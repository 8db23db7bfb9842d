// Lists of any length: the whole one as an array, or with `?page=` one of the framework's pages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <utility>

#include "apis/gateway/dialect.h"
#include "apis/kit/list_reply.h"
#include "vault/model/page.h"

namespace coffer::apis::boxes {

struct PageRequest {
  std::uint64_t number = 1;
  std::uint64_t size = 20;
  bool is_last = false;  // whichever that is: then `number` says nothing

  std::uint64_t skip() const noexcept { return (number - 1) * size; }
  // The same with its number, of a list of `count` elements.
  PageRequest among(std::uint64_t count) const noexcept {
    PageRequest page = *this;
    if (is_last) page.number = count == 0 ? 1 : (count - 1) / size + 1;
    return page;
  }
};

// What the query asks for: nothing without `page`, `?page_size=` from 1 to 100. kNotFound for a
// page that is neither `last` nor a number from 1 on.
std::expected<std::optional<PageRequest>, Problem> page_request(const http::Request& request);

// The elements of one page, which has its number: `read(skip, limit)` is a Task of the vault::Page
// behind the first `skip`, `render(item)` the JSON of one. REQUIRES: as NextPage.
template <class Read, class Render>
NextPage page_elements(PageRequest page, Read read, Render render) {
  return [skip = page.skip(), left = page.size, read = std::move(read),
          render = std::move(render)](JsonElements& list) mutable -> Task<bool> {
    const std::size_t rows = std::min<std::uint64_t>(left, vault::PageLimit::kRows);
    const auto some = co_await read(skip, vault::PageLimit(rows));
    for (const auto& item : some.items) list.add(std::invoke(render, item));
    skip += some.items.size();
    left -= some.items.size();
    co_return some.more&& left > 0;
  };
}

// The whole list.
Task<Reply> array_reply(NextPage elements);

// One page of a list of `count` elements: `{count, next, previous, results}`. kNotFound for a page
// past the end, but for the first.
Task<Reply> page_reply(const RequestContext& context, PageRequest page, std::uint64_t count,
                       NextPage elements);

}  // namespace coffer::apis::boxes
