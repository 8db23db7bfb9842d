#include "vault/upkeep/placed_blobs.h"

#include <array>
#include <cstddef>

#include "base/bytes.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kPlaced{
    "SELECT place, digest, size, refs FROM blob WHERE place >= $1 AND place < $2 ORDER BY place"};
constexpr db::Statement kPublicObjects{
    "SELECT place, digest, size, 1 FROM public_object JOIN entry ON entry.id = entry_id"
    " WHERE place >= $1 AND place < $2 ORDER BY place"};
constexpr db::Statement kUnclaimedPlaces{
    "SELECT place FROM unclaimed_place WHERE place >= $1 AND place < $2 UNION ALL"
    " SELECT place FROM moved_place WHERE place >= $1 AND place < $2 ORDER BY place"};
constexpr db::Statement kCountPlaced{
    "SELECT count(place), count(CASE WHEN place IS NULL AND refs > 0 THEN 1 END) FROM blob"};

PlacedBlob placed_from(const db::Row& row) {
  return {.place = blobs::Place(row.bytes(0)),
          .digest = Sha256Digest::from_bytes(row.bytes(1)).value(),
          .size = static_cast<std::uint64_t>(row.integer(2)),
          .is_referenced = row.integer(3) > 0};
}

blobs::Place unclaimed_from(const db::Row& row) { return blobs::Place(row.bytes(0)); }

// The least place that begins with the byte, or one behind all places.
Bytes bound_at(unsigned first_byte) {
  if (first_byte < 256) return Bytes(1, static_cast<std::byte>(first_byte));
  return Bytes(blobs::Place::kMaxBytes + 1, std::byte{0xFF});
}

}  // namespace

Task<std::vector<PlacedBlob>> placed_blobs(GuardedDatabase database, unsigned first, unsigned end) {
  const Bytes from = bound_at(first);
  const Bytes to = bound_at(end);
  auto look = [&](db::Transaction& tx) -> Task<std::vector<PlacedBlob>> {
    co_return co_await tx.all(kPlaced, placed_from, ByteView(from), ByteView(to));
  };
  co_return co_await database.read(look);
}

Task<std::vector<PlacedBlob>> public_objects(GuardedDatabase database, unsigned first,
                                             unsigned end) {
  const Bytes from = bound_at(first);
  const Bytes to = bound_at(end);
  auto look = [&](db::Transaction& tx) -> Task<std::vector<PlacedBlob>> {
    co_return co_await tx.all(kPublicObjects, placed_from, ByteView(from), ByteView(to));
  };
  co_return co_await database.read(look);
}

Task<std::vector<blobs::Place>> unclaimed_places(GuardedDatabase database, unsigned first,
                                                 unsigned end) {
  const Bytes from = bound_at(first);
  const Bytes to = bound_at(end);
  auto look = [&](db::Transaction& tx) -> Task<std::vector<blobs::Place>> {
    co_return co_await tx.all(kUnclaimedPlaces, unclaimed_from, ByteView(from), ByteView(to));
  };
  co_return co_await database.read(look);
}

Task<PlacedCounts> count_placed(GuardedDatabase database) {
  const auto counts_from = [](const db::Row& row) {
    return PlacedCounts{.placed = static_cast<std::uint64_t>(row.integer(0)),
                        .without = static_cast<std::uint64_t>(row.integer(1))};
  };
  auto look = [&](db::Transaction& tx) -> Task<PlacedCounts> {
    co_return (co_await tx.find(kCountPlaced, counts_from)).value();
  };
  co_return co_await database.read(look);
}

}  // namespace coffer::vault
