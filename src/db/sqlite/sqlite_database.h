// The metadata database in one SQLite file beside the vault's data.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/fair_pool.h"
#include "db/database.h"

namespace coffer::db {

struct SqliteOptions {
  // Made with mode 0600 when missing; its folder must exist, on a local disk.
  std::filesystem::path path{};
  // The threads of scan() and the line in front of them. Each thread that reads has a connection
  // with its own cache.
  FairPool::Limits scans{};
  // How long a scan on somebody's behalf may run.
  std::chrono::milliseconds scan_time{15'000};
  std::size_t reader_cache_bytes = 8 << 20;
  // A larger one makes commits slower: SQLite 3.40 goes through all of it after moving pages.
  std::size_t writer_cache_bytes = 8 << 20;
  // The log's pages go into the database when there are so many: pages that many commits changed
  // are then written once. The start after a crash reads them.
  int log_pages = 8000;
  // How much of the file readers may map instead of copying it into their caches. Mapped, a
  // failing disk is a signal instead of an Error.
  std::size_t mapped_bytes = 0;
  // Room on the disk kept for when it is full, in a file beside the database; 0: none.
  std::uint64_t reserve_bytes = 0;
  // The file never grows beyond this; 0: as long as the disk has room.
  std::uint64_t max_bytes = 0;
  // How long to wait while another process writes.
  std::chrono::milliseconds lock_timeout{10'000};
  // Name of a registered SQLite VFS, for disks that fail; empty: the system's.
  std::string vfs{};
  // Dates the migrations. Outlives the database.
  const Clock* clock = &system_clock();
};

// Opens the database, makes it if it is missing. Throws Error.
//
// Reads run on the calling thread. Writes run on one thread, those that wait together in one
// commit. Other processes may use the file at the same time. It is a CommitNotifier too.
// REQUIRES: nothing uses the database any more when it is destroyed, except writes that were
// begun: they are finished first and answered on their executors.
std::unique_ptr<Database> open_sqlite(SqliteOptions options);

}  // namespace coffer::db
