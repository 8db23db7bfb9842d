// Descriptions of the calls about assets and their files.
#include <iterator>
#include <utility>

#include "apis/boxes/description.h"
#include "apis/kit/schema.h"
#include "vault/boxes/types.h"

namespace coffer::apis::boxes {
namespace {

using namespace schema;

constexpr char kUploadAbout[] =
    "Images (`.jpg`, `.jpeg`, `.png`, `.gif`, `.webp`, `.bmp`, `.svg`) and videos (`.mp4`, `.mov`, "
    "`.avi`, `.mkv`, `.webm`, `.flv`, `.wmv`) whose bytes are what the extension says. Several "
    "parts named `file` make several assets, all or none, and are answered with an array. With "
    "`optimize`, a JPEG, PNG or WebP is stored in fewer bytes, without a loss that can be seen, "
    "upright and without metadata, where that is possible.";

// What may be said of an asset.
std::vector<Member> members() {
  return {optional("prompt_text", nullable(text(0, 10'000))),
          optional("is_favorite", truth()),
          optional("ai_model", number_or_none(integer(1))),
          optional("generation_config",
                   about(any_of({nullable(map(any())), text()}), "An object; in a form as JSON")),
          optional("seed", number_or_none(integer())),
          optional("order_index", number_or_none(integer(0, vault::kOrderIndexMax))),
          optional("status", one_of({"PENDING", "PROCESSING", "COMPLETED", "FAILED"})),
          optional("error_message", nullable(text(0, vault::kErrorMessageMax))),
          optional("source_type", one_of({"GENERATED", "UPLOADED", "IMG2VID"})),
          optional("parent_asset", number_or_none(integer(1))),
          optional("external_task_id", nullable(text(0, vault::kExternalTaskIdMax)))};
}

Schema with(std::vector<Member> more) {
  std::vector<Member> all = members();
  std::move(more.begin(), more.end(), std::back_inserter(all));
  return object(std::move(all));
}

Schema with_file(std::vector<Member> more) {
  more.push_back({"file", file()});
  more.push_back(optional("optimize", truth()));
  more.push_back(optional("keep_original", about(truth(), "As an asset of its own")));
  return with(std::move(more));
}

Answer uploaded() {
  return reply("The asset, or all of them", any_of({ref("Asset"), list(ref("Asset"))}), 201);
}

std::vector<Parameter> filters() {
  return {query("asset_type", "", one_of({"IMAGE", "VIDEO", ""})),
          query("is_favorite", "`true`, `1` or `yes`; `false`, `0` or `no`", text())};
}

std::vector<Parameter> all_filters() {
  std::vector<Parameter> parameters = filters();
  parameters.push_back(query("box", "Of one box, by id, UUID or token", text()));
  return parameters;
}

std::vector<ErrorCase> upload_errors() {
  return {{400, "`File is required`; a file that cannot be an asset; a wrong field"},
          {500, "`Failed to upload file: …`; nothing was stored"}};
}

}  // namespace

std::vector<Operation> describe_assets() {
  return {
      {.routes = {"POST /api/boxes/{id}/upload"},
       .id = "upload",
       .tag = kAssetsTag,
       .summary = "Upload images and videos into a box",
       .about = kUploadAbout,
       .body = {form_content(with_file({}))},
       .answers = {uploaded()},
       .errors = upload_errors()},
      {.routes = {"GET /api/boxes/{id}/assets"},
       .id = "list_assets_of_box",
       .tag = kAssetsTag,
       .summary = "List the assets of a box",
       .parameters = with_page(filters()),
       .answers = {list_answer("In the order of the box", ref("Asset"))}},
      {.routes = {"GET /api/assets"},
       .id = "list_assets",
       .tag = kAssetsTag,
       .summary = "List assets",
       .parameters = with_page(all_filters()),
       .answers = {list_answer("Box by box", ref("Asset"))}},
      {.routes = {"POST /api/assets"},
       .id = "create_asset",
       .tag = kAssetsTag,
       .summary = "Upload images and videos into a box that the form names",
       .about = kUploadAbout,
       .body = {form_content(with_file({{"box", integer(1)}}))},
       .answers = {uploaded()},
       .errors = upload_errors()},
      {.routes = {"POST /api/assets/reorder"},
       .id = "reorder_assets",
       .tag = kAssetsTag,
       .summary = "Put assets into an order",
       .body = {json_content(object({{"asset_ids", list(integer(1))}}),
                             {{"asset_ids", boost::json::array{3, 1, 2}}})},
       .answers = {reply("Their `order_index` counts from 0 now",
                         object({{"status", constant("ok")}}))}},
      {.routes = {"GET /api/assets/{id}"},
       .id = "show_asset",
       .tag = kAssetsTag,
       .summary = "An asset",
       .answers = {reply("The asset", ref("Asset"))}},
      {.routes = {"PUT /api/assets/{id}"},
       .id = "replace_asset",
       .tag = kAssetsTag,
       .summary = "Change an asset; its box is required",
       .body = fields(with({{"box", integer(1)}})),
       .answers = {reply("The asset", ref("Asset"))}},
      {.routes = {"PATCH /api/assets/{id}"},
       .id = "update_asset",
       .tag = kAssetsTag,
       .summary = "Change an asset",
       .about = "With `box` it moves to another one, of whatever project.",
       .body = fields(with({optional("box", integer(1))})),
       .body_is_required = false,
       .answers = {reply("The asset", ref("Asset"))}},
      {.routes = {"DELETE /api/assets/{id}"},
       .id = "delete_asset",
       .tag = kAssetsTag,
       .summary = "Delete an asset and its file for good",
       .answers = {deleted()}},
      {.routes = {"POST /api/assets/{id}/favorite"},
       .id = "favor_asset",
       .tag = kAssetsTag,
       .summary = "Make an asset a favourite, or none if it is one",
       .about = "With `is_favorite` it is made what that says.",
       .body = fields(changes({optional("is_favorite", truth())})),
       .body_is_required = false,
       .answers = {reply("The asset", ref("Asset"))},
       .errors = {{400}}},
      {.routes = {"GET /uploads/{file}"},
       .id = "download",
       .tag = kAssetsTag,
       .summary = "The file of an asset, for everybody who knows its address",
       .parameters = file_parameters(),
       .answers = file_answers("The file")},
      {.routes = {"GET /uploads/thumbnails/{file}"},
       .id = "thumbnail",
       .tag = kAssetsTag,
       .summary = "A small picture of an asset, for everybody who knows its address",
       .parameters = file_parameters(),
       .answers = file_answers("WebP, at most 320 pixels on the longer edge")},
  };
}

}  // namespace coffer::apis::boxes
