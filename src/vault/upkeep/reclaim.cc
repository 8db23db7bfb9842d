#include "vault/upkeep/reclaim.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/log.h"
#include "vault/upkeep/blob_migration.h"

namespace coffer::vault {
namespace {

// Blobs at a time.
constexpr std::size_t kStep = 64;
constexpr std::size_t kSweepPage = 256;
// Requests whose result is kept for who asked.
constexpr int kKept = 100;
// Who has read which blob a file has opens it well within this time, if the machine stands still
// for no longer.
constexpr std::chrono::seconds kOpened{5};
// Whoever was refused deletes something and tries again.
constexpr std::chrono::minutes kMakesRoom{1};

struct Request {
  ReclaimId id;
  Time at;
};

Request request_from(const db::Row& row) { return {row.id<ReclaimId>(0), row.time(1)}; }

constexpr db::Statement kRequest{"INSERT INTO reclaim (requested_at) VALUES ($1)"};
constexpr db::Statement kResult{
    "SELECT freed_blobs, freed_bytes FROM reclaim WHERE id = $1 AND freed_blobs IS NOT NULL"};
constexpr db::Statement kNext{
    "SELECT id, requested_at FROM reclaim WHERE freed_blobs IS NULL"
    " AND (requested_at <= $1 OR requested_at > $2) ORDER BY id DESC LIMIT 1"};
constexpr db::Statement kFinish{
    "UPDATE reclaim SET freed_blobs = $2, freed_bytes = $3 WHERE freed_blobs IS NULL AND id <= $1"};
constexpr db::Statement kForget{
    "DELETE FROM reclaim WHERE id <= CAST($1 AS BIGINT) - CAST($2 AS BIGINT)"};

}  // namespace

Task<bool> Reclaim::step() {
  if (!is_collected_) {
    is_collected_ = !co_await references_.collect_unused(before_, kStep, freed_);
    co_return true;
  }
  swept_ = co_await references_.sweep_unknown(swept_, std::nullopt, kSweepPage, freed_);
  co_return swept_.has_value();
}

Task<ReclaimId> request_reclaim(db::Database& database, Time now) {
  auto request = [&](db::Transaction& tx) -> Task<std::optional<ReclaimId>> {
    co_return co_await tx.insert<ReclaimId>(kRequest, now);
  };
  const auto id = co_await database.write(request);
  co_return id.value();
}

Task<std::optional<Freed>> finished_reclaim(db::Database& database, ReclaimId id) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Freed>> {
    const auto from = [](const db::Row& row) {
      return Freed{.blobs = static_cast<std::uint64_t>(row.integer(0)),
                   .bytes = static_cast<std::uint64_t>(row.integer(1))};
    };
    co_return co_await tx.find(kResult, from, id);
  };
  co_return co_await database.read(look);
}

Task<void> finish_reclaim(GuardedDatabase database, ReclaimId id, const Freed& freed) {
  auto finish = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kFinish, id, freed.blobs, freed.bytes);
    co_await tx.execute(kForget, id, kKept);
  };
  co_await database.write(Actor::System{}, finish);
}

Task<bool> Reclaims::step() {
  if (!running_) {
    const Time now = context_.clock.now();
    const Time before = now - kOpened;
    auto look = [&](db::Transaction& tx) -> Task<std::optional<Request>> {
      // One of the future was asked for before the clock was set back.
      co_return co_await tx.find(kNext, request_from, before, now);
    };
    const auto request = co_await context_.database.read(look);
    if (!request) co_return co_await make_room();
    running_.emplace(request->id, Reclaim(references_, std::min(request->at, before)));
  }
  const Time opened = context_.clock.now() - kOpened;
  if (co_await collect_moved_places(context_.database, opened, kStep)) co_return true;
  if (co_await running_->reclaim.step()) co_return true;
  co_await finish_reclaim(context_.database, running_->id, running_->reclaim.freed());
  running_.reset();
  co_return false;
}

// What no row knows is left to the sweep: looking for it reads the names of all blobs, and here
// that would be again and again for as long as the disk stays full.
Task<bool> Reclaims::make_room() {
  const Time now = context_.clock.now();
  const std::uint64_t refusals = Exhausted::count(ExhaustedResource::kStorage);
  if (std::exchange(refusals_, refusals) != refusals) making_room_until_ = now + kMakesRoom;
  if (now >= making_room_until_ && co_await context_.blobs.free_bytes() > 0) co_return false;
  Freed freed;
  const bool more = co_await references_.collect_unused(now - kOpened, kStep, freed);
  if (freed.blobs > 0) {
    log::info("the disk is full: freed what nothing needs before its grace time",
              {{"blobs", freed.blobs}, {"bytes", freed.bytes}});
  }
  co_return more;
}

}  // namespace coffer::vault
