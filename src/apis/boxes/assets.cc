#include "apis/boxes/asset_fields.h"
#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/boxes/lists.h"
#include "apis/boxes/lookup.h"
#include "apis/boxes/wire.h"
#include "apis/kit/file_reply.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/picture_reply.h"
#include "apis/kit/rest_framework.h"
#include "base/text.h"

namespace coffer::apis::boxes {
namespace {

// As long as the document's storage lets its files be kept.
constexpr std::string_view kPublicCache = "public, max-age=86400";

// The filters of the query, but for the box.
std::expected<vault::AssetFilter, Problem> asset_filter(RequestContext& context) {
  const http::Target& uri = context.request.uri;
  vault::AssetFilter filter{.owner = context.account().id};
  const auto type = uri.parameter("asset_type");
  if (type && !type->empty()) {
    if (*type != kAssetTypes[0] && *type != kAssetTypes[1]) {
      return std::unexpected(Problem::field(
          "asset_type", "Select a valid choice. That choice is not one of the available choices."));
    }
    filter.kind = *type == kAssetTypes[0] ? vault::FileKind::kImage : vault::FileKind::kVideo;
  }
  const auto favorite = uri.parameter("is_favorite");
  if (favorite && !favorite->empty()) {
    filter.is_favorite = rest_boolean(trim(*favorite));
    if (!filter.is_favorite) {
      return std::unexpected(Problem::field("is_favorite", "Must be a valid boolean."));
    }
  }
  return filter;
}

Task<Reply> list_some_assets(RequestContext& context, vault::AssetFilter filter) {
  const auto page = page_request(context.request);
  if (!page) co_return std::unexpected(page.error());
  auto& assets = context.vault.assets();
  const auto render = [urls = FileUrls(context)](const vault::ListedAsset& listed) {
    return asset_object(urls, listed.asset);
  };
  if (*page) {
    const auto read = [&assets, filter](std::uint64_t skip, vault::PageLimit limit) {
      return assets.list({.filter = filter, .skip = skip, .limit = limit});
    };
    const std::uint64_t count = co_await assets.count(filter);
    const PageRequest shown = (*page)->among(count);
    Reply reply = co_await page_reply(context, shown, count, page_elements(shown, read, render));
    co_return reply;
  }
  // Pages of a hundred, for each one sorts the assets of its box or project.
  constexpr std::size_t kRows = 100;
  const auto read = [&assets, filter](std::optional<vault::AssetPosition> after) {
    return assets.list({.filter = filter, .after = after, .limit = kRows});
  };
  const auto cursor_of = [](const vault::ListedAsset& listed) {
    return std::optional<vault::AssetPosition>(listed.position);
  };
  Reply reply =
      co_await array_reply(pages(std::optional<vault::AssetPosition>(), read, cursor_of, render));
  co_return reply;
}

}  // namespace

Task<Reply> list_assets(RequestContext& context) {
  auto filter = asset_filter(context);
  if (!filter) co_return std::unexpected(filter.error());
  const auto box = co_await box_filter(context);
  if (!box) co_return std::unexpected(box.error());
  filter->box = *box;
  Reply reply = co_await list_some_assets(context, *filter);
  co_return reply;
}

Task<Reply> list_assets_of_box(RequestContext& context) {
  auto filter = asset_filter(context);
  if (!filter) co_return std::unexpected(filter.error());
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  filter->box = box->id;
  Reply reply = co_await list_some_assets(context, *filter);
  co_return reply;
}

Task<Reply> show_asset(RequestContext& context) {
  const auto asset = co_await find_asset(context);
  if (!asset) co_return std::unexpected(asset.error());
  co_return json_response(200, asset_object(FileUrls(context), *asset));
}

Task<Reply> update_asset(RequestContext& context) {
  const auto asset = co_await find_asset(context);
  if (!asset) co_return std::unexpected(asset.error());
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  co_await resolve_ids(context, *body, fields, "parent_asset", Referred::kAsset);
  co_await resolve_ids(context, *body, fields, "box", Referred::kBox);
  vault::AssetFields wanted = asset_fields(fields);
  const bool is_whole = context.request.method == http::Method::kPut;
  if (is_whole || fields.has("box")) wanted.box = vault::EntryId{fields.key("box")};
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.assets().update(context.actor(), asset->file.id, wanted);
  if (!updated) co_return std::unexpected(translate(updated.error(), wanted));
  co_return json_response(200, asset_object(FileUrls(context), *updated));
}

Task<Reply> delete_asset(RequestContext& context) {
  const auto asset = co_await find_asset(context);
  if (!asset) co_return std::unexpected(asset.error());
  const auto removed = co_await context.vault.files().remove(context.actor(), asset->file.id);
  if (!removed) co_return std::unexpected(translate(removed.error()));
  co_return no_content();
}

Task<Reply> reorder_assets(RequestContext& context) {
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  co_await resolve_ids(context, *body, fields, "asset_ids", Referred::kAsset, vault::kAssetsMax);
  std::vector<vault::EntryId> ids;
  for (const std::int64_t id : fields.keys("asset_ids", vault::kAssetsMax)) ids.push_back({id});
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto ordered = co_await context.vault.assets().reorder(context.actor(), std::move(ids));
  if (!ordered && ordered.error().code == vault::FailureCode::kNotFound) co_return foreign_items();
  if (!ordered) co_return std::unexpected(translate(ordered.error()));
  co_return json_response(200, {{"status", "ok"}});
}

Task<Reply> favor_asset(RequestContext& context) {
  const auto asset = co_await find_asset(context);
  if (!asset) co_return std::unexpected(asset.error());
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const auto wanted = fields.optional_boolean("is_favorite");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  auto& assets = context.vault.assets();
  const vault::EntryId id = asset->file.id;
  vault::AssetFields change;
  change.is_favorite = wanted;
  auto command = wanted ? assets.update(context.actor(), id, change)
                        : assets.toggle_favorite(context.actor(), id);
  const auto updated = co_await std::move(command);
  if (!updated) co_return std::unexpected(translate(updated.error()));
  co_return json_response(200, asset_object(FileUrls(context), *updated));
}

Task<Reply> send_public_file(RequestContext& context) {
  const auto share = share_in(context.path.text("file"));
  if (!share) co_return std::unexpected(not_found());
  const auto file = co_await context.vault.assets().find_public(*share);
  if (!file) co_return std::unexpected(not_found());
  Reply reply = co_await file_reply(context, *file, "inline");
  if (reply && reply->status < 400) reply->headers.set("Cache-Control", std::string(kPublicCache));
  co_return reply;
}

Task<Reply> send_public_thumbnail(RequestContext& context) {
  const auto share = share_in(context.path.text("file"));
  if (!share) co_return std::unexpected(not_found());
  const auto file = co_await context.vault.assets().find_public(*share);
  if (!file) co_return std::unexpected(not_found());
  auto thumbnail = co_await context.vault.pictures().thumbnail(*file);
  if (!thumbnail) co_return std::unexpected(thumbnail.error());
  http::Response response = picture_response(context.request, *file, std::move(*thumbnail));
  if (response.status < 400) response.headers.set("Cache-Control", std::string(kPublicCache));
  co_return response;
}

}  // namespace coffer::apis::boxes
