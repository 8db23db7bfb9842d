// The behaviour that every driver owes, as tests. One source of a driver's
// test program includes this and says, outside of any namespace,
//
//   COFFER_DATABASE_CONTRACT(Sqlite, make_sqlite_driver());
//
// This stands before every other include: GCC takes the tests' local types for ones that
// several sources could define differently, as they are in headers.
#pragma once

#pragma GCC diagnostic ignored "-Wsubobject-linkage"

#include "db/contract/concurrency.h"
#include "db/contract/fixture.h"
#include "db/contract/migrations.h"
#include "db/contract/transactions.h"
#include "db/contract/values.h"

#define COFFER_DATABASE_CONTRACT(prefix, driver)                                          \
  namespace coffer::db::contract {                                                        \
  INSTANTIATE_TEST_SUITE_P(prefix, DatabaseContract, ::testing::Values(Driver(driver)));  \
  INSTANTIATE_TEST_SUITE_P(prefix, MigrationContract, ::testing::Values(Driver(driver))); \
  }                                                                                       \
  static_assert(true)
