#include "vault/tree/spaces.h"

#include "vault/model/quota.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kLive{"SELECT id FROM space WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kRemove{
    "UPDATE space SET removed_at = $2, number = NULL WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kRemoveKeys{"DELETE FROM api_key WHERE space_id = $1"};
// Tokens of files, of which there may be as many as files, go with those.
constexpr db::Statement kRemoveInvites{"DELETE FROM link WHERE space_id = $1 AND kind = 0"};
constexpr db::Statement kRemoveMembers{"DELETE FROM member WHERE space_id = $1"};

}  // namespace

Task<bool> is_live(db::Transaction& transaction, SpaceId space) {
  const auto found = co_await transaction.find(
      kLive, [](const db::Row& row) { return row.integer(0); }, space);
  co_return found.has_value();
}

Task<void> remove_space(db::Transaction& transaction, SpaceId space, AccountId owner,
                        std::string_view name, Time now) {
  co_await transaction.execute(kRemove, space, now);
  const auto keys = co_await transaction.execute(kRemoveKeys, space);
  const auto invites = co_await transaction.execute(kRemoveInvites, space);
  Cost cost = cost_of_space(name);
  cost += cost_of_secrets(keys + invites);
  co_await give_back(transaction, owner, cost);
  co_await transaction.execute(kRemoveMembers, space);
}

}  // namespace coffer::vault
