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

constexpr std::size_t kNameMax = 255;  // characters

// What the body says of a box, but for its project. `is_whole`: the fields that one must have are
// required.
vault::BoxFields box_fields(RestFields& fields, bool is_whole) {
  vault::BoxFields box;
  if (is_whole) fields.require("name");
  box.name = fields.optional_text("name", kNameMax);
  if (box.name) box.name = std::string(trim(*box.name));
  const auto index = fields.nullable_integer("order_index", 0, vault::kOrderIndexMax);
  if (index) box.order_index = *index;
  if (const auto status = fields.optional_choice("status", kBoxStatuses)) {
    box.status = static_cast<vault::BoxStatus>(*status);
  }
  return box;
}

// The caller's boxes, of one project where that is set.
Task<Reply> list_some_boxes(RequestContext& context, std::optional<vault::SpaceId> project) {
  const auto page = page_request(context.request);
  if (!page) co_return std::unexpected(page.error());
  auto& boxes = context.vault.boxes();
  const vault::AccountId owner = context.account().id;
  const auto render = [urls = FileUrls(context)](const vault::Box& box) {
    return box_object(urls, box);
  };
  if (*page) {
    const auto read = [&boxes, owner, project](std::uint64_t skip, vault::PageLimit limit) {
      return boxes.list({.owner = owner, .project = project, .skip = skip, .limit = limit});
    };
    const std::uint64_t count = co_await boxes.count(owner, project);
    const PageRequest shown = (*page)->among(count);
    Reply reply = co_await page_reply(context, shown, count, page_elements(shown, read, render));
    co_return reply;
  }
  const auto read = [&boxes, owner, project](std::optional<vault::BoxPosition> after) {
    return boxes.list({.owner = owner, .project = project, .after = after});
  };
  const auto cursor_of = [](const vault::Box& box) {
    return std::optional<vault::BoxPosition>(vault::position_of(box));
  };
  Reply reply =
      co_await array_reply(pages(std::optional<vault::BoxPosition>(), read, cursor_of, render));
  co_return reply;
}

}  // namespace

Task<Reply> list_boxes(RequestContext& context) {
  const auto project = project_filter(context.request);
  if (!project) co_return std::unexpected(project.error());
  Reply reply = co_await list_some_boxes(context, *project);
  co_return reply;
}

Task<Reply> list_boxes_of_project(RequestContext& context) {
  const auto project = co_await find_project(context);
  if (!project) co_return std::unexpected(project.error());
  Reply reply = co_await list_some_boxes(context, project->id);
  co_return reply;
}

Task<Reply> create_box(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const std::int64_t project = fields.key("project");
  vault::BoxFields wanted = box_fields(fields, true);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.boxes().create(context.actor(), vault::SpaceId{project},
                                                          std::move(wanted));
  if (!made && made.error().code == vault::FailureCode::kNotFound) {
    co_return std::unexpected(Problem::field("project", no_such_object(project)));
  }
  if (!made) co_return std::unexpected(translate(made.error()));
  co_return json_response(201, box_object(FileUrls(context), *made));
}

Task<Reply> show_box(RequestContext& context) {
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  co_return json_response(200, box_object(FileUrls(context), *box));
}

Task<Reply> update_box(RequestContext& context) {
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  const bool is_whole = context.request.method == http::Method::kPut;
  if (is_whole || fields.has("project")) {
    const std::int64_t project = fields.key("project");
    if (!fields.problem() && project != box->project.value) {
      const auto other =
          co_await context.vault.projects().find(context.account().id, vault::SpaceId{project});
      fields.fault("project", other ? "A box stays in its project." : no_such_object(project));
    }
  }
  vault::BoxFields wanted = box_fields(fields, is_whole);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.boxes().update(context.actor(), box->id, std::move(wanted));
  if (!updated) co_return std::unexpected(translate(updated.error()));
  co_return json_response(200, box_object(FileUrls(context), *updated));
}

Task<Reply> delete_box(RequestContext& context) {
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  const auto removed = co_await context.vault.folders().remove(context.actor(), box->id);
  if (!removed) co_return std::unexpected(translate(removed.error()));
  co_return no_content();
}

Task<Reply> reorder_boxes(RequestContext& context) {
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  co_await resolve_ids(context, *body, fields, "box_ids", Referred::kBox, vault::kBoxesMax);
  std::vector<vault::EntryId> ids;
  for (const std::int64_t id : fields.keys("box_ids", vault::kBoxesMax)) ids.push_back({id});
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto ordered = co_await context.vault.boxes().reorder(context.actor(), std::move(ids));
  if (!ordered && ordered.error().code == vault::FailureCode::kNotFound) co_return foreign_items();
  if (!ordered) co_return std::unexpected(translate(ordered.error()));
  co_return json_response(200, {{"status", "ok"}});
}

Task<Reply> set_headliner(RequestContext& context) {
  const auto box = co_await find_box(context);
  if (!box) co_return std::unexpected(box.error());
  auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  co_await resolve_ids(context, *body, fields, "asset_id", Referred::kAsset);
  fields.require("asset_id");
  const auto asset = fields.nullable_key("asset_id");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  std::optional<vault::EntryId> wanted;
  if (asset && *asset) wanted = vault::EntryId{**asset};
  const auto updated =
      co_await context.vault.boxes().set_headliner(context.actor(), box->id, wanted);
  if (!updated && !updated.error().fields.empty()) {
    co_return std::unexpected(Problem::field("asset_id", no_such_object(**asset)));
  }
  if (!updated) co_return std::unexpected(translate(updated.error()));
  co_return json_response(200, box_object(FileUrls(context), *updated));
}

}  // namespace coffer::apis::boxes
