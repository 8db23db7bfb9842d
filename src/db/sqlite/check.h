// Looks for damage in the file.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "db/database.h"
#include "db/sqlite/connection.h"

namespace coffer::db::sqlite {

// As Database::check, of the file at `path`. `connection` may write or read; it is used for nothing
// else, nor later.
std::vector<std::string> check(Connection& connection, const std::filesystem::path& path,
                               std::span<const Migration> migrations);

}  // namespace coffer::db::sqlite
