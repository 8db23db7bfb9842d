// The shapes of wire.cc, and the pieces that descriptions are made of.
#include <utility>

#include "apis/boxes/description.h"
#include "apis/kit/schema.h"

namespace coffer::apis::boxes {
namespace {

using namespace schema;

Schema project() {
  return object({{"id", integer(1)},
                 {"name", text()},
                 {"status", one_of({"ACTIVE", "PAUSED", "COMPLETED"})},
                 {"status_display", text()},
                 {"aspect_ratio", one_of({"16:9", "9:16"})},
                 {"boxes_count", integer(0)},
                 {"boxes_approved_count", integer(0)},
                 {"created_at", time()},
                 {"updated_at", time()}});
}

Schema box() {
  return object({{"id", integer(1)},
                 {"project", integer(1)},
                 {"project_name", text()},
                 {"name", text()},
                 {"order_index", integer(0)},
                 {"status", one_of({"DRAFT", "IN_PROGRESS", "REVIEW", "APPROVED"})},
                 {"status_display", text()},
                 {"headliner", about(nullable(integer(1)), "The asset that the box is shown by")},
                 {"headliner_url", nullable(url())},
                 {"headliner_thumbnail_url", nullable(text())},
                 {"headliner_type", nullable(one_of({"IMAGE", "VIDEO"}))},
                 {"assets_count", integer(0)},
                 {"created_at", time()},
                 {"updated_at", time()}});
}

Schema asset() {
  return object(
      {{"id", integer(1)},
       {"box", integer(1)},
       {"box_name", text()},
       {"asset_type", one_of({"IMAGE", "VIDEO"})},
       {"file_url", about(url(), "Everybody who knows it may read the file")},
       {"thumbnail_url", about(text(), "Empty until there is one")},
       {"is_favorite", boolean()},
       {"prompt_text", text()},
       {"ai_model", nullable(integer(1))},
       {"ai_model_name", nullable(text())},
       {"generation_config", map(any())},
       {"seed", nullable(integer())},
       {"created_at", time()},
       {"updated_at", time()},
       {"order_index", integer(0)},
       {"status", one_of({"PENDING", "PROCESSING", "COMPLETED", "FAILED"})},
       {"status_display", text()},
       {"error_message", text()},
       {"source_type", one_of({"GENERATED", "UPLOADED", "IMG2VID"})},
       {"source_type_display", text()},
       {"parent_asset", nullable(integer(1))},
       {"external_task_id", text()},
       optional("optimization",
                about(object({{"optimized", boolean()},
                              {"original_size", about(integer(0), "Bytes")},
                              {"original", about(nullable(integer(1)),
                                                 "The asset that the original is kept as")},
                              {"reason", about(nullable(text()), "Why it is not")}}),
                      "In the reply to an upload with `optimize`"))});
}

// Every failure of the framework, and those of single calls.
Schema failure() {
  return any_of({object({{"detail", text()},
                         optional("code", text()),
                         optional("messages", list(map(text()))),
                         optional("error", text())}),
                 object({{"error", text()}}), map(list(text()))});
}

}  // namespace

std::vector<NamedSchema> schemas() {
  return {{"Project", project()},
          {"Box", box()},
          {"Asset", asset()},
          {"AiModel", object({{"id", integer(1)}, {"name", text()}})},
          {"Failure", failure()}};
}

Answer reply(std::string about, Schema schema, unsigned status) {
  return {status, std::move(about), {json_content(std::move(schema))}};
}

Answer deleted() { return {204, "It is gone"}; }

Answer list_answer(std::string about, Schema element) {
  Schema page = object({{"count", integer(0)},
                        {"next", nullable(url())},
                        {"previous", nullable(url())},
                        {"results", list(element)}});
  return reply(std::move(about), any_of({list(std::move(element)), std::move(page)}));
}

std::vector<Parameter> with_page(std::vector<Parameter> parameters) {
  parameters.push_back(
      query("page", "A page of the list instead of all of it, from 1", integer(1, 1'000'000'000)));
  parameters.push_back(query("page_size", "From 1 to 100; what is no number from 1 on counts as 20",
                             or_else(any(), 20)));
  return parameters;
}

Schema truth() {
  constexpr char kSpellings[] =
      "^\\s*([tTyYfFnN10]|[yY]es|YES|[tT]rue|TRUE|[oO]n|ON|[nN]o|NO|[fF]alse|FALSE|[oO]ff|OFF|)\\s*"
      "$";
  return any_of({boolean(), integer(0, 1), pattern(kSpellings)});
}

Schema number_or_none(Schema number) {
  return any_of({nullable(std::move(number)), pattern("^\\s*(-?[0-9]+)?\\s*$")});
}

std::vector<Content> fields(Schema schema) {
  return {
      json_content(schema), {"application/x-www-form-urlencoded", schema}, form_content(schema)};
}

}  // namespace coffer::apis::boxes
