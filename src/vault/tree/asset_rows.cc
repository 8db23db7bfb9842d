#include "vault/tree/asset_rows.h"

#include <cstdint>

#include "vault/model/quota.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kCharged{"SELECT charged FROM asset WHERE entry_id = $1"};
constexpr db::Statement kDrop{"DELETE FROM asset WHERE entry_id = $1"};

constexpr db::Statement kPlaceBox{
    "INSERT INTO box (entry_id, order_index) SELECT $1, next_index FROM project WHERE space_id = $2"
    " ON CONFLICT (entry_id) DO UPDATE SET order_index = excluded.order_index"};
constexpr db::Statement kPassBox{
    "UPDATE project SET next_index = next_index + 1 WHERE space_id = $1"
    " AND next_index < 2147483647"};
constexpr db::Statement kPlaceAsset{
    "UPDATE asset SET order_index = b.next_index FROM box AS b"
    " WHERE asset.entry_id = $1 AND b.entry_id = $2"};
constexpr db::Statement kPassAsset{
    "UPDATE box SET next_index = next_index + 1 WHERE entry_id = $1 AND next_index < 2147483647"};

}  // namespace

Task<void> drop_asset(db::Transaction& transaction, const Entry& file) {
  const auto charged = co_await transaction.find(
      kCharged, [](const db::Row& row) { return row.integer(0); }, file.id);
  if (!charged) co_return;
  co_await transaction.execute(kDrop, file.id);
  if (*charged > 0) co_await give_back(transaction, file.owner, {.charged = *charged});
}

Task<void> place_box(db::Transaction& transaction, const Entry& folder) {
  if (folder.parent) co_return;
  const auto placed = co_await transaction.execute(kPlaceBox, folder.id, folder.space);
  if (placed > 0) co_await transaction.execute(kPassBox, folder.space);
}

Task<void> place_asset(db::Transaction& transaction, const Entry& file) {
  if (!file.parent) co_return;
  const auto placed = co_await transaction.execute(kPlaceAsset, file.id, *file.parent);
  if (placed > 0) co_await transaction.execute(kPassAsset, *file.parent);
}

}  // namespace coffer::vault
