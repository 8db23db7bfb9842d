#include <vector>

#include "apis/kit/conditional.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/mediavault/errors.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/media_form.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

// The bytes that are to be the content of `entry`: the body itself, or the one file of a form.
Task<std::expected<vault::StagedBlob, Problem>> receive_content(RequestContext& context,
                                                                const vault::Entry& entry) {
  http::Request& request = context.request;
  auto boundary = form_boundary(request);
  if (boundary) {
    const MediaFormLimits limits{.max_files = 1, .replaced = entry.charged, .has_texts = false};
    auto form = co_await read_media_form(context, std::move(*boundary), limits);
    if (!form) co_return std::unexpected(std::move(form.error()));
    co_return std::move(form->files.front().staged);
  }
  if (boundary.error().kind == ProblemKind::kInvalid) {
    co_return std::unexpected(std::move(boundary.error()));
  }
  auto staged = co_await context.vault.uploads().receive(context.account().id, *request.body,
                                                         request.body->length(), entry.charged,
                                                         request.body->length());
  if (!staged) co_return std::unexpected(staged.error());
  co_return std::move(*staged);
}

// A failure of a replacement. Its caller may have sent the tag of the object that shows the file.
Problem about_content(const vault::Failure& failure) {
  Problem problem(failure);
  if (problem.kind == ProblemKind::kPreconditionFailed) {
    problem.message =
        "If-Match does not name the bytes that are there; their ETag is that of "
        "GET /media/{id}/content";
  }
  return problem;
}

}  // namespace

Task<Reply> upload_media(RequestContext& context) {
  auto boundary = form_boundary(context.request);
  if (!boundary) co_return std::unexpected(std::move(boundary.error()));
  auto form = co_await read_media_form(context, std::move(*boundary), {});
  if (!form) co_return std::unexpected(std::move(form.error()));
  for (vault::NewFile& file : form->files) {
    file.title = form->title;
    file.description = form->description;
    file.tags = form->tags;
  }
  const auto entries = co_await context.vault.uploads().commit(
      context.actor(), context.account().home, std::move(form->files));
  if (!entries) co_return std::unexpected(about_media(entries.error()));
  std::vector<WrittenJson> media;
  for (const vault::Entry& entry : *entries) media.push_back(media_object(context, entry));
  co_return uploaded(context, media);
}

Task<Reply> replace_content(RequestContext& context) {
  const auto entry = co_await find_media(context, "id");
  if (!entry) co_return std::unexpected(entry.error());
  vault::Precondition precondition = if_match(context.request);
  // Before all the bytes are sent, and again when they are committed.
  const auto allowed = vault::check_precondition(precondition, entry->content_tag());
  if (!allowed) co_return std::unexpected(about_content(allowed.error()));
  auto staged = co_await receive_content(context, *entry);
  if (!staged) co_return std::unexpected(std::move(staged.error()));
  const auto replaced = co_await context.vault.files().replace(
      context.actor(), entry->id, std::move(*staged), std::move(precondition));
  if (!replaced) co_return std::unexpected(about_content(replaced.error()));
  const auto collections = co_await collections_of(context, *replaced);
  http::Response response = success(context, media_object(context, *replaced, collections));
  // Of what a GET of the same path gives from now on.
  response.headers.set("ETag", entity_tag(replaced->content_tag()));
  co_return response;
}

}  // namespace coffer::apis::mediavault
