// Rows of the log, for its readers.
#pragma once

#include "db/value.h"
#include "vault/events/events.h"

namespace coffer::vault {

inline constexpr char kEventColumns[] =
    "id, type, at, account_id, space_id, entry_id, uuid, kind, owner_id, collection_id";
// Of a SELECT of kEventColumns.
Event event_from(const db::Row& row);

EventId event_id_from(const db::Row& row);

}  // namespace coffer::vault
