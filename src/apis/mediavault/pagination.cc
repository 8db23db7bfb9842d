#include "apis/mediavault/pagination.h"

#include <string>
#include <utility>

namespace coffer::apis::mediavault {
namespace {

// `/media?page=3`, relative to the API's root, with the other parameters as they came.
std::string page_link(std::string_view path, const http::Target& uri, std::uint64_t page) {
  std::string link(path);
  link += "?page=" + std::to_string(page);
  for (const auto& [name, value] : uri.query) {
    if (name == "page") continue;
    link += '&' + http::percent_encode(name) + '=' + http::percent_encode(value);
  }
  return link;
}

}  // namespace

boost::json::object pagination_object(std::string_view path, const http::Target& uri, ListPage page,
                                      std::uint64_t count, std::uint64_t total) {
  const std::uint64_t pages = (total + page.per_page - 1) / page.per_page;
  boost::json::value next;
  boost::json::value previous;
  if (page.page < pages) next = page_link(path, uri, page.page + 1);
  if (page.page > 1) previous = page_link(path, uri, page.page - 1);
  return {{"total", total},
          {"count", count},
          {"per_page", page.per_page},
          {"current_page", page.page},
          {"total_pages", pages},
          {"links", {{"next", std::move(next)}, {"prev", std::move(previous)}}}};
}

}  // namespace coffer::apis::mediavault
