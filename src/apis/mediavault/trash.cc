#include <memory>
#include <utility>

#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

using vault::TrashedFile;

WrittenJson trashed_object(vault::Vault& vault, std::string_view api_url,
                           const TrashedFile& trashed) {
  return media_members(vault, api_url, trashed.file, {}, FileLinks::kNone)
      .member("deleted_at", trashed.deleted_at)
      .member("restorable_until", vault.trash().restorable_until(trashed.deleted_at))
      .finish();
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

vault::EntryPosition position_of(const TrashedFile& trashed) {
  return {.id = trashed.file.id, .number = to_micros(trashed.deleted_at), .name = {}};
}

vault::Trash::Cursor cursor_of(const std::optional<vault::EntryPosition>& position) {
  if (!position) return {};
  return {.deleted_at = from_micros(position->number), .id = position->id};
}

}  // namespace

Task<Reply> list_trash(RequestContext& context) {
  const vault::AccountId owner = context.account().id;
  vault::NamedList list{.owner = owner, .name = "trash"};
  const auto page = parse_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  vault::Trash& trash = context.vault.trash();
  const vault::TrashTotal total = co_await trash.total(owner);
  const auto read = [&trash, owner](const std::optional<vault::EntryPosition>& after,
                                    std::uint64_t skip, vault::PageLimit limit) {
    return trash.list(owner, cursor_of(after), skip, limit);
  };
  const auto render = [&vault = context.vault,
                       api_url = api_url_of(context)](const TrashedFile& trashed) {
    return trashed_object(vault, api_url, trashed);
  };
  const auto end = std::make_shared<PageEnd>();
  NextPage files = page_rows(*page, total.files, end, read, position_of, render);
  Reply reply = co_await page_reply(context, *page, "/trash", std::move(files), end);
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
