#include "apis/boxes/asset_fields.h"

#include <limits>

#include "apis/boxes/errors.h"
#include "apis/boxes/wire.h"
#include "base/text.h"

namespace coffer::apis::boxes {
namespace {

constexpr std::size_t kPromptMax = 10'000;  // characters

// What a text has to be said of: nothing where it is missing, empty where it is null.
std::optional<std::string> text_or_empty(RestFields& fields, std::string_view name,
                                         std::size_t max) {
  auto text = fields.nullable_text(name, max);
  if (!text) return std::nullopt;
  return text->value_or("");
}

}  // namespace

vault::AssetFields asset_fields(RestFields& fields) {
  vault::AssetFields asset;
  asset.prompt = text_or_empty(fields, "prompt_text", kPromptMax);
  asset.is_favorite = fields.optional_boolean("is_favorite");
  if (const auto model = fields.nullable_key("ai_model")) {
    asset.ai_model.emplace();
    if (*model) *asset.ai_model = vault::AiModelId{**model};
  }
  asset.generation_config = fields.optional_object("generation_config");
  asset.seed = fields.nullable_integer("seed", std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max());
  const auto index = fields.nullable_integer("order_index", 0, vault::kOrderIndexMax);
  if (index) asset.order_index = *index;
  if (const auto status = fields.optional_choice("status", kAssetStatuses)) {
    asset.status = static_cast<vault::AssetStatus>(*status);
  }
  if (const auto source = fields.optional_choice("source_type", kAssetSources)) {
    asset.source = static_cast<vault::AssetSource>(*source);
  }
  asset.error_message = text_or_empty(fields, "error_message", vault::kErrorMessageMax);
  asset.external_task_id = text_or_empty(fields, "external_task_id", vault::kExternalTaskIdMax);
  if (const auto parent = fields.nullable_key("parent_asset")) {
    asset.parent.emplace();
    if (*parent) *asset.parent = vault::EntryId{**parent};
  }
  return asset;
}

Problem translate(const vault::Failure& failure, const vault::AssetFields& fields) {
  Problem problem = translate(failure);
  for (vault::FieldFault& fault : problem.fields) {
    const bool is_model = fault.field == "ai_model" && fields.ai_model && *fields.ai_model;
    const bool is_parent = fault.field == "parent_asset" && fields.parent && *fields.parent;
    if (is_model) fault.message = no_such_object((*fields.ai_model)->value);
    if (is_parent) fault.message = no_such_object((*fields.parent)->value);
    if (fault.field == "box" && fields.box) fault.message = no_such_object(fields.box->value);
  }
  return problem;
}

}  // namespace coffer::apis::boxes
