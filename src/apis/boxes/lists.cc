#include "apis/boxes/lists.h"

#include <boost/json/object.hpp>
#include <string>

#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::string_view kPage = "page";
constexpr std::string_view kLast = "last";  // the framework's word, in its spelling
constexpr std::string_view kPageSize = "page_size";
constexpr std::uint64_t kPageSizeMax = 100;
// So that what comes before it can be counted.
constexpr std::uint64_t kPageMax = 1'000'000'000;

Problem invalid_page() {
  Problem problem(ProblemKind::kNotFound, "There is no such page");
  problem.fields.push_back({std::string(kPage), "Invalid page."});
  return problem;
}

// The address of the request with another page.
std::string address_of(const RequestContext& context, std::uint64_t page) {
  const http::Target& uri = context.request.uri;
  std::string address = context.client.base_url + uri.raw_path + '?';
  for (const auto& [name, value] : uri.query) {
    if (name == kPage) continue;
    address += http::percent_encode(name) + '=' + http::percent_encode(value) + '&';
  }
  return address + std::string(kPage) + '=' + std::to_string(page);
}

}  // namespace

std::expected<std::optional<PageRequest>, Problem> page_request(const http::Request& request) {
  const auto number = request.uri.parameter(kPage);
  if (!number) return std::nullopt;
  PageRequest page;
  page.is_last = *number == kLast;
  if (!page.is_last) {
    const auto parsed = parse_unsigned(*number);
    if (!parsed || *parsed == 0 || *parsed > kPageMax) return std::unexpected(invalid_page());
    page.number = *parsed;
  }
  // A size that is none is passed over, as the framework does.
  const auto size = parse_unsigned(request.uri.parameter(kPageSize).value_or(""));
  if (size && *size > 0) page.size = std::min(*size, kPageSizeMax);
  return page;
}

Task<Reply> array_reply(NextPage elements) {
  ListDocument document;
  document.array(std::move(elements));
  return list_reply(std::move(document));
}

Task<Reply> page_reply(const RequestContext& context, PageRequest page, std::uint64_t count,
                       NextPage elements) {
  if (page.number > 1 && page.skip() >= count) co_return std::unexpected(invalid_page());
  boost::json::object head{{"count", count}, {"next", nullptr}, {"previous", nullptr}};
  if (page.skip() + page.size < count) head["next"] = address_of(context, page.number + 1);
  if (page.number > 1) head["previous"] = address_of(context, page.number - 1);
  Reply reply = co_await list_reply(head, "results", std::move(elements));
  co_return reply;
}

}  // namespace coffer::apis::boxes
