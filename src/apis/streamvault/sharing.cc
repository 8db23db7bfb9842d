#include <boost/json/object.hpp>

#include "apis/gateway/accept.h"
#include "apis/kit/file_reply.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/qr_image.h"
#include "apis/kit/rest_framework.h"
#include "apis/kit/share_link.h"
#include "apis/streamvault/errors.h"
#include "apis/streamvault/handlers.h"
#include "apis/streamvault/lookup.h"
#include "apis/streamvault/wire.h"

namespace coffer::apis::streamvault {
namespace {

constexpr std::string_view kPng = ".png";
constexpr std::string_view kSvg = ".svg";

std::string qr_url(const RequestContext& context, const vault::Entry& entry,
                   std::string_view ending) {
  std::string url = context.client.base_url + "/storage/media/qr/" + entry.share.str();
  url += ending;
  return url;
}

boost::json::object share_object(const RequestContext& context, const vault::Entry& entry) {
  boost::json::value expires_at;
  if (entry.share_expires_at) expires_at = to_iso8601(*entry.share_expires_at);
  return {{"token", entry.share.str()},
          {"name", entry.name},
          {"is_folder", entry.is_folder()},
          {"expires_at", std::move(expires_at)},
          {"share_url", context.client.base_url + share_path(entry.share)},
          {"qr_url", qr_url(context, entry, kPng)}};
}

// The picture itself.
http::Response qr_response(const RequestContext& context, const vault::Entry& entry, bool is_svg) {
  const std::string url = context.client.base_url + share_path(entry.share);
  auto response = is_svg ? http::Response::text(200, "image/svg+xml", qr_svg(url))
                         : http::Response::text(200, "image/png", qr_png(url));
  response.headers.set("X-Content-Type-Options", "nosniff");
  response.headers.set("Cache-Control", "private, no-cache");
  return response;
}

// `<token>.png`, `<token>.svg`.
struct QrName {
  Uuid token;
  bool is_svg = false;
};
std::optional<QrName> parse_qr_name(std::string_view name) {
  const bool is_svg = name.ends_with(kSvg);
  if (!is_svg && !name.ends_with(kPng)) return std::nullopt;
  name.remove_suffix(kPng.size());
  const auto token = Uuid::parse(name);
  if (!token) return std::nullopt;
  return QrName{*token, is_svg};
}

}  // namespace

Task<Reply> show_qr(RequestContext& context) {
  const auto found = co_await find_shared(context);
  if (!found) co_return std::unexpected(found.error());
  const vault::Entry& entry = found->entry;
  const auto format = context.request.uri.parameter("format");
  if (format && *format != "png" && *format != "svg") {
    co_return std::unexpected(Problem::field("format", "Must be png or svg."));
  }
  const bool is_svg = format && *format == "svg";
  // An <img> of the document's own web client has this address.
  const bool wants_picture =
      accept_quality(context.request, is_svg ? "image/svg+xml" : "image/png") >
      accept_quality(context.request, "application/json");
  auto response =
      wants_picture
          ? qr_response(context, entry, is_svg)
          : json_response(200, {{"qr_url", qr_url(context, entry, is_svg ? kSvg : kPng)},
                                {"share_url", context.client.base_url + share_path(entry.share)}});
  response.headers.set("Vary", "Accept");
  co_return response;
}

Task<Reply> show_share(RequestContext& context) {
  const auto entry = co_await find_own(context);
  if (!entry) co_return std::unexpected(entry.error());
  co_return json_response(200, share_object(context, *entry));
}

Task<Reply> limit_share(RequestContext& context) {
  const auto entry = co_await find_own(context);
  if (!entry) co_return std::unexpected(entry.error());
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const auto expires_at = fields.nullable_time("expires_at");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto changed =
      co_await context.vault.shares().set_expiry(context.actor(), entry->id, expires_at);
  if (!changed) co_return std::unexpected(translate(changed.error(), Resource::kFile));
  co_return json_response(200, share_object(context, *changed));
}

Task<Reply> revoke_share(RequestContext& context) {
  const auto entry = co_await find_own(context);
  if (!entry) co_return std::unexpected(entry.error());
  const auto changed = co_await context.vault.shares().rotate(context.actor(), entry->id);
  if (!changed) co_return std::unexpected(translate(changed.error(), Resource::kFile));
  co_return json_response(200, share_object(context, *changed));
}

Task<Reply> download_qr(RequestContext& context) {
  const auto name = parse_qr_name(context.path.text("file"));
  if (!name) co_return std::unexpected(not_found(Resource::kFile));
  const auto shared = co_await context.vault.shares().find(name->token);
  if (!shared) co_return std::unexpected(not_found(Resource::kFile));
  co_return qr_response(context, shared->entry, name->is_svg);
}

Task<Reply> download_media(RequestContext& context) {
  // The UUID is the permission; the name may be one that the file had before.
  const std::string& segment = context.path.text("file");
  constexpr std::size_t kUuidLength = 36;
  const auto uuid = Uuid::parse(std::string_view(segment).substr(0, kUuidLength));
  const bool has_name = segment.size() > kUuidLength && segment[kUuidLength] == '_';
  if (!uuid || !has_name) co_return std::unexpected(not_found(Resource::kFile));
  const auto file = co_await context.vault.shares().find_media(*uuid);
  if (!file) co_return std::unexpected(not_found(Resource::kFile));
  std::string folder = "uploads";
  for (const char* part : {"year", "month", "day"}) folder += '/' + context.path.text(part);
  if (!media_path(*file).starts_with(folder + '/')) {
    co_return std::unexpected(not_found(Resource::kFile));
  }
  Reply reply = co_await file_reply(context, *file, "inline");
  co_return reply;
}

}  // namespace coffer::apis::streamvault
