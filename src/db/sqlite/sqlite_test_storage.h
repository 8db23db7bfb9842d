// For tests: a database in a folder of its own.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "db/contract/fixture.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::db {

class SqliteTestStorage final : public contract::Storage {
 public:
  SqliteTestStorage() {
    std::string name = (std::filesystem::temp_directory_path() / "coffer-db-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
    folder_ = name;
    options.path = folder_ / "vault.db";
  }
  ~SqliteTestStorage() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Database> open() override { return open_sqlite(options); }

  const std::filesystem::path& folder() const { return folder_; }

  SqliteOptions options;

 private:
  std::filesystem::path folder_;
};

// One table whose rows are numbers, and the statements over it.
inline constexpr Migration kItems[] = {
    {1, "items", "CREATE TABLE item (number INTEGER PRIMARY KEY, note TEXT) STRICT"}};
inline constexpr Statement kAddItem{"INSERT INTO item (number) VALUES ($1)"};
inline constexpr Statement kAddNote{"INSERT INTO item (number, note) VALUES ($1, $2)"};
inline constexpr Statement kItemNumbers{"SELECT number FROM item ORDER BY number"};
inline constexpr Statement kCountItems{"SELECT count(*) FROM item"};

inline Task<void> add_item(Database& database, std::int64_t number) {
  co_await database.write(
      [number](Transaction& tx) -> Task<void> { co_await tx.execute(kAddItem, number); });
}

inline std::vector<std::int64_t> item_numbers(Database& database) {
  InlineExecutor executor;
  return executor.run(database.read([](Transaction& tx) -> Task<std::vector<std::int64_t>> {
    co_return co_await tx.all(kItemNumbers, contract::integer_from);
  }));
}

}  // namespace coffer::db
