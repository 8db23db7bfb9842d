#include "vault/boxes/ai_models.h"

#include <fmt/format.h>

#include <utility>

#include "vault/model/checks.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kInsert{
    "INSERT INTO ai_model (name, created_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};
constexpr db::Statement kFind{"SELECT id, name FROM ai_model WHERE id = $1"};
constexpr db::Statement kFindOther{"SELECT id FROM ai_model WHERE name = $1 AND id <> $2"};
constexpr db::Statement kList{
    "SELECT id, name FROM ai_model WHERE id > $1 ORDER BY id LIMIT $2 OFFSET $3"};
constexpr db::Statement kCount{"SELECT count(*) FROM ai_model"};
constexpr db::Statement kRename{"UPDATE ai_model SET name = $2 WHERE id = $1"};
constexpr db::Statement kRemove{"DELETE FROM ai_model WHERE id = $1"};

AiModel model_from(const db::Row& row) {
  return {.id = row.id<AiModelId>(0), .name = std::string(row.text(1))};
}

std::uint64_t count_from(const db::Row& row) { return static_cast<std::uint64_t>(row.integer(0)); }

std::unexpected<Failure> no_such_model() {
  return fail(FailureCode::kNotFound, "there is no such model");
}

std::unexpected<Failure> name_taken() { return taken("name", "is the name of a model already"); }

}  // namespace

Task<Result<AiModel>> AiModels::create(Actor actor, std::string name) {
  Faults faults;
  check_display_name(name, kProjectNameMax, faults);
  if (faults.any()) co_return faults.failure();
  auto body = [&](db::Transaction& tx) -> Task<Result<AiModelId>> {
    const auto others = co_await tx.find(kCount, count_from);
    if (others.value() >= kAiModelsMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     fmt::format("there may be {} models: delete some", kAiModelsMax));
    }
    tx.require_space();
    const auto id = co_await tx.insert<AiModelId>(kInsert, name, context_.clock.now());
    if (!id) co_return name_taken();
    co_return *id;
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  AiModel model{.id = *id, .name = std::move(name)};
  co_return model;
}

Task<Result<AiModel>> AiModels::find(AiModelId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<AiModel>> {
    co_return co_await tx.find(kFind, model_from, id);
  };
  auto model = co_await context_.database.read(body);
  if (!model) co_return no_such_model();
  co_return std::move(*model);
}

Task<Page<AiModel>> AiModels::list(AiModelId after, std::uint64_t skip, PageLimit limit) {
  const auto weigh = [](const AiModel& model) { return model.name.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<AiModel>> {
    co_return co_await read_page(tx, kList, limit, model_from, weigh, after, limit.to_fetch(),
                                 skip);
  };
  co_return co_await context_.database.read(body);
}

Task<std::uint64_t> AiModels::count() {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::uint64_t>> {
    co_return co_await tx.find(kCount, count_from);
  };
  const auto count = co_await context_.database.read(body);
  co_return count.value();
}

Task<Result<AiModel>> AiModels::rename(Actor actor, AiModelId id, std::string name) {
  Faults faults;
  check_display_name(name, kProjectNameMax, faults);
  if (faults.any()) co_return faults.failure();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto known = co_await tx.find(kFind, model_from, id);
    if (!known) co_return no_such_model();
    const auto other = co_await tx.find(kFindOther, count_from, name, id);
    if (other) co_return name_taken();
    co_await tx.execute(kRename, id, name);
    co_return Result<void>{};
  };
  auto renamed = co_await context_.database.write(actor, body);
  if (!renamed) co_return std::unexpected(std::move(renamed.error()));
  AiModel model{.id = id, .name = std::move(name)};
  co_return model;
}

Task<Result<void>> AiModels::remove(Actor actor, AiModelId id) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto removed = co_await tx.execute(kRemove, id);
    if (removed == 0) co_return no_such_model();
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
