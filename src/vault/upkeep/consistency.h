// Compares what the tables of a vault say of each other.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "db/database.h"

namespace coffer::vault {

// A rule that does not hold.
struct Inconsistency {
  std::string_view what;    // `quota counters that are not the bytes that the account keeps`
  std::uint64_t count = 0;  // rows, at least 1
};

// Every counter against the rows that it counts, and every row against those it belongs to.
// Empty: all is consistent. Reads all of the metadata once or a few times, in one state. For
// whoever has the database and no vault; REQUIRES: it is migrated. Throws db::Error.
Task<std::vector<Inconsistency>> find_inconsistencies(db::Database& database);

}  // namespace coffer::vault
