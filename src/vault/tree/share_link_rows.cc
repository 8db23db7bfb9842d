#include "vault/tree/share_link_rows.h"

#include "vault/model/quota.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kDropOfFile{"DELETE FROM share_link WHERE entry_id = $1"};
constexpr db::Statement kDropOfCollection{"DELETE FROM share_link WHERE collection_id = $1"};
constexpr db::Statement kDropSome{
    "DELETE FROM share_link WHERE id IN"
    " (SELECT id FROM share_link WHERE owner_id = $1 ORDER BY id LIMIT $2)"};

Task<void> give_back_links(db::Transaction& tx, AccountId owner, std::uint64_t count) {
  if (count > 0) co_await give_back(tx, owner, cost_of_secrets(count));
}

}  // namespace

Task<void> drop_share_links(db::Transaction& transaction, AccountId owner, EntryId file) {
  const auto dropped = co_await transaction.execute(kDropOfFile, file);
  co_await give_back_links(transaction, owner, dropped);
}

Task<void> drop_share_links(db::Transaction& transaction, AccountId owner,
                            CollectionId collection) {
  const auto dropped = co_await transaction.execute(kDropOfCollection, collection);
  co_await give_back_links(transaction, owner, dropped);
}

Task<bool> drop_some_share_links(db::Transaction& transaction, AccountId owner, std::size_t limit) {
  const auto dropped = co_await transaction.execute(kDropSome, owner, limit);
  co_await give_back_links(transaction, owner, dropped);
  co_return dropped > 0;
}

}  // namespace coffer::vault
