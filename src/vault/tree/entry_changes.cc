#include "vault/tree/entry_changes.h"

#include <string>

#include "base/bytes.h"
#include "vault/events/events.h"
#include "vault/model/quota.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/public_object_rows.h"
#include "vault/tree/search_index.h"
#include "vault/tree/search_terms.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kUpdate{
    "UPDATE entry SET key = $2, name = $3, title = $4, description = $5, tags = $6, search = $7,"
    " updated_at = $8, space_id = $9, parent_id = $10, charged = $11, media_type = $12, kind = $13"
    " WHERE id = $1"};

}  // namespace

Task<Result<void>> store_changes(db::Transaction& transaction, const Entry& old, Entry& entry,
                                 Time now) {
  entry.charged = old.charged - text_charge(old) + text_charge(entry);
  if (entry.charged != old.charged) {
    const auto charged =
        co_await charge(transaction, entry.owner, entry.space, cost_of(entry) - cost_of(old));
    if (!charged) co_return std::unexpected(charged.error());
  }
  const bool counts_anew = entry.charged != old.charged || entry.space != old.space ||
                           entry.parent != old.parent || entry.type.kind != old.type.kind;
  if (counts_anew) {
    co_await subtract_from_totals(transaction, old);
    co_await add_to_totals(transaction, entry);
  }
  if (entry.tags != old.tags) {
    co_await remove_tags(transaction, old);
    co_await insert_tags(transaction, entry);
  }
  entry.updated_at = now;
  const std::string tags = tags_column(entry);
  const std::string search = search_column(entry);
  const bool is_found_otherwise = search != search_column(old) || entry.type.kind != old.type.kind;
  if (is_found_otherwise) co_await forget_words(transaction, entry.id);
  co_await transaction.execute(kUpdate, entry.id, as_bytes(entry.key), as_bytes(entry.name),
                               entry.title, entry.description, tags, search, now, entry.space,
                               entry.parent.value_or(EntryId{}), entry.charged,
                               entry.type.media_type, entry.type.kind);
  if (entry.parent != old.parent) co_await drop_moved_object(transaction, entry.id);
  if (entry.type != old.type) {
    co_await drop_public_object(transaction, entry.id);
    KnownMedia known;
    if (entry.checksum) {
      if (!has_facts(entry.type)) {
        co_await give_up_media(transaction, *entry.checksum, old.type, now);
      }
      known = co_await want_media(transaction, *entry.checksum, entry.type, entry.owner, now);
    }
    entry.media = std::move(known.media);
    co_await date_file(transaction, entry.id, known.taken_at);
  }
  const Event event = event_about(entry, EventType::kEntryUpdated, entry.owner);
  co_await append_event(transaction, now, event);
  co_return Result<void>{};
}

}  // namespace coffer::vault
