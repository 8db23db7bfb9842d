#include "db/sqlite/check.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "db/sqlite/migrations.h"

namespace coffer::db::sqlite {
namespace {

constexpr std::size_t kMaxFaults = 100;

// Pages, the order of their cells, freed pages, rows missing in an index, NOT NULL, CHECK, types.
constexpr Statement kIntegrity{"PRAGMA integrity_check(100)"};
constexpr Statement kPageSize{"PRAGMA page_size"};
constexpr Statement kNumbered{
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"};
constexpr Statement kForeignKeys{"PRAGMA foreign_key_check"};
constexpr const char* kSchema =
    "SELECT type, name, coalesce(sql, '') FROM sqlite_schema"
    " WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
constexpr Statement kSchemaHere{kSchema};

// A table, index, view or trigger -> the statement that made it.
using Schema = std::map<std::pair<std::string, std::string>, std::string>;

// Blanks do not count: somebody may have made an index again by hand.
std::string without_blanks(std::string_view sql) {
  std::string out;
  std::ranges::copy_if(sql, std::back_inserter(out),
                       [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  return out;
}

// What `migrations` make, in a database of its own in memory.
Schema expected_schema(std::span<const Migration> migrations) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle(opened, sqlite3_close);
  if (code != SQLITE_OK) throw Error("cannot open a database in memory");
  Schema schema;
  const auto keep = [](void* into, int, char** columns, char**) {
    static_cast<Schema*>(into)->emplace(std::pair(columns[0], columns[1]),
                                        without_blanks(columns[2]));
    return 0;
  };
  const auto run = [&](const char* sql) {
    if (sqlite3_exec(handle.get(), sql, keep, &schema, nullptr) != SQLITE_OK) {
      throw Error(fmt::format("the schema cannot be made: {}", sqlite3_errmsg(handle.get())));
    }
  };
  if (!migrations.empty()) run(kMigrationTable);
  for (const Migration& migration : migrations) run(in_dialect(kDialect, migration.sql).c_str());
  schema.clear();
  run(kSchema);
  return schema;
}

class Check {
 public:
  explicit Check(Connection& connection) : connection_(connection) {}

  // Runs `look`; a failure of it is a fault too, for a damaged page may stop a statement.
  template <class Look>
  void attempt(Look look) {
    try {
      look();
    } catch (const Error& error) {
      add(error.what());
    }
  }

  void integrity() {
    connection_.for_each(kIntegrity, [&](const Row& row) {
      // Several lines where one page has several faults.
      std::string_view text = row.text(0);
      while (!text.empty() && text != "ok") {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        // A heading that names the schema, of which there is one.
        if (!line.empty() && !line.starts_with("*** in database")) add(std::string(line));
      }
    });
  }

  void schema(std::span<const Migration> migrations) {
    const Schema expected = expected_schema(migrations.first(applied(connection_, migrations)));
    Schema found;
    connection_.for_each(kSchemaHere, [&](const Row& row) {
      found.emplace(std::pair(row.text(0), row.text(1)), without_blanks(row.text(2)));
    });
    for (const auto& [what, sql] : expected) {
      const auto here = found.find(what);
      if (here == found.end()) {
        add(fmt::format("{} {} is missing", what.first, what.second));
      } else if (here->second != sql) {
        add(fmt::format("{} {} is not as this program made it", what.first, what.second));
      }
    }
    for (const auto& [what, sql] : found) {
      if (!expected.contains(what)) {
        add(fmt::format("{} {} is not this program's", what.first, what.second));
      }
    }
  }

  void foreign_keys() {
    std::map<std::pair<std::string, std::string>, std::uint64_t> broken;
    connection_.for_each(kForeignKeys, [&](const Row& row) {
      ++broken[{std::string(row.text(0)), std::string(row.text(2))}];
    });
    for (const auto& [tables, rows] : broken) {
      add(fmt::format("{} rows of {} refer to rows of {} that do not exist", rows, tables.first,
                      tables.second));
    }
  }

  // A number that was given must not be given again.
  void numbers() {
    std::vector<std::string> tables;
    connection_.for_each(kNumbered, [&](const Row& row) { tables.emplace_back(row.text(0)); });
    for (const std::string& table : tables) {
      const std::string& sql = statements_.emplace_back(
          fmt::format("SELECT 1 WHERE (SELECT max(rowid) FROM \"{0}\") >"
                      " coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = '{0}'), 0)",
                      table));
      connection_.for_each({sql.c_str()}, [&](const Row&) {
        add(fmt::format("the next number of {} is one that was given already", table));
      });
    }
  }

  // The file is cut, where SQLite reads zeros and asks no more.
  void length(const std::filesystem::path& path) {
    std::error_code error;
    const auto log = std::filesystem::file_size(std::filesystem::path(path) += "-wal", error);
    if (!error && log > 0) return;  // the rest of the last page may be there
    const auto bytes = std::filesystem::file_size(path, error);
    std::uint64_t page = 0;
    connection_.for_each(
        kPageSize, [&](const Row& row) { page = static_cast<std::uint64_t>(row.integer(0)); });
    if (!error && bytes % page != 0) {
      add(fmt::format("the file has {} bytes, no whole number of pages of {}: its end is cut off",
                      bytes, page));
    }
  }

  std::vector<std::string> take() { return std::move(faults_); }

 private:
  void add(std::string fault) {
    if (faults_.size() < kMaxFaults) faults_.push_back(std::move(fault));
  }

  Connection& connection_;
  std::deque<std::string> statements_;  // the connection knows them by their addresses
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> check(Connection& connection, const std::filesystem::path& path,
                               std::span<const Migration> migrations) {
  Check check(connection);
  check.attempt([&] { check.integrity(); });
  check.attempt([&] { check.schema(migrations); });
  check.attempt([&] { check.foreign_keys(); });
  check.attempt([&] { check.numbers(); });
  check.attempt([&] { check.length(path); });
  return check.take();
}

}  // namespace coffer::db::sqlite
