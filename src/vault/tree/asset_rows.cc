#include "vault/tree/asset_rows.h"

#include <cstdint>

#include "vault/model/quota.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kCharged{"SELECT charged FROM asset WHERE entry_id = $1"};
constexpr db::Statement kDrop{"DELETE FROM asset WHERE entry_id = $1"};

}  // namespace

Task<void> drop_asset(db::Transaction& transaction, const Entry& file) {
  const auto charged = co_await transaction.find(
      kCharged, [](const db::Row& row) { return row.integer(0); }, file.id);
  if (!charged) co_return;
  co_await transaction.execute(kDrop, file.id);
  if (*charged > 0) co_await give_back(transaction, file.owner, {.charged = *charged});
}

}  // namespace coffer::vault
