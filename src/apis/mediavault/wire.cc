#include "apis/mediavault/wire.h"

#include <utility>
#include <variant>

#include "apis/kit/conditional.h"
#include "apis/kit/json.h"
#include "apis/kit/json_text.h"
#include "apis/kit/json_writer.h"
#include "apis/kit/picture_reply.h"
#include "base/fingerprint.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kApiVersion = "1.0.0";
constexpr std::string_view kMediaPrefix = "media_";
constexpr std::string_view kCollectionPrefix = "col_";

// Null until it is worked out.
std::optional<std::string> checksum(const vault::Entry& entry) {
  if (!entry.checksum) return std::nullopt;
  return "sha256:" + entry.checksum->hex();
}

// Empty until there is one.
std::string thumbnail_url(const std::string& base, const vault::Entry& entry) {
  if (!entry.media || !entry.media->thumbnail) return {};
  return base + "/thumbnail?" + picture_version(entry);
}

std::optional<std::string_view> status_reason(const vault::Entry& entry, vault::MediaState state) {
  if (state != vault::MediaState::kFailed || !entry.media->failure) return std::nullopt;
  return vault::describe(*entry.media->failure);
}

std::optional<std::string_view> codec(const vault::MediaFacts& facts) {
  if (facts.codec.empty()) return std::nullopt;
  return facts.codec;
}

std::optional<WrittenJson> location(const vault::MediaFacts& facts) {
  if (!facts.location) return std::nullopt;
  return ObjectWriter()
      .member("latitude", facts.location->latitude())
      .member("longitude", facts.location->longitude())
      .finish();
}

std::vector<std::string> collection_ids(std::span<const vault::CollectionId> ids) {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for (const vault::CollectionId id : ids) out.push_back(collection_id(id));
  return out;
}

}  // namespace

std::string media_id(vault::EntryId id) {
  return std::string(kMediaPrefix) + std::to_string(id.value);
}

std::string collection_id(vault::CollectionId id) {
  return std::string(kCollectionPrefix) + std::to_string(id.value);
}

std::string user_id(vault::AccountId id) { return "user_" + std::to_string(id.value); }

boost::json::object envelope(RequestContext& context, boost::json::value data) {
  const Time now = context.vault.clock().now();
  return {{{"success", true},
           {"data", std::move(data)},
           {"meta", {{"timestamp", to_iso8601(now)}, {"version", kApiVersion}}}},
          &context.memory};
}

http::Response success(RequestContext& context, boost::json::value data, unsigned status) {
  return json_response(status, envelope(context, std::move(data)));
}

ObjectWriter meta_members(RequestContext& context) {
  ObjectWriter meta;
  meta.member("timestamp", context.vault.clock().now()).member("version", kApiVersion);
  return meta;
}

http::Response success(const WrittenJson& data, const WrittenJson& meta, unsigned status) {
  ObjectWriter reply;
  reply.reserve(data.text.size() + meta.text.size() + 64);
  reply.member("success", true).member("data", data).member("meta", meta);
  return http::Response::text(status, "application/json", reply.finish().text);
}

http::Response success(RequestContext& context, const WrittenJson& data, unsigned status) {
  return success(data, meta_members(context).finish(), status);
}

void tag_list(http::Response& response) {
  if (response.rest) return;
  // No string of the list can hold these quotes.
  constexpr std::string_view kTimeBegins = R"("meta":{"timestamp":")";
  const std::string_view shown = std::get<std::string>(response.body.front());
  const std::size_t begin = shown.rfind(kTimeBegins) + kTimeBegins.size();
  const std::size_t end = shown.find('"', begin);
  const std::string tag = fingerprint({shown.substr(0, begin), shown.substr(end)});
  response.headers.set("ETag", entity_tag(tag));
}

namespace {

Task<Reply> tagged_when_whole(Task<Reply> made) {
  Reply reply = co_await std::move(made);
  if (reply) tag_list(*reply);
  co_return reply;
}

}  // namespace

Task<Reply> list_success(RequestContext& context, NextPage data, MakeMeta more_meta) {
  std::string meta = meta_members(context).finish().text;
  MakeText end = [meta = std::move(meta), more_meta = std::move(more_meta)]() mutable {
    // Two objects that are not empty, one behind the other.
    meta.back() = ',';
    meta += json_text(more_meta()).substr(1);
    return ",\"meta\":" + meta + '}';
  };
  ListDocument document;
  document.text(R"({"success":true,"data":)").array(std::move(data)).text(std::move(end));
  return tagged_when_whole(list_reply(std::move(document)));
}

boost::json::object user_object(const vault::Account& account) {
  return {{"id", user_id(account.id)},
          {"uuid", account.uuid.str()},
          {"username", account.username},
          {"email", json_or_null(account.email)},
          {"is_admin", account.is_admin},
          // What is compared: `used` may not pass `quota`.
          {"quota", json_or_null(account.quota)},
          {"used", account.charged},
          {"quota_bytes", json_or_null(account.quota)},
          {"used_bytes", account.used},
          {"charged_bytes", account.charged},
          {"created_at", to_iso8601(account.created_at)},
          {"updated_at", to_iso8601(account.updated_at)}};
}

ObjectWriter media_members(vault::Vault& vault, std::string_view api_url, const vault::Entry& entry,
                           std::span<const vault::CollectionId> collections, FileLinks links) {
  static const vault::MediaFacts kNoFacts;
  const vault::MediaFacts& facts = entry.media ? entry.media->facts : kNoFacts;
  const vault::MediaState state = vault.pictures().state_of(entry);
  const std::string id = media_id(entry.id);
  std::string url;
  std::string thumbnail;
  if (links == FileLinks::kShown) {
    url.append(api_url).append("/media/").append(id);
    thumbnail = thumbnail_url(url, entry);
    url += "/content";
  }
  ObjectWriter media;
  media.reserve(kMediaObjectBytes);
  media.member("id", id)
      .member("uuid", entry.uuid.str())
      .member("type", vault::name_of(entry.type.kind))
      .member("filename", entry.name)
      .member("media_type", entry.type.media_type)
      .member("size", entry.size)
      .member("checksum", checksum(entry))
      .member("url", url)
      .member("thumbnail_url", thumbnail)
      .member("status", vault::name_of(state))
      .member("status_reason", status_reason(entry, state))
      .member("width", facts.width)
      .member("height", facts.height)
      .member("duration", facts.duration())
      .member("codec", codec(facts))
      .member("taken_at", facts.taken_at)
      .member("location", location(facts))
      .member("title", entry.title)
      .member("description", entry.description)
      .member("tags", std::span<const std::string>(entry.tags))
      .member("collections", std::span<const std::string>(collection_ids(collections)))
      .member("user_id", user_id(entry.owner))
      .member("created_at", entry.created_at)
      .member("updated_at", entry.updated_at);
  return media;
}

ObjectWriter media_members(RequestContext& context, const vault::Entry& entry,
                           std::span<const vault::CollectionId> collections, FileLinks links) {
  return media_members(context.vault, api_url_of(context), entry, collections, links);
}

WrittenJson media_object(RequestContext& context, const vault::Entry& entry,
                         std::span<const vault::CollectionId> collections) {
  return media_members(context, entry, collections, FileLinks::kShown).finish();
}

http::Response uploaded(RequestContext& context, std::span<const WrittenJson> media) {
  if (media.size() == 1) return success(context, media.front(), 201);
  WrittenJson all;
  append_json(all.text, media);
  return success(context, all, 201);
}

std::string api_url_of(const RequestContext& context) {
  std::string url = context.client.base_url;
  url += context.mount;
  return url;
}

Task<std::vector<std::vector<vault::CollectionId>>> collections_of(
    vault::Vault& vault, vault::AccountId owner, std::span<const vault::Entry> entries) {
  std::vector<vault::EntryId> ids;
  ids.reserve(entries.size());
  for (const vault::Entry& entry : entries) ids.push_back(entry.id);
  auto collections = co_await vault.collections().of(owner, ids);
  co_return collections;
}

Task<std::vector<vault::CollectionId>> collections_of(RequestContext& context,
                                                      const vault::Entry& entry) {
  const vault::EntryId ids[] = {entry.id};
  auto collections = co_await context.vault.collections().of(entry.owner, ids);
  co_return std::move(collections.front());
}

boost::json::object collection_object(const vault::Collection& collection) {
  return {{"id", collection_id(collection.id)},
          {"name", collection.name},
          {"description", json_or_null(collection.description)},
          {"media_count", collection.files},
          {"user_id", user_id(collection.owner)},
          {"created_at", to_iso8601(collection.created_at)},
          {"updated_at", to_iso8601(collection.updated_at)}};
}

std::optional<vault::CollectionId> parse_collection_id(std::string_view text) {
  if (text.starts_with(kCollectionPrefix)) text.remove_prefix(kCollectionPrefix.size());
  const auto number = parse_unsigned(text);
  if (!number || *number > INT64_MAX) return std::nullopt;
  return vault::CollectionId{static_cast<std::int64_t>(*number)};
}

std::optional<EntryRef> parse_media_id(std::string_view text) {
  if (text.starts_with(kMediaPrefix)) {
    const auto id = vault::parse_id<vault::EntryId>(text.substr(kMediaPrefix.size()));
    if (!id) return std::nullopt;
    return *id;
  }
  return parse_entry_ref(text);
}

}  // namespace coffer::apis::mediavault
