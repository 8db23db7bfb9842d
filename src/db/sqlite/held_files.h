// Whether the database that is open is still the one that its path leads to.
#pragma once

#include <sys/types.h>

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace coffer::db::sqlite {

// The database's file and its log. SQLite goes on writing into files that somebody has removed or
// replaced, and all of that is lost when they are closed. Threads: one at a time.
class HeldFiles {
 public:
  // The files need not be there yet: each is the right one where it is seen first.
  explicit HeldFiles(const std::filesystem::path& database);

  // Throws Error for as long as one of them is gone or is another. Two calls of the system.
  void check();

 private:
  struct File {
    std::string path;
    std::optional<std::pair<dev_t, ino_t>> identity = {};
  };
  std::array<File, 2> files_;
};

}  // namespace coffer::db::sqlite
