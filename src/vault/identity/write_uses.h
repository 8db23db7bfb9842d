// Writing down what vault/model/last_uses.h has noted.
#pragma once

#include <cstddef>

#include "base/task.h"
#include "vault/model/context.h"

namespace coffer::vault {

// Up to `limit` of `uses`, in one transaction; whether there are more. `use` sets when the row of
// number $1 was last used to $2. What a failure keeps from being written is noted at the next use.
template <class IdType>
Task<bool> write_uses(Context& context, LastUses<IdType>& uses, const db::Statement& use,
                      std::size_t limit) {
  const auto taken = uses.take(limit);
  if (taken.empty()) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    for (const auto& [id, at] : taken) co_await tx.execute(use, id, at);
  };
  co_await context.database.write(Actor::System{}, body);
  co_return taken.size() == limit;
}

}  // namespace coffer::vault
