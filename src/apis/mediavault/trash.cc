#include <algorithm>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

using vault::TrashedFile;

boost::json::object trashed_object(const std::string& api_url, const TrashedFile& trashed,
                                   Time restorable_until) {
  boost::json::object object = media_object(api_url, trashed.file);
  object["deleted_at"] = to_iso8601(trashed.deleted_at);
  object["restorable_until"] = to_iso8601(restorable_until);
  return object;
}

// What the path names, if it is in the caller's trash.
Task<vault::Result<TrashedFile>> find_trashed(RequestContext& context) {
  const auto id = parse_media_id(context.path.text("id"));
  if (!id) co_return vault::fail(vault::FailureCode::kNotFound, "There is no such media");
  const vault::AccountId owner = context.account().id;
  if (const auto* uuid = std::get_if<Uuid>(&*id)) {
    auto found = co_await context.vault.trash().find(owner, *uuid);
    co_return found;
  }
  auto found = co_await context.vault.trash().find(owner, std::get<vault::EntryId>(*id));
  co_return found;
}

// `count` files behind the first `skip`, read while they are sent.
NextPage files_in_trash(const RequestContext& context, std::uint64_t skip, std::uint64_t count) {
  std::string api_url = context.client.base_url;
  api_url += context.mount;
  return [&vault = context.vault, api_url = std::move(api_url), owner = context.account().id, skip,
          count, cursor = vault::Trash::Cursor{}](JsonElements& list) mutable -> Task<bool> {
    const auto rows = std::min<std::uint64_t>(count, vault::PageLimit::kRows);
    const vault::PageLimit limit(static_cast<std::size_t>(rows));
    const auto page = co_await vault.trash().list(owner, cursor, std::exchange(skip, 0), limit);
    for (const TrashedFile& trashed : page.items) {
      const Time until = vault.trash().restorable_until(trashed.deleted_at);
      list.add(trashed_object(api_url, trashed, until));
    }
    if (page.items.empty()) co_return false;
    cursor = vault::Trash::cursor_of(page.items.back());
    count -= page.items.size();
    co_return page.more&& count > 0;
  };
}

}  // namespace

Task<Reply> list_trash(RequestContext& context) {
  const http::Target& uri = context.request.uri;
  const auto page = parse_page(uri);
  if (!page) co_return std::unexpected(page.error());
  const vault::TrashTotal total = co_await context.vault.trash().total(context.account().id);
  const std::uint64_t skip = std::min(page->offset(), total.files);
  const std::uint64_t count = std::min(page->per_page, total.files - skip);
  boost::json::object meta{
      {"pagination", pagination_object("/trash", uri, *page, count, total.files)}};
  if (count == 0) {
    NextPage nothing = [](JsonElements&) -> Task<bool> { co_return false; };
    Reply reply = co_await list_success(context, std::move(nothing), std::move(meta));
    co_return reply;
  }
  NextPage files = files_in_trash(context, skip, count);
  Reply reply = co_await list_success(context, std::move(files), std::move(meta));
  co_return reply;
}

Task<Reply> restore_trashed(RequestContext& context) {
  const auto trashed = co_await find_trashed(context);
  if (!trashed) co_return std::unexpected(trashed.error());
  const auto entry = co_await context.vault.trash().restore(context.actor(), trashed->file.id);
  if (!entry) co_return std::unexpected(entry.error());
  co_return success(context, media_object(context, *entry));
}

Task<Reply> delete_trashed(RequestContext& context) {
  const auto trashed = co_await find_trashed(context);
  if (!trashed) co_return std::unexpected(trashed.error());
  const auto removed = co_await context.vault.trash().remove(context.actor(), trashed->file.id);
  if (!removed) co_return std::unexpected(removed.error());
  co_return success(context, {{"id", media_id(trashed->file.id)}, {"deleted", true}});
}

Task<Reply> empty_trash(RequestContext& context) {
  const auto emptied = co_await context.vault.trash().empty(context.actor());
  if (!emptied) co_return std::unexpected(emptied.error());
  co_return success(context, {{"deleted", emptied->files}, {"freed_bytes", emptied->charged}});
}

}  // namespace coffer::apis::mediavault
