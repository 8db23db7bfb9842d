#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/conditional.h"
#include "apis/kit/file_reply.h"
#include "apis/kit/find_entry.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/media_form.h"
#include "apis/mediavault/media_list.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::size_t kChecksumsMax = 1000;
// Whether a deletion leaves the trash out: `?permanent=true`.
std::expected<bool, Problem> is_permanent(const http::Target& uri) {
  const auto value = uri.parameter("permanent");
  if (!value || *value == "false") return false;
  if (*value == "true") return true;
  return std::unexpected(Problem::field("permanent", "Must be true or false"));
}

}  // namespace

Task<vault::Result<vault::Entry>> find_media(RequestContext& context, std::string_view parameter) {
  const auto id = parse_media_id(context.path.text(parameter));
  if (!id) co_return vault::fail(vault::FailureCode::kNotFound, "There is no such media");
  auto entry = co_await find_file(context.vault, context.account().id, *id);
  co_return entry;
}

Task<Reply> list_media(RequestContext& context) {
  const auto list = parse_list(context, std::nullopt);
  if (!list) co_return std::unexpected(list.error());
  Reply reply = co_await list_page(context, *list, "/media");
  co_return reply;
}

Task<Reply> show_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  const auto collections = co_await collections_of(context, *entry);
  http::Response response = success(context, media_object(context, *entry, collections));
  response.headers.set("ETag", entity_tag(vault::state_tag(*entry, collections)));
  co_return response;
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
  changes.precondition = if_match(context.request, vault::kSetTagLength);
  fields.add(about_media(vault::Entries::faults_of(changes)));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.entries().update(context.actor(), entry->id, std::move(changes));
  if (!updated) co_return std::unexpected(about_media(updated.error()));
  const auto collections = co_await collections_of(context, *updated);
  http::Response response = success(context, media_object(context, *updated, collections));
  response.headers.set("ETag", entity_tag(vault::state_tag(*updated, collections)));
  co_return response;
}

Task<Reply> delete_media(RequestContext& context) {
  const auto permanent = is_permanent(context.request.uri);
  if (!permanent) co_return std::unexpected(permanent.error());
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  std::optional<Time> restorable_until;
  if (*permanent) {
    const auto removed = co_await context.vault.files().remove(
        context.actor(), entry->id, if_match(context.request, vault::kSetTagLength));
    if (!removed) co_return std::unexpected(removed.error());
  } else {
    const auto until = co_await context.vault.trash().put(
        context.actor(), entry->id, if_match(context.request, vault::kSetTagLength));
    if (!until) co_return std::unexpected(until.error());
    restorable_until = *until;
  }
  ObjectWriter data = media_members(context, *entry, {}, FileLinks::kNone);
  data.member("deleted", true).member("restorable_until", restorable_until);
  co_return success(context, data.finish());
}

Task<Reply> download_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  Reply reply = co_await file_reply(context, *entry, "inline");
  co_return reply;
}

Task<Reply> find_existing(RequestContext& context) {
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  if (!fields.has("checksums")) fields.fault("checksums", "This field is required");
  const auto checksums = fields.texts("checksums").value_or(std::vector<std::string>());
  if (checksums.size() > kChecksumsMax) fields.fault("checksums", "Must be 1,000 at most");
  std::vector<Sha256Digest> digests;
  for (const std::string& text : checksums) {
    const auto digest = parse_checksum(text);
    if (!digest) {
      fields.fault("checksums", "Must each be sha256: and 64 hexadecimal digits");
      break;
    }
    digests.push_back(*digest);
  }
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto found =
      co_await context.vault.entries().find_by_digests(context.account().id, std::move(digests));
  boost::json::object data(&context.memory);
  for (std::size_t i = 0; i < checksums.size(); ++i) {
    boost::json::value& id = data[checksums[i]];
    if (found[i]) id = media_id(*found[i]);
  }
  co_return success(context, std::move(data));
}

}  // namespace coffer::apis::mediavault
