#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/boxes/lists.h"
#include "apis/boxes/lookup.h"
#include "apis/boxes/wire.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/text.h"

namespace coffer::apis::boxes {
namespace {

// What the body says of a project. `is_whole`: the fields that one must have are required.
vault::ProjectFields project_fields(RestFields& fields, bool is_whole) {
  vault::ProjectFields project;
  if (is_whole) fields.require("name");
  project.name = fields.optional_text("name", vault::kProjectNameMax);
  if (project.name) project.name = std::string(trim(*project.name));
  if (const auto status = fields.optional_choice("status", kProjectStatuses)) {
    project.status = static_cast<vault::ProjectStatus>(*status);
  }
  if (const auto ratio = fields.optional_choice("aspect_ratio", kAspectRatios)) {
    project.aspect_ratio = static_cast<vault::AspectRatio>(*ratio);
  }
  return project;
}

}  // namespace

Task<Reply> list_projects(RequestContext& context) {
  const auto page = page_request(context.request);
  if (!page) co_return std::unexpected(page.error());
  auto& projects = context.vault.projects();
  const vault::AccountId owner = context.account().id;
  if (*page) {
    const auto read = [&projects, owner](std::uint64_t skip, vault::PageLimit limit) {
      return projects.list(owner, std::nullopt, skip, limit);
    };
    const std::uint64_t count = co_await projects.count(owner);
    const PageRequest shown = (*page)->among(count);
    Reply reply =
        co_await page_reply(context, shown, count, page_elements(shown, read, project_object));
    co_return reply;
  }
  const auto read = [&projects, owner](std::optional<vault::SpaceId> before) {
    return projects.list(owner, before);
  };
  const auto cursor_of = [](const vault::Project& project) {
    return std::optional<vault::SpaceId>(project.id);
  };
  Reply reply =
      co_await array_reply(pages(std::optional<vault::SpaceId>(), read, cursor_of, project_object));
  co_return reply;
}

Task<Reply> create_project(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  vault::ProjectFields wanted = project_fields(fields, true);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.projects().create(context.actor(), std::move(wanted));
  if (!made) co_return std::unexpected(translate(made.error()));
  co_return json_response(201, project_object(*made));
}

Task<Reply> show_project(RequestContext& context) {
  const auto project = co_await find_project(context);
  if (!project) co_return std::unexpected(project.error());
  co_return json_response(200, project_object(*project));
}

Task<Reply> update_project(RequestContext& context) {
  const auto project = co_await find_project(context);
  if (!project) co_return std::unexpected(project.error());
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  vault::ProjectFields wanted =
      project_fields(fields, context.request.method == http::Method::kPut);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.projects().update(context.actor(), project->id, std::move(wanted));
  if (!updated) co_return std::unexpected(translate(updated.error()));
  co_return json_response(200, project_object(*updated));
}

Task<Reply> delete_project(RequestContext& context) {
  const auto project = co_await find_project(context);
  if (!project) co_return std::unexpected(project.error());
  const auto removed = co_await context.vault.projects().remove(context.actor(), project->id);
  if (!removed) co_return std::unexpected(translate(removed.error()));
  co_return no_content();
}

}  // namespace coffer::apis::boxes
