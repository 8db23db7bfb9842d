#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/file_reply.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/media_list.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {

Task<vault::Result<vault::Entry>> find_media(RequestContext& context, std::string_view parameter) {
  const auto id = parse_media_id(context.path.text(parameter));
  if (!id) co_return vault::fail(vault::FailureCode::kNotFound, "There is no such media");
  auto entry = co_await find_file(context.vault, context.account().id, *id);
  co_return entry;
}

Task<Reply> list_media(RequestContext& context) {
  const auto list = parse_list(context, false);
  if (!list) co_return std::unexpected(list.error());
  Reply reply = co_await list_page(context, *list, "/media");
  co_return reply;
}

Task<Reply> show_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  const auto collections = co_await collections_of(context, *entry);
  co_return success(context, media_object(context, *entry, collections));
}

Task<Reply> update_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
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
  const auto collections = co_await collections_of(context, *updated);
  co_return success(context, media_object(context, *updated, collections));
}

Task<Reply> delete_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  const auto removed = co_await context.vault.files().remove(context.actor(), entry->id);
  if (!removed) co_return std::unexpected(removed.error());
  boost::json::object data = media_object(context, *entry);
  data["deleted"] = true;
  co_return success(context, std::move(data));
}

Task<Reply> download_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  Reply reply = co_await file_reply(context, *entry, "inline");
  co_return reply;
}

}  // namespace coffer::apis::mediavault
