#include "db/contract_suite.h"

#include "db/sqlite/sqlite_test_storage.h"

namespace coffer::db {
namespace {

contract::Driver sqlite_driver() {
  return {.make_storage = [] { return std::make_unique<SqliteTestStorage>(); }};
}

}  // namespace
}  // namespace coffer::db

COFFER_DATABASE_CONTRACT(Sqlite, coffer::db::sqlite_driver());
