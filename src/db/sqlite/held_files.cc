#include "db/sqlite/held_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "db/database.h"

namespace coffer::db::sqlite {

HeldFiles::HeldFiles(const std::filesystem::path& database)
    : files_{{{database.string()}, {database.string() + "-wal"}}} {}

void HeldFiles::check() {
  for (File& file : files_) {
    struct stat status {};
    if (::stat(file.path.c_str(), &status) != 0) {
      // What keeps it from being looked at for a moment says nothing about it.
      if (!file.identity || (errno != ENOENT && errno != ENOTDIR)) continue;
    } else {
      const std::pair identity(status.st_dev, status.st_ino);
      if (!file.identity) file.identity = identity;
      if (file.identity == identity) continue;
    }
    throw Error(fmt::format(
        "{} was removed or replaced while it is open: nothing is written any more; put it back, or"
        " restart with what a backup has",
        file.path));
  }
}

}  // namespace coffer::db::sqlite
