#include "apis/boxes/errors.h"
#include "apis/boxes/handlers.h"
#include "apis/boxes/lists.h"
#include "apis/boxes/wire.h"
#include "apis/kit/form.h"
#include "apis/kit/json.h"
#include "apis/kit/rest_framework.h"
#include "base/text.h"
#include "vault/model/ids.h"

namespace coffer::apis::boxes {
namespace {

// The number in the path; that of no model where it is none.
vault::AiModelId model_in_path(const RequestContext& context) {
  const auto id = vault::parse_id<vault::AiModelId>(context.path.text("id"));
  return id.value_or(vault::AiModelId{});
}

std::optional<std::string> name_in(RestFields& fields, bool is_required) {
  if (is_required) fields.require("name");
  auto name = fields.optional_text("name", vault::kProjectNameMax);
  if (name) name = std::string(trim(*name));
  return name;
}

}  // namespace

Task<Reply> list_ai_models(RequestContext& context) {
  const auto page = page_request(context.request);
  if (!page) co_return std::unexpected(page.error());
  auto& models = context.vault.ai_models();
  if (*page) {
    const auto read = [&models](std::uint64_t skip, vault::PageLimit limit) {
      return models.list({}, skip, limit);
    };
    const std::uint64_t count = co_await models.count();
    const PageRequest shown = (*page)->among(count);
    Reply reply =
        co_await page_reply(context, shown, count, page_elements(shown, read, model_object));
    co_return reply;
  }
  const auto read = [&models](vault::AiModelId after) { return models.list(after); };
  Reply reply =
      co_await array_reply(pages(vault::AiModelId{}, read, &vault::AiModel::id, model_object));
  co_return reply;
}

Task<Reply> create_ai_model(RequestContext& context) {
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  std::string name = name_in(fields, true).value_or("");
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.ai_models().create(context.actor(), std::move(name));
  if (!made) co_return std::unexpected(translate(made.error()));
  co_return json_response(201, model_object(*made));
}

Task<Reply> show_ai_model(RequestContext& context) {
  const auto model = co_await context.vault.ai_models().find(model_in_path(context));
  if (!model) co_return std::unexpected(translate(model.error()));
  co_return json_response(200, model_object(*model));
}

Task<Reply> update_ai_model(RequestContext& context) {
  auto& models = context.vault.ai_models();
  const auto model = co_await models.find(model_in_path(context));
  if (!model) co_return std::unexpected(translate(model.error()));
  const auto body = co_await read_fields(context.request);
  if (!body) co_return std::unexpected(body.error());
  RestFields fields(*body);
  auto name = name_in(fields, context.request.method == http::Method::kPut);
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  if (!name) co_return json_response(200, model_object(*model));
  const auto renamed = co_await models.rename(context.actor(), model->id, std::move(*name));
  if (!renamed) co_return std::unexpected(translate(renamed.error()));
  co_return json_response(200, model_object(*renamed));
}

Task<Reply> delete_ai_model(RequestContext& context) {
  const auto removed =
      co_await context.vault.ai_models().remove(context.actor(), model_in_path(context));
  if (!removed) co_return std::unexpected(translate(removed.error()));
  co_return no_content();
}

}  // namespace coffer::apis::boxes
