#include "db/sqlite/migrations.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace coffer::db::sqlite {
namespace {

constexpr Statement kFindTable{
    "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migration'"};
constexpr Statement kFindOther{
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migration'"
    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' LIMIT 1"};
constexpr Statement kMakeTable{kMigrationTable};
constexpr Statement kApplied{"SELECT number, name FROM schema_migration ORDER BY number"};
constexpr Statement kRecord{
    "INSERT INTO schema_migration (number, name, applied_at) VALUES ($1, $2, $3)"};
constexpr Statement kCheckForeignKeys{"PRAGMA foreign_key_check"};

void apply(Connection& connection, const Migration& migration, const Clock& clock) {
  connection.run_script(in_dialect(kDialect, migration.sql).c_str());
  if (!connection.in_transaction()) throw Error("it ends the transaction it runs in");
  connection.for_each(kCheckForeignKeys, [](const Row& row) {
    throw Error(fmt::format("it leaves a broken foreign key in table {}", row.text(0)));
  });
  const std::array<Value, 3> arguments{Value(migration.number), Value(migration.name),
                                       Value(clock.now())};
  Operation record;
  record.statement = &kRecord;
  record.arguments = arguments;
  connection.run(record);
}

// Applies the first one that is missing, in a transaction. False: none was.
bool apply_next(Connection& connection, std::span<const Migration> migrations, const Clock& clock) {
  connection.run(kBeginWrite);
  // Another process may have been here since the first look.
  const auto count = applied(connection, migrations);
  if (count == migrations.size()) {
    connection.run(kRollback);
    return false;
  }
  const Migration& next = migrations[count];
  try {
    connection.run(kMakeTable);
    apply(connection, next, clock);
    connection.run(kCommit);
  } catch (const NoSpaceError&) {
    throw;
  } catch (const LockedError&) {
    throw;
  } catch (const Error& error) {
    throw Error(fmt::format("migration {} ({}) failed: {}", next.number, next.name, error.what()));
  }
  return true;
}

}  // namespace

std::size_t applied(Connection& connection, std::span<const Migration> migrations) {
  bool has_table = false;
  connection.for_each(kFindTable, [&](const Row&) { has_table = true; });
  std::size_t count = 0;
  const auto look = [&](const Row& row) {
    const auto number = row.integer(0);
    const auto name = row.text(1);
    if (number != static_cast<std::int64_t>(count) + 1) {
      throw Error(
          fmt::format("the database has migration {} ({}) but not {}", number, name, count + 1));
    }
    if (count == migrations.size()) {
      throw OtherSchemaError(
          fmt::format("the database is newer than this program: it has migration {} ({}), "
                      "the program knows {}. Nothing was changed; use a newer program",
                      number, name, migrations.size()));
    }
    if (name != migrations[count].name) {
      throw OtherSchemaError(
          fmt::format("the database was made by another program, or by an unreleased version of "
                      "this one, and cannot be used: its migration {} is `{}`, here it is `{}`. "
                      "Nothing was changed; use that program, or another data folder",
                      number, name, migrations[count].name));
    }
    ++count;
  };
  if (has_table) connection.for_each(kApplied, look);
  // A new database has nothing at all.
  if (count == 0) {
    connection.for_each(kFindOther, [](const Row& row) {
      throw Error(
          fmt::format("the database does not know how it was made, but holds the table {}: it is "
                      "damaged, or another program's",
                      row.text(0)));
    });
  }
  return count;
}

void migrate(Connection& connection, std::span<const Migration> migrations, const Clock& clock) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number != static_cast<int>(i) + 1) {
      throw Error(fmt::format("migration {} ({}) stands where number {} belongs",
                              migrations[i].number, migrations[i].name, i + 1));
    }
  }
  // Usually nothing is to be done, and that is found out without waiting for a writer.
  if (applied(connection, migrations) == migrations.size()) return;
  connection.run_script("PRAGMA foreign_keys = OFF");
  while (apply_next(connection, migrations, clock)) {
  }
}

}  // namespace coffer::db::sqlite
