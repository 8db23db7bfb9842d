#include "apis/mediavault/pagination.h"

#include <string>
#include <utility>

#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

// `/media?page=3`, relative to the API's root, with the other parameters as they came. `value` is
// encoded.
std::string link_to(std::string_view path, const http::Target& uri, std::string_view parameter,
                    std::string_view value) {
  std::string link(path);
  link += '?';
  link += parameter;
  link += '=';
  link += value;
  for (const auto& [name, other] : uri.query) {
    if (name == parameter) continue;
    link += '&' + http::percent_encode(name) + '=' + http::percent_encode(other);
  }
  return link;
}

std::string page_link(std::string_view path, const http::Target& uri, std::uint64_t page) {
  return link_to(path, uri, "page", std::to_string(page));
}

std::uint64_t pages_of(std::uint64_t total, ListPage page) {
  return (total + page.per_page - 1) / page.per_page;
}

}  // namespace

std::expected<ListPage, Problem> parse_page(const http::Target& uri) {
  ListPage page;
  Problem problem(ProblemKind::kInvalid, "Invalid input data");
  const auto read = [&](std::string_view name, std::uint64_t max, std::uint64_t& into) {
    const auto text = uri.parameter(name);
    if (!text) return;
    const auto value = parse_unsigned(*text);
    if (value && *value >= 1 && *value <= max) {
      into = *value;
    } else {
      problem.fields.push_back(
          {std::string(name), "Must be a number from 1 to " + std::to_string(max)});
    }
  };
  read("page", kPageMax, page.page);
  read("per_page", kPerPageMax, page.per_page);
  if (uri.parameter("cursor")) {
    problem.fields.push_back({"cursor", "This list has no cursors; use page and per_page"});
  }
  if (!problem.fields.empty()) return std::unexpected(std::move(problem));
  return page;
}

boost::json::object pagination_object(std::string_view path, const http::Target& uri, ListPage page,
                                      std::uint64_t count, std::uint64_t total, bool has_next) {
  const std::uint64_t pages = pages_of(total, page);
  boost::json::value next;
  boost::json::value previous;
  if (page.page < pages || has_next) next = page_link(path, uri, page.page + 1);
  if (page.page > 1) previous = page_link(path, uri, page.page - 1);
  return {{"total", total},
          {"count", count},
          {"per_page", page.per_page},
          {"current_page", page.page},
          {"total_pages", pages},
          {"links", {{"next", std::move(next)}, {"prev", std::move(previous)}}}};
}

boost::json::object cursor_pagination_object(std::string_view path, const http::Target& uri,
                                             ListPage page, std::uint64_t count,
                                             std::uint64_t total,
                                             const std::optional<std::string>& next) {
  boost::json::value link;
  boost::json::value cursor;
  if (next) {
    link = link_to(path, uri, "cursor", *next);
    cursor = *next;
  }
  return {{"total", total},
          {"count", count},
          {"per_page", page.per_page},
          {"current_page", page.page},
          {"total_pages", pages_of(total, page)},
          {"links",
           {{"next", std::move(link)}, {"prev", nullptr}, {"next_cursor", std::move(cursor)}}}};
}

}  // namespace coffer::apis::mediavault
