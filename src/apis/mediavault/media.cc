#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>
#include <utility>

#include "apis/kit/file_reply.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"

namespace coffer::apis::mediavault {
namespace {

struct ListRequest {
  vault::EntryQuery query;
  ListPage page;
  bool empty = false;  // asks for what cannot be there
};

std::optional<vault::EntrySort> sort_from(std::string_view name) {
  if (name == "created_at") return vault::EntrySort::kCreated;
  if (name == "filename") return vault::EntrySort::kName;
  if (name == "size") return vault::EntrySort::kSize;
  return std::nullopt;
}

// Reads the query's parameters and collects every fault.
class ListParser {
 public:
  explicit ListParser(const http::Target& uri) : uri_(uri) {}

  std::expected<ListRequest, Problem> parse(vault::AccountId owner) {
    ListRequest list;
    list.page.page = number("page", 1, kPageMax, 1);
    list.page.per_page = number("per_page", 1, kPerPageMax, kPerPageDefault);
    vault::EntryQuery& query = list.query;
    query.owner = owner;
    query.offset = list.page.offset();
    query.limit = list.page.per_page;
    if (const auto type = text("type")) {
      query.kind = vault::file_kind_from(*type);
      if (!query.kind) fault("type", "Must be image, video, audio, document or other");
    }
    if (const auto part = text("q"); part && !part->empty()) query.text = *part;
    if (const auto tag = text("tag"); tag && !tag->empty()) query.tag = *tag;
    parse_order(query);
    list.empty = text("collection").has_value();
    if (!problem_.fields.empty()) return std::unexpected(problem_);
    return list;
  }

 private:
  void parse_order(vault::EntryQuery& query) {
    query.descending = true;
    if (auto sort = text("sort")) {
      query.descending = sort->starts_with('-');
      if (query.descending) sort->remove_prefix(1);
      const auto known = sort_from(*sort);
      if (!known)
        fault("sort", "Must be created_at, filename or size, with a - in front to reverse");
      query.sort = known.value_or(query.sort);
    }
    if (const auto order = text("order")) {
      if (*order != "asc" && *order != "desc") fault("order", "Must be asc or desc");
      query.descending = *order == "desc";
    }
  }

  std::uint64_t number(std::string_view name, std::uint64_t min, std::uint64_t max,
                       std::uint64_t otherwise) {
    const auto value = uri_.parameter(name);
    if (!value) return otherwise;
    const auto parsed = parse_unsigned(*value);
    if (!parsed || *parsed < min || *parsed > max) {
      fault(name, "Must be a number from " + std::to_string(min) + " to " + std::to_string(max));
      return otherwise;
    }
    return *parsed;
  }

  std::optional<std::string_view> text(std::string_view name) {
    const auto value = uri_.parameter(name);
    if (value && !is_utf8(*value)) {
      fault(name, "Must be text in UTF-8");
      return std::nullopt;
    }
    return value;
  }

  void fault(std::string_view name, std::string message) {
    problem_.fields.push_back({std::string(name), std::move(message)});
  }

  const http::Target& uri_;
  Problem problem_{ProblemKind::kInvalid, "Invalid input data"};
};

boost::json::object pagination(const http::Target& uri, const ListRequest& list,
                               const vault::EntryPage& found) {
  return pagination_object("/media", uri, list.page, found.entries.size() + found.rest.size(),
                           found.total);
}

// A page with so much text that it is sent as it is read. What was deleted meanwhile is left out.
NextPage page_by_page(const RequestContext& context, vault::EntryPage page) {
  std::string api_url = context.client.base_url;
  api_url += context.mount;
  return [&vault = context.vault, api_url = std::move(api_url), owner = context.account().id,
          page = std::move(page), at = std::size_t{0}](JsonElements& list) mutable -> Task<bool> {
    for (const vault::Entry& entry : page.entries) list.add(media_object(api_url, entry));
    if (!std::exchange(page.entries, {}).empty()) co_return true;
    const auto entry = co_await vault.entries().find(owner, page.rest[at]);
    if (entry) list.add(media_object(api_url, *entry));
    co_return ++at < page.rest.size();
  };
}

// The file that the path names, if it is the caller's.
Task<vault::Result<vault::Entry>> find_media(RequestContext& context) {
  const auto id = parse_media_id(context.path.text("id"));
  if (!id) co_return vault::fail(vault::FailureCode::kNotFound, "There is no such media");
  auto entry = co_await find_file(context.vault, context.account().id, *id);
  co_return entry;
}

}  // namespace

Task<Reply> list_media(RequestContext& context) {
  const http::Target& uri = context.request.uri;
  const auto list = ListParser(uri).parse(context.account().id);
  if (!list) co_return std::unexpected(list.error());
  vault::EntryPage found;
  if (!list->empty) {
    auto page = co_await context.vault.entries().list(list->query);
    if (!page) co_return std::unexpected(page.error());
    found = std::move(*page);
  }
  if (!found.rest.empty()) {
    boost::json::object meta{{"pagination", pagination(uri, *list, found)}};
    NextPage media = page_by_page(context, std::move(found));
    Reply reply = co_await list_success(context, std::move(media), std::move(meta));
    co_return reply;
  }
  boost::json::array data(&context.memory);
  data.reserve(found.entries.size());
  for (const vault::Entry& entry : found.entries) data.push_back(media_object(context, entry));
  boost::json::object reply = envelope(context, std::move(data));
  reply["meta"].as_object()["pagination"] = pagination(uri, *list, found);
  co_return json_response(200, reply);
}

Task<Reply> show_media(RequestContext& context) {
  const auto entry = co_await find_media(context);
  if (!entry) co_return std::unexpected(entry.error());
  co_return success(context, media_object(context, *entry));
}

Task<Reply> update_media(RequestContext& context) {
  const auto entry = co_await find_media(context);
  if (!entry) co_return std::unexpected(entry.error());
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::EntryChanges changes;
  changes.name = fields.optional_text("filename");
  changes.title = fields.nullable_text("title");
  changes.description = fields.nullable_text("description");
  changes.tags = fields.texts("tags");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.entries().update(context.actor(), entry->id, std::move(changes));
  if (!updated) co_return std::unexpected(about_media(updated.error()));
  co_return success(context, media_object(context, *updated));
}

Task<Reply> delete_media(RequestContext& context) {
  const auto entry = co_await find_media(context);
  if (!entry) co_return std::unexpected(entry.error());
  const auto removed = co_await context.vault.files().remove(context.actor(), entry->id);
  if (!removed) co_return std::unexpected(removed.error());
  boost::json::object data = media_object(context, *entry);
  data["deleted"] = true;
  co_return success(context, std::move(data));
}

Task<Reply> download_media(RequestContext& context) {
  const auto entry = co_await find_media(context);
  if (!entry) co_return std::unexpected(entry.error());
  Reply reply = co_await file_reply(context, *entry, "inline");
  co_return reply;
}

}  // namespace coffer::apis::mediavault
