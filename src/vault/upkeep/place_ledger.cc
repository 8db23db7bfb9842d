#include "vault/upkeep/place_ledger.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::vault {
namespace {

using blobs::Place;

constexpr db::Statement kAdd{"INSERT INTO unclaimed_place (place) VALUES ($1)"};
constexpr db::Statement kRemove{"DELETE FROM unclaimed_place WHERE place = $1"};
constexpr db::Statement kList{
    "SELECT place FROM unclaimed_place WHERE place > $1 ORDER BY place LIMIT $2"};
constexpr db::Statement kFind{"SELECT place FROM unclaimed_place WHERE place = $1"};

Place place_from(const db::Row& row) { return Place(row.bytes(0)); }

class SqlPlaceLedger final : public blobs::PlaceLedger {
 public:
  explicit SqlPlaceLedger(GuardedDatabase database) : database_(database) {}

  Task<void> add(std::vector<Place> places) override { co_await for_each(kAdd, places); }
  Task<void> remove(std::vector<Place> places) override { co_await for_each(kRemove, places); }

  Task<std::vector<Place>> list(Place after, std::size_t limit) override {
    auto look = [&](db::Transaction& tx) -> Task<std::vector<Place>> {
      co_return co_await tx.all(kList, place_from, after.bytes(), limit);
    };
    co_return co_await database_.read(look);
  }

  // A write, though it changes nothing: it sees every commit before it.
  Task<std::vector<Place>> still_there(std::vector<Place> places) override {
    auto look = [&](db::Transaction& tx) -> Task<std::vector<Place>> {
      std::vector<Place> found;
      for (const Place& place : places) {
        const auto row = co_await tx.find(kFind, place_from, place.bytes());
        if (row) found.push_back(*row);
      }
      co_return found;
    };
    co_return co_await database_.write(Actor::System{}, look);
  }

 private:
  Task<void> for_each(const db::Statement& statement, const std::vector<Place>& places) {
    auto change = [&](db::Transaction& tx) -> Task<void> {
      for (const Place& place : places) co_await tx.execute(statement, place.bytes());
    };
    co_await database_.write(Actor::System{}, change);
  }

  GuardedDatabase database_;
};

}  // namespace

std::unique_ptr<blobs::PlaceLedger> open_place_ledger(GuardedDatabase database) {
  return std::make_unique<SqlPlaceLedger>(database);
}

}  // namespace coffer::vault
