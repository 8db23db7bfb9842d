// The schema's migrations. schema.sql, which the build makes a constant of, is the baseline.
#include <array>

#include "vault/schema_sql.h"
#include "vault/vault.h"

namespace coffer::vault {
namespace {

constexpr std::array kMigrations{
    db::Migration{.number = 1, .name = "baseline", .sql = kSchemaSql},
};

}  // namespace

std::span<const db::Migration> migrations() { return kMigrations; }

}  // namespace coffer::vault
