#include "vault/tree/relocation.h"

#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/quota.h"
#include "vault/tree/asset_rows.h"
#include "vault/tree/collections.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/public_object_rows.h"
#include "vault/tree/search_index.h"
#include "vault/tree/share_link_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kPut{
    "UPDATE entry SET space_id = $2, owner_id = $3, key = $4, parent_id = 0, updated_at = $5"
    " WHERE id = $1"};

// With the totals of where it comes to, not of where it was.
Task<void> put(db::Transaction& tx, Entry& file, SpaceId home, Time now) {
  const ParentRef place{.space = home};
  co_await settle_key(tx, file, place);
  file.updated_at = now;
  co_await tx.execute(kPut, file.id, home, file.owner, as_bytes(file.key), now);
  co_await add_to_totals(tx, file);
}

}  // namespace

Task<void> move_to_home(db::Transaction& transaction, Entry file, SpaceId home, AccountId caller,
                        Time now) {
  co_await subtract_from_totals(transaction, file);
  co_await put(transaction, file, home, now);
  const Event event = event_about(file, EventType::kEntryUpdated, caller);
  co_await append_event(transaction, now, event);
}

Task<void> change_owner(db::Transaction& transaction, Entry file, AccountId owner, SpaceId home,
                        Time now) {
  const Event left = event_about(file, EventType::kEntryDeleted, owner);
  co_await give_back(transaction, file.owner, cost_of(file));
  co_await subtract_from_totals(transaction, file);
  co_await forget_words(transaction, file.id);
  co_await remove_tags(transaction, file);
  co_await take_out_of_collections(transaction, file, owner, now);
  co_await drop_share_links(transaction, file.owner, file.id);
  co_await drop_asset(transaction, file);
  co_await drop_public_object(transaction, file.id);
  file.owner = owner;
  co_await put(transaction, file, home, now);
  co_await insert_tags(transaction, file);
  co_await append_event(transaction, now, left);
  const Event came = event_about(file, EventType::kEntryCreated, owner);
  co_await append_event(transaction, now, came);
}

}  // namespace coffer::vault
