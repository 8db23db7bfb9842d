// Looks for damage in the file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "db/sqlite/connection.h"

namespace coffer::db::sqlite {

// As Database::check. `connection` may write or read; it is used for nothing else meanwhile.
std::vector<std::string> check(Connection& connection, std::span<const Migration> migrations);

}  // namespace coffer::db::sqlite
