#include "apis/mediavault/media_list.h"

#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/json_text.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"
#include "http/uri.h"

namespace coffer::apis::mediavault {
namespace {

std::optional<vault::EntrySort> sort_from(std::string_view name, bool in_collection) {
  if (in_collection && name == "position") return vault::EntrySort::kPosition;
  if (in_collection && name == "added_at") return vault::EntrySort::kAdded;
  if (name == "created_at") return vault::EntrySort::kCreated;
  if (name == "filename") return vault::EntrySort::kName;
  if (name == "size") return vault::EntrySort::kSize;
  if (name == "taken_at") return vault::EntrySort::kTaken;
  return std::nullopt;
}

// Reads the query's parameters and collects every fault.
class ListParser {
 public:
  ListParser(const http::Target& uri, bool in_collection)
      : uri_(uri), in_collection_(in_collection) {}

  std::expected<ListRequest, Problem> parse(const RequestContext& context,
                                            std::optional<vault::CollectionId> of) {
    ListRequest list;
    list.page = read_page_numbers(uri_, problem_);
    vault::EntryQuery& query = list.query;
    query.owner = context.account().id;
    query.offset = list.page.offset();
    query.limit = list.page.per_page;
    if (const auto type = text("type")) {
      query.kind = vault::file_kind_from(*type);
      if (!query.kind) fault("type", "Must be image, video, audio, document or other");
    }
    if (const auto part = text("q"); part && !part->empty()) query.text = *part;
    if (const auto tag = text("tag"); tag && !tag->empty()) query.tag = *tag;
    query.created_from = moment("created_after");
    query.created_before = moment("created_before");
    query.taken_from = moment("taken_after");
    query.taken_before = moment("taken_before");
    parse_order(query);
    query.collection = of;
    if (const auto collection = text("collection"); collection && !in_collection_) {
      query.collection = parse_collection_id(*collection);
      list.is_empty = !query.collection;
    }
    if (problem_.fields.empty()) parse_cursor(context.vault.list_cursors(), list);
    if (!problem_.fields.empty()) return std::unexpected(problem_);
    return list;
  }

 private:
  void parse_order(vault::EntryQuery& query) {
    // The order that was given by hand begins with the first.
    query.descending = !in_collection_;
    if (in_collection_) query.sort = vault::EntrySort::kPosition;
    auto sort = text("sort");
    const auto order = text("order");
    if (query.text && (sort ? *sort == "relevance" : !order)) {
      query.sort = vault::EntrySort::kRelevance;
      query.descending = true;
      if (order && *order != "desc") fault("order", "Must be desc with the sort by relevance");
      return;
    }
    if (sort) {
      query.descending = sort->starts_with('-');
      if (query.descending) sort->remove_prefix(1);
      const auto known = sort_from(*sort, in_collection_);
      if (!known) {
        fault("sort",
              std::string("Must be ") + (in_collection_ ? "position, added_at, " : "") +
                  "created_at, taken_at, filename or size, with a - in front to reverse; with "
                  "q also relevance");
      }
      query.sort = known.value_or(query.sort);
    }
    if (order) {
      if (*order != "asc" && *order != "desc") fault("order", "Must be asc or desc");
      query.descending = *order == "desc";
    }
  }

  void parse_cursor(const vault::ListCursors& cursors, ListRequest& list) {
    const auto value = uri_.parameter("cursor");
    if (!value) return;
    if (uri_.parameter("page")) return fault("cursor", std::string(kCursorWithPage));
    list.cursor.emplace();
    if (value->empty()) return;
    list.cursor = cursors.open(list.query, *value);
    if (!list.cursor) return fault("cursor", std::string(kCursorExpected));
    list.query.after = list.cursor->position;
    list.query.counted = list.cursor->total;
    list.query.counted_is_less = list.cursor->total_is_more;
    list.page.page = list.cursor->page;
  }

  std::optional<Time> moment(std::string_view name) {
    const auto value = text(name);
    if (!value) return std::nullopt;
    const auto time = from_iso8601(*value);
    if (!time) fault(name, "Must be a moment as in RFC 3339, like 2023-05-30T10:00:00Z");
    return time;
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
  const bool in_collection_;
  Problem problem_{ProblemKind::kInvalid, "Invalid input data"};
};

boost::json::object pagination(const RequestContext& context, const std::string& path,
                               const ListRequest& list, const vault::EntryPage& found) {
  const http::Target& uri = context.request.uri;
  const vault::EntryQuery& query = list.query;
  const std::uint64_t count = found.entries.size() + found.rest.size();
  std::uint64_t total = found.total;
  bool total_is_more = found.total_is_more;
  boost::json::object pages;
  if (list.cursor) {
    if (query.after) {
      total = list.cursor->total;
      total_is_more = list.cursor->total_is_more;
    }
    std::optional<std::string> next;
    if (found.next) {
      vault::ListCursor cursor;
      cursor.position = *found.next;
      cursor.page = list.page.page + 1;
      cursor.total = total;
      cursor.total_is_more = total_is_more;
      next = context.vault.list_cursors().seal(query, cursor);
    }
    pages = cursor_pagination_object(path, uri, list.page, count, total, next);
  } else {
    pages = pagination_object(path, uri, list.page, count, total, found.next.has_value());
  }
  const bool has_dates =
      query.created_from || query.created_before || query.taken_from || query.taken_before;
  if (query.text || query.tag || has_dates || total_is_more) {
    pages["total_is_more"] = total_is_more;
  }
  return pages;
}

// A page with so much text that it is sent as it is read. What was deleted meanwhile is left out.
NextPage page_by_page(const RequestContext& context, vault::EntryPage page) {
  return [&vault = context.vault, api_url = api_url_of(context), owner = context.account().id,
          page = std::move(page), at = std::size_t{0}](JsonElements& list) mutable -> Task<bool> {
    std::vector<vault::Entry> entries = std::exchange(page.entries, {});
    const bool is_first = !entries.empty();
    if (!is_first) {
      auto entry = co_await vault.entries().find(owner, page.rest[at++]);
      if (entry) entries.push_back(std::move(*entry));
    }
    const auto collections = co_await collections_of(vault, owner, entries);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      list.add(media_members(vault, api_url, entries[i], collections[i]).finish());
    }
    co_return is_first || at < page.rest.size();
  };
}

}  // namespace

std::expected<ListRequest, Problem> parse_list(const RequestContext& context,
                                               std::optional<vault::CollectionId> collection) {
  return ListParser(context.request.uri, collection.has_value()).parse(context, collection);
}

Task<Reply> list_page(RequestContext& context, const ListRequest& list, std::string path) {
  vault::EntryPage found;
  if (!list.is_empty) {
    auto page = co_await context.vault.entries().list(list.query);
    if (!page) co_return std::unexpected(page.error());
    found = std::move(*page);
  }
  if (!found.rest.empty()) {
    boost::json::object meta{{"pagination", pagination(context, path, list, found)}};
    MakeMeta more = [meta = std::move(meta)] { return meta; };
    NextPage media = page_by_page(context, std::move(found));
    Reply reply = co_await list_success(context, std::move(media), std::move(more));
    co_return reply;
  }
  const auto collections =
      co_await collections_of(context.vault, context.account().id, found.entries);
  std::string data = "[";
  data.reserve(found.entries.size() * kMediaObjectBytes);
  const std::string api_url = api_url_of(context);
  for (std::size_t i = 0; i < found.entries.size(); ++i) {
    if (i > 0) data += ',';
    data += media_members(context.vault, api_url, found.entries[i], collections[i]).finish().text;
  }
  data += ']';
  const WrittenJson pages{json_text(pagination(context, path, list, found))};
  const WrittenJson meta = meta_members(context).member("pagination", pages).finish();
  http::Response response = success({std::move(data)}, meta);
  tag_list(response);
  co_return response;
}

}  // namespace coffer::apis::mediavault
