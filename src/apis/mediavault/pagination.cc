#include "apis/mediavault/pagination.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "apis/kit/json.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

// As `per_page`.
constexpr std::uint64_t kWholeList = UINT64_MAX;

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

boost::json::object pagination_of(const vault::ListCursors& cursors, const http::Target& uri,
                                  const PageRequest& request, std::string_view path,
                                  const PageEnd& end) {
  if (!request.is_by_cursor) {
    ListPage page = request.page;
    if (page.per_page == kWholeList) page.per_page = std::max(end.total, kPerPageDefault);
    return pagination_object(path, uri, page, end.count, end.total);
  }
  std::optional<std::string> next;
  if (end.next) {
    vault::ListCursor cursor;
    cursor.position = *end.next;
    cursor.page = request.page.page + 1;
    next = cursors.seal(request.list, cursor);
  }
  return cursor_pagination_object(path, uri, request.page, end.count, end.total, next);
}

}  // namespace

ListPage read_page_numbers(const http::Target& uri, Problem& problem) {
  ListPage page;
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
  return page;
}

PageRequest read_page_request(const RequestContext& context, vault::NamedList list,
                              Problem& problem) {
  const http::Target& uri = context.request.uri;
  PageRequest request{.list = std::move(list), .page = read_page_numbers(uri, problem)};
  const auto text = uri.parameter("cursor");
  if (!text) return request;
  request.is_by_cursor = true;
  if (uri.parameter("page")) {
    problem.fields.push_back({"cursor", std::string(kCursorWithPage)});
  } else if (!text->empty()) {
    const auto cursor = context.vault.list_cursors().open(request.list, *text);
    if (!cursor) {
      problem.fields.push_back({"cursor", std::string(kCursorExpected)});
    } else {
      request.after = cursor->position;
      request.page.page = cursor->page;
    }
  }
  return request;
}

std::expected<PageRequest, Problem> parse_page(const RequestContext& context,
                                               vault::NamedList list) {
  Problem problem(ProblemKind::kInvalid, "Invalid input data");
  PageRequest request = read_page_request(context, std::move(list), problem);
  if (!problem.fields.empty()) return std::unexpected(std::move(problem));
  return request;
}

std::expected<PageRequest, Problem> parse_short_list_page(const RequestContext& context,
                                                          vault::NamedList list) {
  auto request = parse_page(context, std::move(list));
  const http::Target& uri = context.request.uri;
  const bool is_whole =
      !uri.parameter("page") && !uri.parameter("per_page") && !uri.parameter("cursor");
  if (request && is_whole) request->page.per_page = kWholeList;
  return request;
}

Reply page_reply(RequestContext& context, const PageRequest& request, std::string_view path,
                 boost::json::array data, std::uint64_t total,
                 const std::optional<vault::EntryPosition>& next) {
  const PageEnd end{.total = total, .count = data.size(), .next = next};
  boost::json::object reply = envelope(context, std::move(data));
  reply["meta"].as_object()["pagination"] =
      pagination_of(context.vault.list_cursors(), context.request.uri, request, path, end);
  http::Response response = json_response(200, reply);
  tag_list(response);
  return response;
}

Task<Reply> page_reply(RequestContext& context, PageRequest request, std::string path,
                       NextPage data, std::shared_ptr<const PageEnd> end) {
  MakeMeta more = [&cursors = context.vault.list_cursors(), uri = context.request.uri,
                   request = std::move(request), path = std::move(path),
                   end = std::move(end)]() -> boost::json::object {
    return {{"pagination", pagination_of(cursors, uri, request, path, *end)}};
  };
  return list_success(context, std::move(data), std::move(more));
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
