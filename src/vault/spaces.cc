#include "vault/spaces.h"

#include "base/text.h"
#include "vault/subtree.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kLive{"SELECT id FROM space WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kRemove{
    "UPDATE space SET removed_at = $2, number = NULL WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kRemoveKeys{"DELETE FROM api_key WHERE space_id = $1"};
// Tokens of files, of which there may be as many as files, go with those.
constexpr db::Statement kRemoveInvites{"DELETE FROM link WHERE space_id = $1 AND kind = 0"};
constexpr db::Statement kRemoveMembers{"DELETE FROM member WHERE space_id = $1"};

constexpr db::Statement kNext{
    "SELECT id, owner_id FROM space WHERE removed_at IS NOT NULL AND kind = 3"
    " ORDER BY removed_at, id LIMIT 2"};
// The last but $3 of the keys. From the last on, what lies in a folder goes before the folder.
constexpr db::Statement kFromEnd{
    "SELECT key FROM entry WHERE space_id = $1 AND nested = $2 ORDER BY key DESC"
    " LIMIT 1 OFFSET $3"};
constexpr db::Statement kAny{"SELECT id FROM entry WHERE space_id = $1 LIMIT 1"};
constexpr db::Statement kForget{"DELETE FROM space WHERE id = $1"};

// Behind every key: keys are UTF-8.
constexpr char kEnd[] = "\xff";

struct Removed {
  SpaceId id;
  AccountId owner;
};

Removed removed_from(const db::Row& row) {
  return {.id = row.id<SpaceId>(0), .owner = row.id<AccountId>(1)};
}

std::string key_from(const db::Row& row) { return std::string(as_text(row.bytes(0))); }

Task<void> remove_some(db::Transaction& tx, const Removed& space, bool nested, std::size_t limit,
                       Time now) {
  const auto first = co_await tx.find(kFromEnd, key_from, space.id, nested, limit - 1);
  const KeyRange range{
      .space = space.id, .first = first.value_or(""), .end = kEnd, .nested = nested};
  co_await remove_range(tx, range, space.owner, now);
}

Task<bool> is_empty(db::Transaction& tx, SpaceId space) {
  const auto any = co_await tx.find(
      kAny, [](const db::Row& row) { return row.integer(0); }, space);
  co_return !any.has_value();
}

}  // namespace

Task<bool> is_live(db::Transaction& transaction, SpaceId space) {
  const auto found = co_await transaction.find(
      kLive, [](const db::Row& row) { return row.integer(0); }, space);
  co_return found.has_value();
}

Task<void> remove_space(db::Transaction& transaction, SpaceId space, Time now) {
  co_await transaction.execute(kRemove, space, now);
  co_await transaction.execute(kRemoveKeys, space);
  co_await transaction.execute(kRemoveInvites, space);
  co_await transaction.execute(kRemoveMembers, space);
}

Task<bool> Spaces::clear(std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Removed>> {
    co_return co_await tx.all(kNext, removed_from);
  };
  const auto removed = co_await context_.database.read(look);
  if (removed.empty()) co_return false;
  const Removed& space = removed.front();
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const Time now = context_.clock.now();
    co_await remove_some(tx, space, true, limit, now);
    co_await remove_some(tx, space, false, limit, now);
    const bool empty = co_await is_empty(tx, space.id);
    if (empty) co_await tx.execute(kForget, space.id);
    co_return empty;
  };
  const bool empty = co_await context_.database.write(Actor::System{}, body);
  co_return !empty || removed.size() > 1;
}

}  // namespace coffer::vault
