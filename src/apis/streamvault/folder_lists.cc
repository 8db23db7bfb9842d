// Lists of folders that the document's own web client asks for.
#include <boost/json/object.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

#include "apis/kit/form.h"
#include "apis/kit/list_reply.h"
#include "apis/kit/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/wire.h"

namespace coffer::apis::streamvault {
namespace {

// The folders that `query` finds, page by page. The first page is read at once, so that a busy
// server still refuses the whole call.
Task<Reply> reply_with(RequestContext& context, vault::FolderQuery query) {
  auto first = co_await context.vault.folders().list(query);
  if (!first) co_return std::unexpected(translate(first.error(), Resource::kFolder));
  ListDocument document;
  document.array(
      [&vault = context.vault, base_url = context.client.base_url, query,
       page = std::optional(std::move(*first))](JsonElements& list) mutable -> Task<bool> {
        if (!page) {
          auto next = co_await vault.folders().list(query);
          if (!next) throw std::runtime_error(next.error().message);
          page = std::move(*next);
        }
        for (const vault::Entry& folder : page->items) list.add(folder_object(base_url, folder));
        if (!page->items.empty()) query.before = page->items.back().id;
        const bool more = page->more;
        page.reset();
        co_return more;
      });
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

// The part of a name that is looked for: of the query, or a field of the body.
Task<std::expected<std::string, Problem>> wanted_name(RequestContext& context) {
  boost::json::object given;
  const bool is_query = context.request.method != http::Method::kPost;
  if (is_query) {
    for (const char* parameter : {"q", "name"}) {
      const auto value = context.request.uri.parameter(parameter);
      if (value) given[parameter] = *value;
    }
  } else {
    auto body = co_await read_fields(context.request);
    if (!body) co_return std::unexpected(body.error());
    given = std::move(*body);
  }
  RestFields fields(given);
  std::string name;
  const bool has_q = is_query && given.contains("q");
  if (has_q) name = fields.text("q", kNameMax);
  if (!has_q || given.contains("name")) name = fields.text("name", kNameMax);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  co_return name;
}

}  // namespace

Task<Reply> list_folders(RequestContext& context) {
  const vault::FolderQuery all{.owner = context.account().id};
  Reply reply = co_await reply_with(context, all);
  co_return reply;
}

Task<Reply> search_folders(RequestContext& context) {
  auto name = co_await wanted_name(context);
  if (!name) co_return std::unexpected(std::move(name.error()));
  const vault::FolderQuery query{.owner = context.account().id, .text = std::move(*name)};
  Reply reply = co_await reply_with(context, query);
  co_return reply;
}

Task<Reply> list_root_folders(RequestContext& context) {
  ListDocument document;
  document.array([&vault = context.vault, base_url = context.client.base_url,
                  space = context.account().home,
                  after = std::optional<std::string>()](JsonElements& list) mutable -> Task<bool> {
    const vault::ChildQuery query{.space = space, .folders = true, .after = after};
    const auto page = co_await vault.folders().children(query);
    for (const vault::Entry& folder : page.items) {
      boost::json::object object = folder_object(base_url, folder);
      object["id"] = folder.uuid.str();  // as everywhere in version 4
      list.add(object);
    }
    if (!page.items.empty()) after = page.items.back().key;
    co_return page.more;
  });
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

}  // namespace coffer::apis::streamvault
