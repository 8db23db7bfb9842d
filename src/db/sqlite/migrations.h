// Brings the file's schema up to date.
#pragma once

#include <span>

#include "base/clock.h"
#include "db/database.h"
#include "db/dialect.h"
#include "db/sqlite/connection.h"

namespace coffer::db::sqlite {

// As Database::migrate. Applied ones stand in the table schema_migration. Several processes
// may do this at once. `connection` is for this alone: foreign keys are not enforced while a
// migration runs, so that it can rebuild tables, and all are checked at its end.
void migrate(Connection& connection, std::span<const Migration> migrations, const Clock& clock);

inline constexpr Dialect kDialect{.integer = "INTEGER",
                                  .real = "REAL",
                                  .text = "TEXT",
                                  .bytes = "BLOB",
                                  .key = "INTEGER PRIMARY KEY AUTOINCREMENT",
                                  .options = " STRICT",
                                  .clustered = " STRICT, WITHOUT ROWID",
                                  .index_table = "VIRTUAL TABLE",
                                  // Neither the texts nor where words stand in them are kept.
                                  .words_index =
                                      "USING fts5(words, content='', columnsize=0, detail=none,"
                                      " tokenize='ascii')"};

// Makes the table of the applied migrations.
inline constexpr const char* kMigrationTable =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

// How many of `migrations` were applied. Throws OtherSchemaError if the file has others.
std::size_t applied(Connection& connection, std::span<const Migration> migrations);

}  // namespace coffer::db::sqlite
