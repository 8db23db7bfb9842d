#include "vault/transfer/file_rows.h"

#include "vault/events/events.h"
#include "vault/model/quota.h"
#include "vault/transfer/blob_rows.h"
#include "vault/transfer/downloads.h"
#include "vault/transfer/manifests.h"
#include "vault/tree/asset_rows.h"
#include "vault/tree/collections.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/public_object_rows.h"
#include "vault/tree/search_index.h"
#include "vault/tree/share_link_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kReplace{
    "UPDATE entry SET media_type = $2, kind = $3, size = $4, charged = $5, digest = $6,"
    " manifest_id = NULL, updated_at = $7, written_at = $7, taken_at = $8,"
    " dated_at = CASE WHEN CAST($3 AS BIGINT) <= 2 THEN coalesce(CAST($8 AS BIGINT), created_at) "
    "END"
    " WHERE id = $1"};

constexpr db::Statement kRemove{"DELETE FROM entry WHERE id = $1"};

}  // namespace

Cost cost_of_replacing(const Entry& file, const StagedBlob& staged) noexcept {
  Entry next = file;
  next.size = staged.size();
  next.charged = charge_of(next);
  return cost_of(next) - cost_of(file);
}

Task<Entry> replace_bytes(db::Transaction& transaction, const Context& context, const Entry& file,
                          const StagedBlob& staged, AccountId caller) {
  const Time now = context.clock.now();
  Entry entry = file;
  entry.type = context.classify(entry.name, staged.head());
  entry.size = staged.size();
  entry.charged = charge_of(entry);
  entry.checksum = staged.digest();
  entry.manifest = {};
  entry.updated_at = entry.written_at = now;
  // The new reference first: the bytes may be the same.
  co_await add_reference(transaction, staged);
  co_await drop_bytes(transaction, file, now);
  co_await drop_public_object(transaction, entry.id);
  const auto known =
      co_await want_media(transaction, staged.digest(), entry.type, entry.owner, now);
  entry.media = known.media;
  if (entry.type.kind != file.type.kind) co_await forget_words(transaction, entry.id);
  co_await transaction.execute(kReplace, entry.id, entry.type.media_type, entry.type.kind,
                               entry.size, entry.charged, ByteView(staged.digest().bytes), now,
                               known.taken_at);
  co_await drop_downloads(transaction, entry.id);
  co_await subtract_from_totals(transaction, file);
  co_await add_to_totals(transaction, entry);
  const Event event = event_about(entry, EventType::kEntryUpdated, caller);
  co_await append_event(transaction, now, event);
  co_return entry;
}

Task<void> remove_file(db::Transaction& transaction, const Entry& file, AccountId caller,
                       Time now) {
  co_await give_back(transaction, file.owner, cost_of(file));
  co_await subtract_from_totals(transaction, file);
  co_await release_file(transaction, file, caller, now);
}

Task<void> release_file(db::Transaction& transaction, const Entry& file, AccountId caller,
                        Time now) {
  co_await drop_bytes(transaction, file, now);
  co_await drop_asset(transaction, file);
  co_await detach_file(transaction, file, caller, now);
}

Task<void> detach_file(db::Transaction& transaction, const Entry& file, AccountId caller,
                       Time now) {
  co_await forget_words(transaction, file.id);
  co_await drop_share_links(transaction, file.owner, file.id);
  co_await drop_public_object(transaction, file.id);
  co_await transaction.execute(kRemove, file.id);
  co_await remove_tags(transaction, file);
  co_await take_out_of_collections(transaction, file, caller, now);
  const Event event = event_about(file, EventType::kEntryDeleted, caller);
  co_await append_event(transaction, now, event);
}

Task<void> drop_bytes(db::Transaction& transaction, const Entry& file, Time now) {
  if (file.checksum) co_await give_up_media(transaction, *file.checksum, file.type, now);
  if (file.manifest) co_return co_await retire_manifest(transaction, *file.manifest, now);
  co_await drop_reference(transaction, file.checksum.value(), now);
}

}  // namespace coffer::vault
