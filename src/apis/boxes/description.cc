// Descriptions of the document's calls: accounts, projects, boxes and models here, assets in the
// file beside it.
#include "apis/boxes/description.h"

#include <boost/json/array.hpp>
#include <iterator>
#include <utility>

#include "apis/boxes/handlers.h"
#include "apis/gateway/dialect.h"
#include "apis/kit/schema.h"
#include "vault/boxes/types.h"

namespace coffer::apis::boxes {
namespace {

using namespace schema;

constexpr char kAbout[] =
    "Projects, boxes in them, and assets in those: images and videos with what they were made "
    "of.\n\nPaths may end with a slash. Lists are arrays; with `page` they are pages. A failure is "
    "`{\"detail\"}`, `{\"error\"}` or, for fields, `{\"<field>\": [\"…\"]}`.";

Schema token() { return about(text(), "A JWT"); }
Schema key() { return like(text(40, 40), "8f2c1e0a9b7d6c5e4f3a2b1c0d9e8f7a6b5c4d3e"); }

std::vector<Member> account_members() {
  return {{"id", integer(1)}, {"username", text()}, {"email", text()}};
}

std::vector<Member> token_members() {
  return {{"token", key()}, {"access", token()}, {"refresh", token()}};
}

std::vector<Member> joined(std::vector<Member> members, std::vector<Member> more) {
  std::move(more.begin(), more.end(), std::back_inserter(members));
  return members;
}

Schema credentials() {
  return any_of({object({{"username", text(1, 254)}, {"password", text()}}),
                 object({{"email", text(1, 254)}, {"password", text()}})});
}

std::vector<Operation> account_operations() {
  const boost::json::object example{{"username", "anna"}, {"password", "correct horse 7"}};
  return {
      {.routes = {"POST /api/auth/register"},
       .id = "register",
       .tag = kAccountsTag,
       .summary = "Make an account and log in",
       .body = {json_content(object({{"username", text(1, 64)},
                                     optional("email", nullable(text(0, 254))),
                                     {"password", text()},
                                     optional("password_confirm", text())}),
                             {{"username", "anna"},
                              {"email", "anna@example.com"},
                              {"password", "correct horse 7"},
                              {"password_confirm", "correct horse 7"}})},
       .answers = {reply("The account with its tokens",
                         object(joined(account_members(), token_members())), 201)},
       .errors = {{403, "Registration is closed on this server"}}},
      {.routes = {"POST /api/auth/login"},
       .id = "log_in",
       .tag = kAccountsTag,
       .summary = "Log in by user name or e-mail address",
       .body = {json_content(credentials(), example)},
       .answers = {reply("Tokens",
                         object(joined(token_members(), {{"user", object(account_members())}})))},
       .errors = {{401}}},
      {.routes = {"POST /api-token-auth"},
       .id = "obtain_token",
       .tag = kAccountsTag,
       .summary = "The same, for the key alone",
       .body = {json_content(credentials(), example)},
       .answers = {reply("The key", object({{"token", key()}}))}},
      {.routes = {"POST /api/auth/token/refresh"},
       .id = "refresh_token",
       .tag = kAccountsTag,
       .summary = "Exchange the refresh token for an access token",
       .body = {json_content(object({{"refresh", text(1, kJsonLimit)}}))},
       .answers = {reply("The new one", object({{"access", token()}}))},
       .errors = {{401}}},
      {.routes = {"GET /api/auth/me"},
       .id = "show_me",
       .tag = kAccountsTag,
       .summary = "The caller's account",
       .answers = {reply(
           "The account",
           object(joined(account_members(),
                         {{"quota", object({{"max_projects", integer(0)},
                                            {"used_projects", integer(0)},
                                            {"max_boxes_per_project", integer(0)},
                                            {"max_assets_per_box", integer(0)}})}})))}},
  };
}

std::vector<Member> project_members() {
  return {optional("status", one_of({"ACTIVE", "PAUSED", "COMPLETED"})),
          optional("aspect_ratio", one_of({"16:9", "9:16"}))};
}

std::vector<Operation> project_operations() {
  const Member name{"name", text(1, vault::kProjectNameMax)};
  const Schema whole = object(joined({name}, project_members()));
  return {
      {.routes = {"GET /api/projects"},
       .id = "list_projects",
       .tag = kProjectsTag,
       .summary = "List projects",
       .parameters = with_page({}),
       .answers = {list_answer("The newest first", ref("Project"))}},
      {.routes = {"POST /api/projects"},
       .id = "create_project",
       .tag = kProjectsTag,
       .summary = "Make a project",
       .body = fields(whole),
       .answers = {reply("The project", ref("Project"), 201)}},
      {.routes = {"GET /api/projects/{id}"},
       .id = "show_project",
       .tag = kProjectsTag,
       .summary = "A project",
       .answers = {reply("The project", ref("Project"))}},
      {.routes = {"PUT /api/projects/{id}"},
       .id = "replace_project",
       .tag = kProjectsTag,
       .summary = "Change a project; its name is required",
       .body = fields(whole),
       .answers = {reply("The project", ref("Project"))}},
      {.routes = {"PATCH /api/projects/{id}"},
       .id = "update_project",
       .tag = kProjectsTag,
       .summary = "Change a project",
       .body = fields(changes(joined({optional(name.name, name.schema)}, project_members()))),
       .body_is_required = false,
       .answers = {reply("The project", ref("Project"))}},
      {.routes = {"DELETE /api/projects/{id}"},
       .id = "delete_project",
       .tag = kProjectsTag,
       .summary = "Delete a project with its boxes and their files, for good",
       .answers = {deleted()}},
      {.routes = {"GET /api/projects/{id}/boxes"},
       .id = "list_boxes_of_project",
       .tag = kProjectsTag,
       .summary = "List the boxes of a project",
       .parameters = with_page({}),
       .answers = {list_answer("In their order", ref("Box"))}},
  };
}

std::vector<Member> box_members() {
  return {optional("order_index", number_or_none(integer(0, vault::kOrderIndexMax))),
          optional("status", one_of({"DRAFT", "IN_PROGRESS", "REVIEW", "APPROVED"}))};
}

std::vector<Operation> box_operations() {
  const Member name{"name", text(1, 255)};
  const Member project{"project", integer(1)};
  const Schema whole = object(joined({project, name}, box_members()));
  return {
      {.routes = {"GET /api/boxes"},
       .id = "list_boxes",
       .tag = kBoxesTag,
       .summary = "List boxes",
       .parameters = with_page({query("project", "Of one project, by id", text())}),
       .answers = {list_answer("Project by project, in their order", ref("Box"))}},
      {.routes = {"POST /api/boxes"},
       .id = "create_box",
       .tag = kBoxesTag,
       .summary = "Make a box in a project",
       .body = fields(whole),
       .answers = {reply("The box", ref("Box"), 201)}},
      {.routes = {"POST /api/boxes/reorder"},
       .id = "reorder_boxes",
       .tag = kBoxesTag,
       .summary = "Put boxes into an order",
       .body = {json_content(object({{"box_ids", list(integer(1))}}),
                             {{"box_ids", boost::json::array{3, 1, 2}}})},
       .answers = {reply("Their `order_index` counts from 0 now",
                         object({{"status", constant("ok")}}))}},
      {.routes = {"GET /api/boxes/{id}"},
       .id = "show_box",
       .tag = kBoxesTag,
       .summary = "A box",
       .answers = {reply("The box", ref("Box"))}},
      {.routes = {"PUT /api/boxes/{id}"},
       .id = "replace_box",
       .tag = kBoxesTag,
       .summary = "Change a box; its name and project are required",
       .body = fields(whole),
       .answers = {reply("The box", ref("Box"))}},
      {.routes = {"PATCH /api/boxes/{id}"},
       .id = "update_box",
       .tag = kBoxesTag,
       .summary = "Change a box",
       .body = fields(changes(
           joined({optional(project.name, project.schema), optional(name.name, name.schema)},
                  box_members()))),
       .body_is_required = false,
       .answers = {reply("The box", ref("Box"))}},
      {.routes = {"DELETE /api/boxes/{id}"},
       .id = "delete_box",
       .tag = kBoxesTag,
       .summary = "Delete a box with all files in it, for good",
       .answers = {deleted()}},
      {.routes = {"POST /api/boxes/{id}/set_headliner"},
       .id = "set_headliner",
       .tag = kBoxesTag,
       .summary = "Choose the asset that a box is shown by",
       .body = fields(object({{"asset_id", about(number_or_none(integer(1)), "Null: none")}})),
       .answers = {reply("The box", ref("Box"))}},
  };
}

std::vector<Operation> model_operations() {
  const Member name{"name", text(1, vault::kProjectNameMax)};
  const std::vector<ErrorCase> admins{{403, "Only an admin may do this"}};
  return {
      {.routes = {"GET /api/ai-models"},
       .id = "list_ai_models",
       .tag = kModelsTag,
       .summary = "List the models that assets may name",
       .parameters = with_page({}),
       .answers = {list_answer("The oldest first", ref("AiModel"))}},
      {.routes = {"POST /api/ai-models"},
       .id = "create_ai_model",
       .tag = kModelsTag,
       .summary = "Add a model",
       .body = fields(object({name})),
       .answers = {reply("The model", ref("AiModel"), 201)},
       .errors = admins},
      {.routes = {"GET /api/ai-models/{id}"},
       .id = "show_ai_model",
       .tag = kModelsTag,
       .summary = "A model",
       .answers = {reply("The model", ref("AiModel"))}},
      {.routes = {"PUT /api/ai-models/{id}"},
       .id = "replace_ai_model",
       .tag = kModelsTag,
       .summary = "Rename a model",
       .body = fields(object({name})),
       .answers = {reply("The model", ref("AiModel"))},
       .errors = admins},
      {.routes = {"PATCH /api/ai-models/{id}"},
       .id = "update_ai_model",
       .tag = kModelsTag,
       .summary = "Rename a model",
       .body = fields(changes({optional(name.name, name.schema)})),
       .body_is_required = false,
       .answers = {reply("The model", ref("AiModel"))},
       .errors = admins},
      {.routes = {"DELETE /api/ai-models/{id}"},
       .id = "delete_ai_model",
       .tag = kModelsTag,
       .summary = "Remove a model; assets that name it name none",
       .answers = {deleted()},
       .errors = admins},
  };
}

}  // namespace

ApiDescription describe() {
  ApiDescription api{.title = "Boxes", .version = "1.0.0", .about = kAbout};
  api.tags = {{kProjectsTag, "Each a space of its account"},
              {kBoxesTag, "Folders of a project"},
              {kAssetsTag, "Images and videos in a box"},
              {kModelsTag, "The same for all accounts, kept by admins"},
              {kAccountsTag, "Accounts and tokens"}};
  api.credentials = {{"token",
                      {{"type", "apiKey"},
                       {"in", "header"},
                       {"name", "Authorization"},
                       {"description", "`Token <key>`, with the `token` of `/api/auth/login`"}}},
                     {"bearer",
                      {{"type", "http"},
                       {"scheme", "bearer"},
                       {"bearerFormat", "JWT"},
                       {"description", "The `access` token of `/api/auth/login`"}}}};
  api.schemas = schemas();
  api.failure = {json_content(ref("Failure"))};
  api.path_parameters = {
      in_path("id", "Its id; of boxes and assets also UUID or token", text(), "12"),
      in_path("file", "The last part of an asset's `file_url` or `thumbnail_url`", text(),
              "0123456789abcdef0123456789abcdef.jpg")};
  for (auto describe_group : {account_operations, project_operations, box_operations,
                              describe_assets, model_operations}) {
    std::vector<Operation> group = describe_group();
    std::move(group.begin(), group.end(), std::back_inserter(api.operations));
  }
  return api;
}

}  // namespace coffer::apis::boxes
