#include <boost/json/object.hpp>
#include <stdexcept>
#include <variant>

#include "apis/kit/find_entry.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/json_text.h"
#include "apis/kit/list_reply.h"
#include "apis/kit/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::size_t kDescriptionMax = 10'000;  // characters
constexpr std::string_view kSubfoldersAfter = "subfolders_after";
constexpr std::string_view kFilesAfter = "files_after";
constexpr char kCycle[] = "A folder cannot be moved into itself or one of its subfolders.";

// The changes that `fields` asks for, with the folder to move to looked up.
Task<std::expected<vault::FolderChanges, Problem>> read_changes(RequestContext& context,
                                                                RestFields& fields) {
  vault::FolderChanges changes;
  changes.name = fields.optional_text("name", kNameMax);
  changes.description = fields.nullable_text("description", kDescriptionMax);
  const auto parent = fields.optional_reference("parent");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto folder = co_await find_wanted(context, parent);
  if (!folder) co_return std::unexpected(folder.error());
  changes.parent = *folder;
  co_return changes;
}

Task<std::expected<vault::Entry, Problem>> change_folder(RequestContext& context, EntryRef ref,
                                                         RestFields& fields) {
  const vault::AccountId owner = context.account().id;
  const auto folder = co_await find_folder(context.vault, owner, ref);
  if (!folder) co_return std::unexpected(not_found(Resource::kFolder));
  auto changes = co_await read_changes(context, fields);
  if (!changes) co_return std::unexpected(std::move(changes.error()));
  const bool moves = changes->parent.has_value();
  auto changed =
      co_await context.vault.folders().update(context.actor(), folder->id, std::move(*changes));
  if (!changed) {
    Problem problem = translate(changed.error(), Resource::kFolder);
    for (vault::FieldFault& fault : problem.fields) {
      if (moves && fault.field == "parent") fault.message = kCycle;
    }
    co_return std::unexpected(std::move(problem));
  }
  co_return std::move(*changed);
}

// How a caller reads a folder: by a token that is good, or as its owner.
struct FolderAccess {
  vault::EntryId folder;
  std::variant<Uuid, vault::AccountId> by;
};

// The folder as it is now; nothing when it is gone, or shared no longer.
Task<std::optional<Readable>> find_again(vault::Vault& vault, FolderAccess access) {
  if (const auto* token = std::get_if<Uuid>(&access.by)) {
    auto shared = co_await vault.shares().find(*token);
    if (!shared || shared->entry.id != access.folder) co_return std::nullopt;
    co_return Readable{std::move(shared->entry), shared->share};
  }
  auto own = co_await vault.folders().find(std::get<vault::AccountId>(access.by), access.folder);
  if (!own) co_return std::nullopt;
  co_return Readable{std::move(*own), std::nullopt};
}

// All files, or all folders, that lie directly in a folder, in order of their keys. `after`: the
// name in its key behind which the list begins; the folder itself may be renamed meanwhile.
NextPage children(const RequestContext& context, FolderAccess access, bool folders,
                  std::string after) {
  return [&vault = context.vault, base_url = context.client.base_url, access, folders,
          after = std::move(after)](JsonElements& list) mutable -> Task<bool> {
    const auto found = co_await find_again(vault, access);
    if (!found) throw std::runtime_error("the folder is gone, or shared no longer");
    const vault::Entry& folder = found->entry;
    vault::ChildQuery query{.space = folder.space, .folder = folder.id, .folders = folders};
    if (!after.empty()) query.after = after;
    auto page = co_await vault.folders().children(query);
    if (!page.items.empty()) after = page.items.back().key;
    for (vault::Entry& child : page.items) {
      if (found->share) child = vault.shares().for_reader(*found->share, std::move(child));
      list.add(folders ? folder_object(base_url, child)
                       : file_object(base_url, child, &folder.name));
    }
    co_return page.more;
  };
}

}  // namespace

Task<Reply> create_folder(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  fields.require("name");
  auto wanted = co_await read_changes(context, fields);
  if (!wanted) co_return std::unexpected(std::move(wanted.error()));
  vault::NewFolder folder{.parent = wanted->parent.value_or(std::nullopt),
                          .name = wanted->name.value_or(""),
                          .description = wanted->description.value_or(std::nullopt)};
  const vault::SpaceId space = co_await space_for(context, folder.parent);
  const auto made =
      co_await context.vault.folders().create(context.actor(), space, std::move(folder));
  if (!made) co_return std::unexpected(translate(made.error(), Resource::kFolder));
  boost::json::object reply = folder_object(context.client.base_url, *made);
  reply["message"] = "Folder created successfully";
  co_return json_response(201, reply);
}

Task<Reply> update_folder(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const EntryRef ref = fields.reference("token");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto changed = co_await change_folder(context, ref, fields);
  if (!changed) co_return std::unexpected(changed.error());
  co_return json_response(200, {{"message", "Folder updated successfully"}});
}

Task<Reply> show_folder(RequestContext& context) {
  const auto found = co_await find_shared(context, Resource::kFolder);
  if (!found) co_return std::unexpected(found.error());
  const vault::Entry& folder = found->entry;
  FolderAccess access{.folder = folder.id, .by = folder.owner};
  if (found->share) access.by = folder.share;
  const auto start = [&context](std::string_view name) {
    return std::string(context.request.uri.parameter(name).value_or(""));
  };
  boost::json::object view = folder_object(context.client.base_url, folder);
  // Once more for the document's own web client, which looks for it here.
  boost::json::object again = view;
  view["folder"] = std::move(again);
  std::string text = json_text(view);
  text.back() = ',';
  ListDocument document;
  document.text(text + "\"subfolders\":")
      .array(children(context, access, true, start(kSubfoldersAfter)))
      .text(",\"files\":")
      .array(children(context, access, false, start(kFilesAfter)))
      .text("}");
  Reply reply = co_await list_reply(std::move(document));
  co_return reply;
}

Task<Reply> update_folder_v4(RequestContext& context) {
  const auto ref = parse_entry_ref(context.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFolder));
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  drop_null_of_patch(context.request, *body, "parent");
  RestFields fields(*body);
  if (!fields.has("parent")) fields.require("name");
  const auto changed = co_await change_folder(context, *ref, fields);
  if (!changed) co_return std::unexpected(changed.error());
  const auto parent = co_await context.vault.folders().parent_of(*changed);
  co_return json_response(200, folder_object_v4(*changed, parent ? &*parent : nullptr));
}

Task<Reply> delete_folder_v4(RequestContext& context) {
  const auto ref = parse_entry_ref(context.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Resource::kFolder));
  const vault::AccountId owner = context.account().id;
  const auto folder = co_await find_folder(context.vault, owner, *ref);
  if (!folder) co_return std::unexpected(not_found(Resource::kFolder));
  const auto removed = co_await context.vault.folders().remove(context.actor(), folder->id);
  if (!removed) co_return std::unexpected(translate(removed.error(), Resource::kFolder));
  co_return json_response(200, {{"message", "Папка и все вложения успешно удалены"}});
}

}  // namespace coffer::apis::streamvault
