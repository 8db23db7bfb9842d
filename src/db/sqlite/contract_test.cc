#include "db/contract_suite.h"

#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {
namespace {

contract::Driver sqlite_driver() {
  return {.make_storage = [] { return std::make_unique<SqliteTestStorage>(); },
          .integer_type = "INTEGER",
          .real_type = "REAL",
          .text_type = "TEXT",
          .bytes_type = "BLOB",
          .table_options = " STRICT"};
}

}  // namespace
}  // namespace coffer::db

COFFER_DATABASE_CONTRACT(Sqlite, coffer::db::sqlite_driver());
