// The rows of assets as the statements of this module read and write them. Inside their
// transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/task.h"
#include "db/database.h"
#include "vault/boxes/assets.h"
#include "vault/boxes/types.h"
#include "vault/model/failure.h"

namespace coffer::vault {

// What an asset says beside its file: what a row has, or would have.
struct AssetRow {
  std::int64_t order_index = 0;
  bool is_favorite = false;
  AssetStatus status = AssetStatus::kCompleted;
  AssetSource source = AssetSource::kUploaded;
  std::string error_message;
  std::string external_task_id;
  std::string generation_config;
  std::optional<std::int64_t> seed = {};
  std::optional<AiModelId> ai_model = {};
  std::optional<EntryId> parent = {};

  // Bytes of quota: those of the texts.
  std::int64_t charge() const noexcept {
    return static_cast<std::int64_t>(error_message.size() + external_task_id.size() +
                                     generation_config.size());
  }
};

// Of a row of kEntryColumns and kAssetColumns.
Asset asset_from(const db::Row& row);

// With what `fields` say.
AssetRow changed(AssetRow row, const AssetFields& fields);

// kInvalid with a fault of each text that is too long.
Result<void> check_texts(const AssetFields& fields);
// kInvalid with a fault of `ai_model` or `parent` where `owner` can name none of that number.
Task<Result<void>> check_references(db::Transaction& transaction, AccountId owner,
                                    const AssetFields& fields);

// The row of the file, or what stands where there is none.
Task<AssetRow> read_asset_row(db::Transaction& transaction, EntryId file);
// Makes the row of the owner's file what `row` says, and charges the owner what its texts are
// longer than before. kQuotaExceeded.
Task<Result<void>> write_asset_row(db::Transaction& transaction, AccountId owner, EntryId file,
                                   const AssetRow& row, Time now);

// Nothing where `owner` has no such asset.
Task<std::optional<Asset>> find_asset(db::Transaction& transaction, AccountId owner, EntryId id);
std::unexpected<Failure> no_such_asset();

// The order_index of the next asset of the box; with `count` of them behind it taken. REQUIRES: the
// box has a row.
Task<std::int64_t> take_asset_index(db::Transaction& transaction, EntryId box, std::int64_t count);
// From now on the next one comes behind `index`.
Task<void> pass_asset_index(db::Transaction& transaction, EntryId box, std::int64_t index);

}  // namespace coffer::vault
