#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "apis/common/form.h"
#include "apis/common/json.h"
#include "apis/common/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"
#include "base/executor.h"
#include "http/uri.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::size_t kNameMax = 255;            // characters
constexpr std::size_t kDescriptionMax = 10'000;  // characters
constexpr std::size_t kPage = 500;
// Of each list of one reply; the next reply goes on behind the last ones.
constexpr std::size_t kListedMax = 100'000;
constexpr std::string_view kFoldersAfter = "subfolders_after";
constexpr std::string_view kFilesAfter = "files_after";
constexpr char kCycle[] = "A folder cannot be moved into itself or one of its subfolders.";

// The changes that `fields` asks for, with the folder to move to looked up.
Task<std::expected<vault::FolderChanges, Problem>> read_changes(Exchange& exchange,
                                                                RestFields& fields) {
  vault::FolderChanges changes;
  changes.name = fields.optional_text("name", kNameMax);
  changes.description = fields.nullable_text("description", kDescriptionMax);
  const auto parent = fields.optional_reference("parent");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto folder = co_await find_wanted(exchange, parent);
  if (!folder) co_return std::unexpected(folder.error());
  changes.parent = *folder;
  co_return changes;
}

Task<std::expected<vault::Entry, Problem>> change_folder(Exchange& exchange, EntryRef ref,
                                                         RestFields& fields) {
  const vault::AccountId owner = exchange.account().id;
  const auto folder = co_await find_folder(exchange.vault, owner, ref);
  if (!folder) co_return std::unexpected(not_found(Thing::kFolder));
  auto changes = co_await read_changes(exchange, fields);
  if (!changes) co_return std::unexpected(std::move(changes.error()));
  const bool moves = changes->parent.has_value();
  auto changed =
      co_await exchange.vault.folders().update(exchange.actor(), folder->id, std::move(*changes));
  if (!changed) {
    Problem problem = translate(changed.error(), Thing::kFolder);
    for (vault::FieldFault& fault : problem.fields) {
      if (moves && fault.field == "parent") fault.message = kCycle;
    }
    co_return std::unexpected(std::move(problem));
  }
  co_return std::move(*changed);
}

// One list of what lies directly in a folder, as a reply shows it.
struct Children {
  std::string text;   // a JSON array
  std::string last;   // the last one's part of its key, behind which the list goes on
  bool ended = true;  // nothing comes behind it
};

// All files, or all folders, behind `after`; page by page, so that others get their turn.
Task<Children> list_children(Exchange& exchange, vault::Entry folder, bool folders,
                             std::string_view after) {
  Executor& here = Executor::current();
  vault::ChildQuery query{
      .space = folder.space, .folder = folder.id, .folders = folders, .limit = kPage};
  Children children;
  children.last = after;
  JsonList list;
  std::size_t count = 0;
  do {
    if (!children.last.empty()) query.after = folder.key + children.last;
    const auto page = co_await exchange.vault.folders().children(query);
    for (const vault::Entry& child : page) {
      list.add(folders ? folder_object(exchange, child) : file_object(exchange, child, &folder));
    }
    count += page.size();
    children.ended = page.size() < kPage;
    if (!page.empty()) children.last = page.back().key.substr(folder.key.size());
    co_await give_way(here);
  } while (!children.ended && count < kListedMax);
  children.text = list.finish();
  co_return children;
}

}  // namespace

Task<Reply> create_folder(Exchange& exchange) {
  const auto body = co_await read_fields(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  fields.require("name");
  auto wanted = co_await read_changes(exchange, fields);
  if (!wanted) co_return std::unexpected(std::move(wanted.error()));
  vault::NewFolder folder{.parent = wanted->parent.value_or(std::nullopt),
                          .name = wanted->name.value_or(""),
                          .description = wanted->description.value_or(std::nullopt)};
  const auto made = co_await exchange.vault.folders().create(
      exchange.actor(), exchange.account().home, std::move(folder));
  if (!made) co_return std::unexpected(translate(made.error(), Thing::kFolder));
  boost::json::object reply = folder_object(exchange, *made);
  reply["message"] = "Folder created successfully";
  co_return json_response(201, reply);
}

Task<Reply> update_folder(Exchange& exchange) {
  const auto body = co_await read_fields(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const EntryRef ref = fields.reference("token");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto changed = co_await change_folder(exchange, ref, fields);
  if (!changed) co_return std::unexpected(changed.error());
  co_return json_response(200, {{"message", "Folder updated successfully"}});
}

Task<Reply> show_folder(Exchange& exchange) {
  const auto folder = co_await find_shared(exchange, Thing::kFolder);
  if (!folder) co_return std::unexpected(folder.error());
  const http::Target& uri = exchange.request.uri;
  const auto start = [&uri](std::string_view name) { return uri.parameter(name).value_or(""); };
  const Children subfolders = co_await list_children(exchange, *folder, true, start(kFoldersAfter));
  const Children files = co_await list_children(exchange, *folder, false, start(kFilesAfter));
  std::string text = boost::json::serialize(folder_object(exchange, *folder));
  text.pop_back();  // the closing brace
  text += ",\"subfolders\":" + subfolders.text + ",\"files\":" + files.text + '}';
  http::Response response = http::Response::text(200, "application/json", std::move(text));
  if (!subfolders.ended || !files.ended) {
    response.headers.set(
        "Link", fmt::format("<{}{}?{}={}&{}={}>; rel=\"next\"", exchange.client.base_url,
                            uri.raw_path, kFoldersAfter, http::percent_encode(subfolders.last),
                            kFilesAfter, http::percent_encode(files.last)));
  }
  co_return response;
}

Task<Reply> update_folder_v4(Exchange& exchange) {
  const auto ref = parse_entry_ref(exchange.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Thing::kFolder));
  const auto body = co_await read_fields(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  if (!fields.has("parent")) fields.require("name");
  const auto changed = co_await change_folder(exchange, *ref, fields);
  if (!changed) co_return std::unexpected(changed.error());
  const auto parent = co_await parent_of(exchange, *changed);
  co_return json_response(200, folder_object_v4(*changed, parent ? &*parent : nullptr));
}

Task<Reply> delete_folder_v4(Exchange& exchange) {
  const auto ref = parse_entry_ref(exchange.path.text("id"));
  if (!ref) co_return std::unexpected(not_found(Thing::kFolder));
  const vault::AccountId owner = exchange.account().id;
  const auto folder = co_await find_folder(exchange.vault, owner, *ref);
  if (!folder) co_return std::unexpected(not_found(Thing::kFolder));
  const auto removed = co_await exchange.vault.folders().remove(exchange.actor(), folder->id);
  if (!removed) co_return std::unexpected(translate(removed.error(), Thing::kFolder));
  co_return json_response(200, {{"message", "Папка и все вложения успешно удалены"}});
}

}  // namespace coffer::apis::streamvault
