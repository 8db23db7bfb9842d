#include "vault/boxes/asset_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "vault/boxes/asset_sql.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, kAssetColumns, " FROM entry JOIN ", kBoxTable,
        " ON f.box_id = entry.parent_id JOIN ", kProjectTable, " ON p.project_id = f.box_space",
        kAssetTables, " WHERE entry.id = $2 AND p.project_owner = $1", kIsAsset);
constexpr db::Statement kFind{kFindText.data()};

constexpr db::Statement kRead{
    "SELECT order_index, is_favorite, status, source, error_message, external_task_id,"
    " generation_config, seed, ai_model_id, parent_id FROM asset WHERE entry_id = $1"};
constexpr db::Statement kCharged{"SELECT charged FROM asset WHERE entry_id = $1"};
constexpr db::Statement kWrite{
    "INSERT INTO asset (entry_id, owner_id, order_index, is_favorite, status, source,"
    " error_message, external_task_id, generation_config, seed, ai_model_id, parent_id, charged,"
    " updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    " ON CONFLICT (entry_id) DO UPDATE SET order_index = $3, is_favorite = $4, status = $5,"
    " source = $6, error_message = $7, external_task_id = $8, generation_config = $9, seed = $10,"
    " ai_model_id = $11, parent_id = $12, charged = $13, updated_at = $14"};

constexpr db::Statement kModel{"SELECT id FROM ai_model WHERE id = $1"};
constexpr db::Statement kReadIndex{"SELECT next_index FROM box WHERE entry_id = $1"};
constexpr db::Statement kSetIndex{"UPDATE box SET next_index = $2 WHERE entry_id = $1"};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

AssetRow row_from(const db::Row& row) {
  AssetRow asset;
  asset.order_index = row.integer(0);
  asset.is_favorite = row.boolean(1);
  asset.status = static_cast<AssetStatus>(row.integer(2));
  asset.source = static_cast<AssetSource>(row.integer(3));
  asset.error_message = row.text(4);
  asset.external_task_id = row.text(5);
  asset.generation_config = row.text(6);
  asset.seed = row.optional_integer(7);
  if (!row.is_null(8)) asset.ai_model = row.id<AiModelId>(8);
  if (!row.is_null(9)) asset.parent = row.id<EntryId>(9);
  return asset;
}

template <class T, class U>
void take(T& value, const std::optional<U>& change) {
  if (change) value = *change;
}

// As check_description() does.
void check_text(std::string_view name, const std::optional<std::string>& text, std::size_t max,
                Faults& faults) {
  if (!text) return;
  if (count_code_points(*text) > max) {
    faults.add(std::string(name), fmt::format("must be at most {} characters long", max));
  } else if (text->find('\0') != std::string::npos) {
    faults.add(std::string(name), "must not contain a NUL character");
  }
}

}  // namespace

Asset asset_from(const db::Row& row) {
  constexpr int at = kEntryWidth;
  Asset asset;
  asset.file = entry_from(row);
  asset.box = row.id<EntryId>(at);
  asset.box_name = as_text(row.bytes(at + 1));
  asset.order_index = row.integer(at + 2);
  asset.is_favorite = row.boolean(at + 3);
  asset.status = static_cast<AssetStatus>(row.integer(at + 4));
  asset.source = static_cast<AssetSource>(row.integer(at + 5));
  asset.error_message = row.text(at + 6);
  asset.external_task_id = row.text(at + 7);
  asset.generation_config = row.text(at + 8);
  asset.seed = row.optional_integer(at + 9);
  if (!row.is_null(at + 10)) {
    asset.ai_model = {.id = row.id<AiModelId>(at + 10), .name = std::string(row.text(at + 11))};
  }
  if (!row.is_null(at + 12)) asset.parent = row.id<EntryId>(at + 12);
  asset.updated_at = std::max(asset.file.updated_at, row.time(at + 13));
  asset.public_object = blobs::Place(row.bytes(at + 14));
  return asset;
}

AssetRow changed(AssetRow row, const AssetFields& fields) {
  take(row.order_index, fields.order_index);
  take(row.is_favorite, fields.is_favorite);
  take(row.status, fields.status);
  take(row.source, fields.source);
  take(row.error_message, fields.error_message);
  take(row.external_task_id, fields.external_task_id);
  take(row.generation_config, fields.generation_config);
  take(row.seed, fields.seed);
  take(row.ai_model, fields.ai_model);
  take(row.parent, fields.parent);
  return row;
}

Result<void> check_texts(const AssetFields& fields) {
  Faults faults;
  if (fields.prompt) check_description(*fields.prompt, faults);
  check_text("error_message", fields.error_message, kErrorMessageMax, faults);
  check_text("external_task_id", fields.external_task_id, kExternalTaskIdMax, faults);
  if (fields.generation_config && fields.generation_config->size() > kGenerationConfigMax) {
    faults.add("generation_config",
               fmt::format("must have at most {} bytes as JSON", kGenerationConfigMax));
  }
  if (faults.any()) return faults.failure();
  return {};
}

Task<Result<void>> check_references(db::Transaction& transaction, AccountId owner,
                                    const AssetFields& fields) {
  Faults faults;
  if (fields.ai_model && *fields.ai_model) {
    const auto model = co_await transaction.find(kModel, integer_from, **fields.ai_model);
    if (!model) faults.add("ai_model", "is no model");
  }
  if (fields.parent && *fields.parent) {
    const auto parent = co_await find_asset(transaction, owner, **fields.parent);
    if (!parent) faults.add("parent", "is no asset");
  }
  if (faults.any()) co_return faults.failure();
  co_return Result<void>{};
}

Task<AssetRow> read_asset_row(db::Transaction& transaction, EntryId file) {
  auto row = co_await transaction.find(kRead, row_from, file);
  co_return row ? std::move(*row) : AssetRow{};
}

Task<Result<void>> write_asset_row(db::Transaction& transaction, AccountId owner, EntryId file,
                                   const AssetRow& row, Time now) {
  const auto old = co_await transaction.find(kCharged, integer_from, file);
  const std::int64_t more = row.charge() - old.value_or(0);
  if (more != 0) {
    const auto charged = co_await charge_account(transaction, owner, Cost{.charged = more});
    if (!charged) co_return std::unexpected(charged.error());
  }
  co_await transaction.execute(kWrite, file, owner, row.order_index, row.is_favorite, row.status,
                               row.source, row.error_message, row.external_task_id,
                               row.generation_config, row.seed, row.ai_model, row.parent,
                               row.charge(), now);
  co_return Result<void>{};
}

Task<std::optional<Asset>> find_asset(db::Transaction& transaction, AccountId owner, EntryId id) {
  co_return co_await transaction.find(kFind, asset_from, owner, id);
}

std::unexpected<Failure> no_such_asset() {
  return fail(FailureCode::kNotFound, "there is no such asset");
}

Task<std::int64_t> take_asset_index(db::Transaction& transaction, EntryId box, std::int64_t count) {
  const auto next = co_await transaction.find(kReadIndex, integer_from, box);
  co_await transaction.execute(kSetIndex, box, std::min(next.value() + count, kOrderIndexMax));
  co_return *next;
}

Task<void> pass_asset_index(db::Transaction& transaction, EntryId box, std::int64_t index) {
  const auto next = co_await transaction.find(kReadIndex, integer_from, box);
  if (next && *next > index) co_return;
  co_await transaction.execute(kSetIndex, box, std::min(index + 1, kOrderIndexMax));
}

}  // namespace coffer::vault
