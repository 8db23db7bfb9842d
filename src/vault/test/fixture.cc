#include "vault/test/fixture.h"

#include "blobs/local/local_store.h"
#include "db/sqlite/sqlite_database.h"

namespace coffer::vault::test {

Stores open_stores(const std::filesystem::path& folder, const Clock& clock,
                   std::size_t io_threads) {
  db::SqliteOptions options;
  options.path = folder / "coffer.db";
  options.clock = &clock;
  return {.database = db::open_sqlite(options),
          .blobs = blobs::open_local_store(
              {.root = folder / "blobs", .clock = clock, .io_threads = io_threads})};
}

}  // namespace coffer::vault::test
