#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "apis/kit/conditional.h"
#include "apis/kit/json.h"
#include "apis/kit/share_link.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/optional_body.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/wire.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

using vault::ShareLink;

constexpr std::string_view kSharePrefix = "share_";

Problem no_such_share() { return {ProblemKind::kNotFound, "There is no such share"}; }

std::expected<vault::ShareLinkId, Problem> share_of(const RequestContext& context) {
  const std::string& text = context.path.text("id");
  if (!text.starts_with(kSharePrefix)) return std::unexpected(no_such_share());
  const auto id =
      vault::parse_id<vault::ShareLinkId>(std::string_view(text).substr(kSharePrefix.size()));
  if (!id) return std::unexpected(no_such_share());
  return *id;
}

boost::json::object share_object(const RequestContext& context, const ShareLink& link) {
  boost::json::value media;
  boost::json::value collection;
  if (const auto* file = std::get_if<vault::EntryId>(&link.target)) media = media_id(*file);
  if (const auto* id = std::get_if<vault::CollectionId>(&link.target)) {
    collection = collection_id(*id);
  }
  return {{"id", std::string(kSharePrefix) + std::to_string(link.id.value)},
          {"url", context.client.base_url + share_path(link.token)},
          {"token", link.token.str()},
          {"media_id", std::move(media)},
          {"collection_id", std::move(collection)},
          {"has_password", link.has_password()},
          {"expires_at", json_or_null(link.expires_at)},
          {"max_downloads", json_or_null(link.max_downloads)},
          {"downloads", link.downloads},
          {"allow_download", link.allow_download},
          {"user_id", user_id(link.owner)},
          {"created_at", to_iso8601(link.created_at)},
          {"updated_at", to_iso8601(link.updated_at)}};
}

http::Response reply_with(RequestContext& context, const ShareLink& link, unsigned status = 200) {
  boost::json::object object = share_object(context, link);
  const std::string etag = entity_tag(link.state_tag(), object);
  http::Response response = success(context, std::move(object), status);
  response.headers.set("ETag", etag);
  return response;
}

// The fields of a policy that are there; null clears.
vault::ShareLinkChanges read_policy(const RequestContext& context, Fields& fields) {
  vault::ShareLinkChanges changes;
  changes.password = fields.nullable_text("password");
  changes.expires_at = fields.nullable_time("expires_at");
  changes.max_downloads = fields.nullable_integer("max_downloads", 1, vault::kShareDownloadsMax);
  changes.allow_download = fields.optional_boolean("allow_download");
  fields.add(context.vault.share_links().faults_of(changes));
  return changes;
}

Task<Reply> create_share(RequestContext& context, vault::Shareable target) {
  const auto body = co_await read_optional_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::ShareLinkChanges given = read_policy(context, fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  vault::ShareLinkPolicy policy;
  policy.password = std::move(given.password).value_or(std::nullopt);
  policy.expires_at = given.expires_at.value_or(std::nullopt);
  policy.max_downloads = given.max_downloads.value_or(std::nullopt);
  policy.allow_download = given.allow_download.value_or(true);
  const auto link =
      co_await context.vault.share_links().create(context.actor(), target, std::move(policy));
  if (!link) co_return std::unexpected(link.error());
  co_return reply_with(context, *link, 201);
}

std::string name_of_list(const std::optional<vault::Shareable>& target) {
  if (!target) return "shares";
  if (const auto* file = std::get_if<vault::EntryId>(&*target)) return "shares " + media_id(*file);
  return "shares " + collection_id(std::get<vault::CollectionId>(*target));
}

Task<Reply> list_links(RequestContext& context, std::optional<vault::Shareable> target,
                       std::string path) {
  const vault::AccountId owner = context.account().id;
  vault::NamedList list{.owner = owner, .name = name_of_list(target)};
  const auto page = parse_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  vault::ShareLinkQuery query{
      .target = target, .offset = page->offset(), .limit = page->page.per_page + 1};
  if (page->after) query.before = vault::ShareLinkId{page->after->number};
  auto found = co_await context.vault.share_links().list(owner, query);
  std::optional<vault::EntryPosition> next;
  if (drop_extra(found.links, *page)) {
    next = vault::EntryPosition{.number = found.links.back().id.value};
  }
  boost::json::array data(&context.memory);
  for (const ShareLink& link : found.links) data.push_back(share_object(context, link));
  co_return page_reply(context, *page, path, std::move(data), found.total, next);
}

// The collection that the path names, if it is the caller's.
Task<vault::Result<vault::Collection>> find_collection(RequestContext& context) {
  const auto id = parse_collection_id(context.path.text("id"));
  if (!id) co_return vault::fail(vault::FailureCode::kNotFound, "There is no such collection");
  auto found = co_await context.vault.collections().find(context.account().id, *id);
  co_return found;
}

}  // namespace

Task<Reply> share_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  Reply reply = co_await create_share(context, entry->id);
  co_return reply;
}

Task<Reply> share_collection(RequestContext& context) {
  const auto collection = co_await find_collection(context);
  if (!collection) co_return std::unexpected(collection.error());
  Reply reply = co_await create_share(context, collection->id);
  co_return reply;
}

Task<Reply> list_shares(RequestContext& context) {
  Reply reply = co_await list_links(context, std::nullopt, "/shares");
  co_return reply;
}

Task<Reply> list_shares_of_media(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  std::string path = "/media/" + context.path.text("id") + "/shares";
  Reply reply = co_await list_links(context, entry->id, std::move(path));
  co_return reply;
}

Task<Reply> list_shares_of_collection(RequestContext& context) {
  const auto collection = co_await find_collection(context);
  if (!collection) co_return std::unexpected(collection.error());
  std::string path = "/collections/" + context.path.text("id") + "/shares";
  Reply reply = co_await list_links(context, collection->id, std::move(path));
  co_return reply;
}

Task<Reply> show_share(RequestContext& context) {
  const auto id = share_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto link = co_await context.vault.share_links().find(context.account().id, *id);
  if (!link) co_return std::unexpected(link.error());
  co_return reply_with(context, *link);
}

Task<Reply> update_share(RequestContext& context) {
  const auto id = share_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto body = co_await read_optional_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::ShareLinkChanges changes = read_policy(context, fields);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto link = co_await context.vault.share_links().update(
      context.actor(), *id, std::move(changes), if_match(context.request));
  if (!link) co_return std::unexpected(link.error());
  co_return reply_with(context, *link);
}

Task<Reply> revoke_share(RequestContext& context) {
  const auto id = share_of(context);
  if (!id) co_return std::unexpected(id.error());
  const auto revoked =
      co_await context.vault.share_links().revoke(context.actor(), *id, if_match(context.request));
  if (!revoked) co_return std::unexpected(revoked.error());
  co_return success(context, {{"id", context.path.text("id")}, {"deleted", true}});
}

}  // namespace coffer::apis::mediavault
