// Pages of lists, as the document has them: `page`, `per_page`, `meta.pagination`.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "apis/gateway/problem.h"
#include "http/uri.h"

namespace coffer::apis::mediavault {

inline constexpr std::uint64_t kPerPageDefault = 20;
inline constexpr std::uint64_t kPerPageMax = 100;
inline constexpr std::uint64_t kPageMax = 1'000'000'000'000;

struct ListPage {
  std::uint64_t page = 1;
  std::uint64_t per_page = kPerPageDefault;

  std::uint64_t offset() const noexcept { return (page - 1) * per_page; }
};

// The parameters `page` and `per_page` of a list that is read by numbers alone, with every fault of
// both; `cursor`, which other lists have, is one.
std::expected<ListPage, Problem> parse_page(const http::Target& uri);

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
