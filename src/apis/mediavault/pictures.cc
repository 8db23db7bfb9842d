// Pictures of media: thumbnails, and sizes on request.
#include <utility>

#include "apis/kit/picture_reply.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

// A file that may be seen, and by whom.
struct Visible {
  vault::Entry file;
  bool is_own = false;  // of a caller with credentials of its own
};

// The caller's own by whatever names it; any file by its share token.
Task<std::expected<Visible, Problem>> find_visible(RequestContext& context) {
  const bool has_account = context.caller && !context.account().is_guest;
  if (has_account) {
    auto own = co_await find_media(context, "id");
    if (own) co_return Visible{std::move(*own), true};
  }
  const auto id = parse_media_id(context.path.text("id"));
  if (const auto* token = id ? std::get_if<Uuid>(&*id) : nullptr) {
    auto shared = co_await context.vault.shares().find(*token);
    if (shared && !shared->entry.is_folder()) co_return Visible{std::move(shared->entry), false};
  } else if (!context.caller) {
    // Numbers name nothing to callers without an account, not even what is not there.
    co_return std::unexpected(
        Problem(ProblemKind::kNoCredentials, "Log in and send the token with the request"));
  }
  co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such media"));
}

}  // namespace

Task<Reply> send_thumbnail(RequestContext& context) {
  auto found = co_await find_visible(context);
  if (!found) co_return std::unexpected(found.error());
  const vault::Entry& file = found->file;
  auto thumbnail = co_await context.vault.pictures().thumbnail(file);
  if (!thumbnail) co_return std::unexpected(thumbnail.error());
  co_return picture_response(context.request, file, std::move(*thumbnail));
}

Task<Reply> send_image(RequestContext& context) {
  auto found = co_await find_visible(context);
  if (!found) co_return std::unexpected(found.error());
  auto spec = parse_picture(context.request.uri);
  if (!spec) co_return std::unexpected(spec.error());
  if (!found->is_own) *spec = spec->on_ladder();
  auto picture =
      co_await context.vault.pictures().render(found->file, *spec, *context.request.body);
  if (!picture) co_return std::unexpected(picture.error());
  co_return picture_response(context.request, found->file, std::move(*picture));
}

}  // namespace coffer::apis::mediavault
