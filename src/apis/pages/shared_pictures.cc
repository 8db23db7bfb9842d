#include "apis/pages/shared_pictures.h"

#include <utility>

#include "apis/kit/picture_reply.h"

namespace coffer::apis::pages {
namespace {

Task<Reply> thumbnail_reply(RequestContext& context, const vault::Entry& file) {
  auto thumbnail = co_await context.vault.pictures().thumbnail(file);
  if (!thumbnail) co_return std::unexpected(thumbnail.error());
  co_return picture_response(context.request, file, std::move(*thumbnail));
}

Task<Reply> image_reply(RequestContext& context, const vault::Entry& file) {
  const auto spec = parse_picture(context.request.uri);
  if (!spec) co_return std::unexpected(spec.error());
  auto picture =
      co_await context.vault.pictures().render(file, spec->on_ladder(), *context.request.body);
  if (!picture) co_return std::unexpected(picture.error());
  co_return picture_response(context.request, file, std::move(*picture));
}

}  // namespace

Task<Reply> picture_reply(RequestContext& context, const vault::Entry& file, Rendition rendition) {
  if (rendition == Rendition::kImage) {
    Reply image = co_await image_reply(context, file);
    co_return image;
  }
  Reply thumbnail = co_await thumbnail_reply(context, file);
  co_return thumbnail;
}

}  // namespace coffer::apis::pages
