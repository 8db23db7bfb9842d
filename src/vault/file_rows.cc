#include "vault/file_rows.h"

#include "vault/downloads.h"
#include "vault/events.h"
#include "vault/manifests.h"
#include "vault/quota.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kReplace{
    "UPDATE entry SET media_type = $2, kind = $3, size = $4, charged = $5, digest = $6,"
    " blob_id = $7, manifest_id = NULL, width = NULL, height = NULL, duration = NULL,"
    " updated_at = $8, written_at = $8 WHERE id = $1"};

constexpr db::Statement kRemove{"DELETE FROM entry WHERE id = $1"};

Task<void> drop_bytes(db::Transaction& tx, const Stored& file, Time now) {
  if (file.blob) co_await drop_reference(tx, *file.blob, now);
  if (file.entry.manifest) co_await retire_manifest(tx, *file.entry.manifest, now);
}

}  // namespace

Stored stored_from(const db::Row& row) {
  Stored stored{.entry = entry_from(row), .blob = {}};
  if (!row.is_null(kEntryWidth)) stored.blob = row.id<BlobId>(kEntryWidth);
  return stored;
}

Cost cost_of_replacing(const Entry& file, const Received& received) noexcept {
  Entry next = file;
  next.size = received.size;
  next.charged = charge_of(next);
  return cost_of(next) - cost_of(file);
}

Task<Entry> replace_bytes(db::Transaction& transaction, const Context& context, const Stored& file,
                          const Received& received, AccountId caller) {
  const Time now = context.clock.now();
  Entry entry = file.entry;
  entry.type = context.classify(entry.name, received.head);
  entry.size = received.size;
  entry.charged = charge_of(entry);
  entry.checksum = received.digest;
  entry.manifest = {};
  entry.width = entry.height = {};
  entry.duration = {};
  entry.updated_at = entry.written_at = now;
  // The new reference first: the bytes may be the same.
  const BlobId blob = co_await add_reference(transaction, received);
  co_await drop_bytes(transaction, file, now);
  co_await transaction.execute(kReplace, entry.id, entry.type.media_type, entry.type.kind,
                               entry.size, entry.charged, ByteView(received.digest.bytes), blob,
                               now);
  co_await drop_downloads(transaction, entry.id);
  co_await subtract_from_totals(transaction, file.entry);
  co_await add_to_totals(transaction, entry);
  const Event event = event_about(entry, EventType::kEntryUpdated, caller);
  co_await append_event(transaction, now, event);
  co_return entry;
}

Task<void> remove_file(db::Transaction& transaction, const Stored& file, AccountId caller,
                       Time now) {
  co_await give_back(transaction, file.entry.owner, cost_of(file.entry));
  co_await subtract_from_totals(transaction, file.entry);
  co_await release_file(transaction, file, caller, now);
}

Task<void> release_file(db::Transaction& transaction, const Stored& file, AccountId caller,
                        Time now) {
  const Entry& entry = file.entry;
  co_await transaction.execute(kRemove, entry.id);
  co_await remove_tags(transaction, entry);
  co_await drop_bytes(transaction, file, now);
  const Event event = event_about(entry, EventType::kEntryDeleted, caller);
  co_await append_event(transaction, now, event);
}

}  // namespace coffer::vault
