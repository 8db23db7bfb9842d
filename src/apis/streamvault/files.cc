#include <boost/json/object.hpp>

#include "apis/common/form.h"
#include "apis/common/json.h"
#include "apis/common/rest_framework.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"
#include "base/executor.h"
#include "base/text.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::size_t kNameMax = 255;  // characters
constexpr std::size_t kPage = 500;
// Of one reply; the next one goes on behind the last.
constexpr std::size_t kListedMax = 100'000;
constexpr FieldNames kNamesV4{.name = "name", .parent = "folder"};

// The caller's file of the path's `id`.
Task<std::expected<vault::Entry, Problem>> find_own_file(Exchange& exchange) {
  auto entry = co_await find_own(exchange);
  if (entry && entry->is_folder()) co_return std::unexpected(not_found(Thing::kFile));
  co_return entry;
}

// The id after which a list is to go on; nothing when it is none.
std::optional<vault::EntryId> list_start(const http::Target& uri) {
  const auto after = uri.parameter("after");
  if (!after) return vault::EntryId{};
  const auto number = parse_unsigned(*after);
  if (!number || *number > INT64_MAX) return std::nullopt;
  return vault::EntryId{static_cast<std::int64_t>(*number)};
}

}  // namespace

Task<Reply> show_file(Exchange& exchange) {
  const auto file = co_await find_shared(exchange, Thing::kFile);
  if (!file) co_return std::unexpected(file.error());
  const auto folder = co_await parent_of(exchange, *file);
  co_return json_response(200, file_object(exchange, *file, folder ? &*folder : nullptr));
}

Task<Reply> replace_file(Exchange& exchange) {
  const auto file = co_await find_own_file(exchange);
  if (!file) co_return std::unexpected(file.error());
  const vault::AccountId owner = exchange.account().id;
  const auto take = [&](InputStream& content) -> Task<std::expected<vault::Received, Problem>> {
    auto received =
        co_await exchange.vault.uploads().receive(owner, content, std::nullopt, file->size);
    if (!received) co_return std::unexpected(translate(received.error(), Thing::kFile));
    co_return std::move(*received);
  };
  const ReceiveFile receive = [&](const FileForm&, InputStream& content) { return take(content); };
  auto form = co_await read_file_form(exchange, receive);
  if (!form) co_return std::unexpected(std::move(form.error()));
  if (!form->file) {
    co_return std::unexpected(Problem::field("file", no_file(form->fields.contains("file"))));
  }
  const auto replaced =
      co_await exchange.vault.entries().replace(exchange.actor(), file->id, std::move(*form->file));
  if (!replaced) co_return std::unexpected(translate(replaced.error(), Thing::kFile));
  co_return json_response(200, {{"message", "File replaced successfully"}});
}

Task<Reply> move_file(Exchange& exchange) {
  const auto body = co_await read_fields(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const EntryRef ref = fields.reference("file_id");
  fields.require("folder_token");
  const WantedFolder folder = fields.optional_reference("folder_token");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const vault::AccountId owner = exchange.account().id;
  const auto file = co_await find_file(exchange.vault, owner, ref);
  if (!file) co_return std::unexpected(not_found(Thing::kFile));
  const auto place = co_await find_wanted(exchange, folder);
  if (!place) co_return std::unexpected(place.error());
  vault::EntryChanges changes;
  changes.parent = *place;
  const auto moved =
      co_await exchange.vault.entries().update(exchange.actor(), file->id, std::move(changes));
  if (!moved) co_return std::unexpected(translate(moved.error(), Thing::kFile));
  co_return json_response(200, {{"message", "File moved successfully"}});
}

Task<Reply> list_files(Exchange& exchange) {
  auto after = list_start(exchange.request.uri);
  if (!after) co_return std::unexpected(Problem::field("after", "A valid integer is required."));
  Executor& here = Executor::current();
  const vault::AccountId owner = exchange.account().id;
  JsonList list;
  std::size_t count = 0;
  bool ended = false;
  while (!ended && count < kListedMax) {
    const auto page = co_await exchange.vault.entries().walk(owner, *after, kPage);
    const auto folders = co_await exchange.vault.folders().parents_of(page);
    for (const vault::Entry& file : page) {
      list.add(file_object(exchange, file, parent_in(folders, file)));
    }
    count += page.size();
    ended = page.size() < kPage;
    if (!page.empty()) after = page.back().id;
    co_await give_way(here);
  }
  http::Response response = http::Response::text(200, "application/json", list.finish());
  if (!ended) {
    response.headers.set("Link", '<' + exchange.client.base_url + exchange.request.uri.raw_path +
                                     "?after=" + std::to_string(after->value) + ">; rel=\"next\"");
  }
  co_return response;
}

Task<Reply> update_file_v4(Exchange& exchange) {
  const auto file = co_await find_own_file(exchange);
  if (!file) co_return std::unexpected(file.error());
  const auto body = co_await read_fields(exchange.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  if (!fields.has("folder")) fields.require("name");
  vault::EntryChanges changes;
  changes.name = fields.optional_text("name", kNameMax);
  const WantedFolder folder = fields.optional_reference("folder");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto place = co_await find_wanted(exchange, folder);
  if (!place) co_return std::unexpected(place.error());
  changes.parent = *place;
  const auto changed =
      co_await exchange.vault.entries().update(exchange.actor(), file->id, std::move(changes));
  if (!changed) co_return std::unexpected(translate(changed.error(), Thing::kFile, kNamesV4));
  const auto parent = co_await parent_of(exchange, *changed);
  co_return json_response(200, file_object_v4(*changed, parent ? &*parent : nullptr));
}

Task<Reply> delete_file_v4(Exchange& exchange) {
  const auto file = co_await find_own_file(exchange);
  if (!file) co_return std::unexpected(file.error());
  const auto removed = co_await exchange.vault.entries().remove(exchange.actor(), file->id);
  if (!removed) co_return std::unexpected(translate(removed.error(), Thing::kFile));
  co_return json_response(200, {{"message", "Файл успешно удалён"}});
}

}  // namespace coffer::apis::streamvault
