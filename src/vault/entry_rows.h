// An entry as its rows hold it, for the statements that read and change them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "vault/types.h"

namespace coffer::vault {

inline constexpr char kEntryColumns[] =
    "id, uuid, space_id, creator_id, key, name, media_type, kind, size, digest, width, height, "
    "duration, title, description, tags, created_at, updated_at";
// What a statement selects besides follows from here on.
inline constexpr int kEntryWidth = 18;

Entry entry_from(const db::Row& row);

// The columns that follow from others.
std::string tags_column(const Entry& entry);
std::string search_column(const Entry& entry);

// Keep the index of tags in step with `entry`.
Task<void> insert_tags(db::Transaction& transaction, const Entry& entry);
Task<void> remove_tags(db::Transaction& transaction, const Entry& entry);

}  // namespace coffer::vault
