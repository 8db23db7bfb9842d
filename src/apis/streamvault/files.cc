#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "apis/kit/find_entry.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/list_reply.h"
#include "apis/kit/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"
#include "vault/model/ids.h"

namespace coffer::apis::streamvault {
namespace {

constexpr FieldNames kNamesV4{.name = "name", .parent = "folder"};

// The caller's file of the path's `id`.
Task<std::expected<vault::Entry, Problem>> find_own_file(RequestContext& context) {
  auto entry = co_await find_own(context);
  if (entry && entry->is_folder()) co_return std::unexpected(not_found(Resource::kFile));
  co_return entry;
}

// The id after which a list is to begin; nothing when it is none.
std::optional<vault::EntryId> list_start(const http::Target& uri) {
  const auto after = uri.parameter("after");
  if (!after) return vault::EntryId{};
  return vault::parse_id<vault::EntryId>(*after);
}

// All files of the account with ids above `after`, in order of ids.
NextPage own_files(const RequestContext& context, vault::EntryId after) {
  return [&vault = context.vault, base_url = context.client.base_url, owner = context.account().id,
          after](JsonElements& list) mutable -> Task<bool> {
    const auto page = co_await vault.entries().walk(owner, after);
    const auto folders = co_await vault.folders().parent_names(page.items);
    for (const vault::Entry& file : page.items) {
      const auto folder = file.parent ? folders.find(*file.parent) : folders.end();
      list.add(file_object(base_url, file, folder == folders.end() ? nullptr : &folder->second));
    }
    if (!page.items.empty()) after = page.items.back().id;
    co_return page.more;
  };
}

// Puts the form's file in the place of the bytes of the caller's file of the path's `id`.
Task<std::expected<vault::Entry, Problem>> replace(RequestContext& context) {
  const auto file = co_await find_own_file(context);
  if (!file) co_return std::unexpected(file.error());
  const vault::AccountId owner = context.account().id;
  const auto take = [&](InputStream& content) -> Task<std::expected<vault::StagedBlob, Problem>> {
    auto staged = co_await context.vault.uploads().receive(
        owner, content, std::nullopt, file->charged, context.request.body->length());
    if (!staged) co_return std::unexpected(translate(staged.error(), Resource::kFile));
    co_return std::move(*staged);
  };
  const ReceiveFile receive = [&](const FileForm&, InputStream& content) { return take(content); };
  auto form = co_await read_file_form(context, receive);
  if (!form) co_return std::unexpected(std::move(form.error()));
  if (!form->file) {
    co_return std::unexpected(Problem::field("file", no_file(form->fields.contains("file"))));
  }
  auto replaced =
      co_await context.vault.files().replace(context.actor(), file->id, std::move(*form->file));
  if (!replaced) co_return std::unexpected(translate(replaced.error(), Resource::kFile));
  co_return std::move(*replaced);
}

// `file` as the caller is shown it.
Task<boost::json::object> object_of(RequestContext& context, const vault::Entry& file) {
  const auto folder = co_await context.vault.folders().parent_of(file);
  co_return file_object(context.client.base_url, file, folder ? &folder->name : nullptr);
}

}  // namespace

Task<Reply> show_file(RequestContext& context) {
  const auto found = co_await find_shared(context, Resource::kFile);
  if (!found) co_return std::unexpected(found.error());
  boost::json::object reply = co_await object_of(context, found->entry);
  co_return json_response(200, reply);
}

Task<Reply> preview_file(RequestContext& context) {
  const auto found = co_await find_shared(context, Resource::kFile);
  if (!found) co_return std::unexpected(found.error());
  boost::json::object reply = co_await object_of(context, found->entry);
  // Pictures of the file's pages; of a document the first, where it was drawn.
  boost::json::array pages;
  if (found->entry.type.kind == vault::FileKind::kImage) {
    pages.push_back(reply["view_url"]);
  } else if (found->entry.type.kind == vault::FileKind::kDocument) {
    std::string first = thumbnail_url(context.client.base_url, found->entry);
    if (!first.empty()) pages.push_back(boost::json::string(first));
  }
  reply["view_urls"] = std::move(pages);
  co_return json_response(200, reply);
}

Task<Reply> replace_file(RequestContext& context) {
  const auto replaced = co_await replace(context);
  if (!replaced) co_return std::unexpected(replaced.error());
  co_return json_response(200, {{"message", "File replaced successfully"}});
}

Task<Reply> replace_and_show_file(RequestContext& context) {
  const auto replaced = co_await replace(context);
  if (!replaced) co_return std::unexpected(replaced.error());
  boost::json::object reply = co_await object_of(context, *replaced);
  reply["message"] = "File replaced successfully";
  co_return json_response(200, reply);
}

Task<Reply> move_file(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const EntryRef ref = fields.reference("file_id");
  fields.require("folder_token");
  const WantedFolder folder = fields.optional_reference("folder_token");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const vault::AccountId owner = context.account().id;
  const auto file = co_await find_file(context.vault, owner, ref);
  if (!file) co_return std::unexpected(not_found(Resource::kFile));
  const auto place = co_await find_wanted(context, folder);
  if (!place) co_return std::unexpected(place.error());
  vault::EntryChanges changes;
  changes.parent = *place;
  const auto moved =
      co_await context.vault.entries().update(context.actor(), file->id, std::move(changes));
  if (!moved) co_return std::unexpected(translate(moved.error(), Resource::kFile));
  co_return json_response(200, {{"message", "File moved successfully"}});
}

Task<Reply> list_files(RequestContext& context) {
  const auto after = list_start(context.request.uri);
  if (!after) co_return std::unexpected(Problem::field("after", "A valid integer is required."));
  ListDocument document;
  document.array(own_files(context, *after));
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

Task<Reply> update_file_v4(RequestContext& context) {
  const auto file = co_await find_own_file(context);
  if (!file) co_return std::unexpected(file.error());
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  drop_null_of_patch(context.request, *body, "folder");
  RestFields fields(*body);
  if (!fields.has("folder")) fields.require("name");
  vault::EntryChanges changes;
  changes.name = fields.optional_text("name", kNameMax);
  const WantedFolder folder = fields.optional_reference("folder");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto place = co_await find_wanted(context, folder);
  if (!place) co_return std::unexpected(place.error());
  changes.parent = *place;
  const auto changed =
      co_await context.vault.entries().update(context.actor(), file->id, std::move(changes));
  if (!changed) co_return std::unexpected(translate(changed.error(), Resource::kFile, kNamesV4));
  const auto parent = co_await context.vault.folders().parent_of(*changed);
  co_return json_response(200, file_object_v4(*changed, parent ? &*parent : nullptr));
}

Task<Reply> delete_file_v4(RequestContext& context) {
  const auto file = co_await find_own_file(context);
  if (!file) co_return std::unexpected(file.error());
  const auto removed = co_await context.vault.files().remove(context.actor(), file->id);
  if (!removed) co_return std::unexpected(translate(removed.error(), Resource::kFile));
  co_return json_response(200, {{"message", "Файл успешно удалён"}});
}

}  // namespace coffer::apis::streamvault
