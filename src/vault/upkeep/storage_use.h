// Where the bytes of a vault are.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/task.h"
#include "db/database.h"

namespace coffer::vault {

// Bytes unless it says otherwise. What is stored is live + trashed + in_parts + pictures - shared +
// waiting.
struct StorageUse {
  std::uint64_t live_files = 0;     // how many
  std::uint64_t live = 0;           // of files, each counted for itself
  std::uint64_t trashed_files = 0;  // in the trash, or cleared from there still, how many
  std::uint64_t trashed = 0;        // of those, each counted for itself
  std::uint64_t uploads = 0;        // unfinished ones in parts, how many
  std::uint64_t in_parts = 0;       // of those, each part counted for itself
  std::uint64_t picture_files = 0;  // that were made of files, thumbnails among them, how many
  std::uint64_t pictures = 0;       // of those, each counted for itself
  std::uint64_t shared = 0;         // saved because equal bytes are stored once
  std::uint64_t waiting_blobs = 0;
  std::uint64_t waiting = 0;  // of blobs that nothing refers to, until the grace time is over
  std::optional<Time> waiting_since;  // when the first of them ceased to be referred to
  std::uint64_t blobs = 0;            // all that the database knows, how many
  std::uint64_t stored = 0;           // of those
};

// As the database has it, in one state; goes through all its blobs. For whoever has the database
// and no vault. REQUIRES: it is migrated.
Task<StorageUse> storage_use(db::Database& database);

}  // namespace coffer::vault
