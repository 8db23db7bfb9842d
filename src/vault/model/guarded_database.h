// The database as the core's commands see it: reading is free, but there is no way to write without
// saying in whose name, and whoever lost the right to it changes nothing.
#pragma once

#include <cstdint>
#include <type_traits>
#include <utility>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/actor.h"
#include "vault/model/failure.h"
#include "vault/model/idempotency_claim.h"

namespace coffer::vault {

// Threads: any executor's.
class GuardedDatabase {
 public:
  // REQUIRES: `database` outlives this.
  GuardedDatabase(db::Database& database) : database_(database) {}

  // As db::Database has them.
  template <class Body>
  auto read(Body body) {
    return database_.read(std::move(body));
  }
  template <class Body>
  auto scan(Body body) {
    return database_.scan(std::move(body));
  }
  template <class Body>
  auto scan(std::int64_t on_behalf, Body body) {
    return database_.scan(on_behalf, std::move(body));
  }

  // As db::Database::write(), after require(): `body` is `Task<Result<T>>(db::Transaction&)` and
  // runs only while the actor has its right, in the same transaction; with the actor's idempotency
  // claim, if it has one.
  template <class Body>
  auto write(Actor actor, Body body) -> std::invoke_result_t<Body&, db::Transaction&> {
    using Value =
        typename db::detail::TaskValue<std::invoke_result_t<Body&, db::Transaction&>>::Type;
    static_assert(db::detail::kIsExpected<Value>, "who lost the right is told so");
    auto guarded = [&](db::Transaction& tx) -> Task<Value> {
      auto permitted = co_await require(tx, actor);
      if (!permitted) co_return std::unexpected(std::move(permitted.error()));
      IdempotencyClaim* const claim = actor.claim();
      if (claim) {
        auto begun = co_await claim->begin(tx, actor.account());
        if (!begun) co_return std::unexpected(std::move(begun.error()));
      }
      Value value = co_await body(tx);
      if (claim && value) {
        auto ended = co_await claim->end(tx, actor.account());
        if (!ended) co_return std::unexpected(std::move(ended.error()));
      }
      co_return value;
    };
    Value value = co_await database_.write(guarded);
    if (actor.claim() && value) actor.claim()->set_committed();
    co_return value;
  }

  db::Stats stats() const { return database_.stats(); }

  // For what no caller's right is behind. The body compares what there is to compare.
  template <class Body>
  auto write(Actor::System, Body body) {
    return database_.write(std::move(body));
  }
  template <class Body>
  auto write(Actor::Anyone, Body body) {
    return database_.write(std::move(body));
  }

 private:
  db::Database& database_;
};

}  // namespace coffer::vault
