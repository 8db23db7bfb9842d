#include "vault/tree/public_object_rows.h"

#include <vector>

namespace coffer::vault {
namespace {

constexpr db::Statement kClaimObject{"DELETE FROM unclaimed_place WHERE place = $1"};
constexpr db::Statement kAddObject{"INSERT INTO public_object (entry_id, place) VALUES ($1, $2)"};

constexpr db::Statement kDropObject{
    "DELETE FROM public_object WHERE entry_id = $1 RETURNING place"};
constexpr db::Statement kDropMovedObject{
    "DELETE FROM public_object WHERE entry_id = $1 AND NOT EXISTS"
    " (SELECT 1 FROM entry AS file JOIN entry AS box ON box.id = file.parent_id"
    "  JOIN space ON space.id = box.space_id"
    "  WHERE file.id = $1 AND box.parent_id = 0 AND space.kind = 4) RETURNING place"};
// Only in projects are there any: elsewhere nothing is looked through.
constexpr db::Statement kDropObjectsIn{
    "DELETE FROM public_object WHERE entry_id IN"
    " (SELECT id FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = 0"
    "  AND EXISTS (SELECT 1 FROM space WHERE space.id = $1 AND space.kind = 4)) RETURNING place"};
constexpr db::Statement kLeaveToStore{"INSERT INTO unclaimed_place (place) VALUES ($1)"};

blobs::Place object_place_from(const db::Row& row) { return blobs::Place(row.bytes(0)); }

Task<void> leave_to_store(db::Transaction& tx, std::vector<blobs::Place> places) {
  for (const blobs::Place& place : places) co_await tx.execute(kLeaveToStore, place.bytes());
}

}  // namespace

Task<void> add_public_object(db::Transaction& transaction, EntryId file,
                             const blobs::Place& place) {
  co_await transaction.execute(kClaimObject, place.bytes());
  co_await transaction.execute(kAddObject, file, place.bytes());
}

Task<void> drop_public_object(db::Transaction& transaction, EntryId file) {
  auto gone = co_await transaction.all(kDropObject, object_place_from, file);
  co_await leave_to_store(transaction, std::move(gone));
}

Task<void> drop_moved_object(db::Transaction& transaction, EntryId file) {
  auto gone = co_await transaction.all(kDropMovedObject, object_place_from, file);
  co_await leave_to_store(transaction, std::move(gone));
}

Task<void> drop_moved_objects(db::Transaction& transaction, const Entry& folder) {
  if (!folder.parent) co_return;
  auto gone = co_await transaction.all(kDropObjectsIn, object_place_from, folder.space, folder.id);
  co_await leave_to_store(transaction, std::move(gone));
}

}  // namespace coffer::vault
