// The part of `coffer fsck` that looks into a bucket.
#pragma once

#include <cstdint>

#include "cli/fsck_report.h"
#include "config/settings.h"
#include "db/database.h"

namespace coffer::cli {

struct BucketCheckOptions {
  bool reads_bytes = false;  // of all objects; otherwise their sizes are compared
  std::uint64_t rate = 0;    // bytes a second that are read at most; 0: as many as come
  unsigned first_part = 0;   // 0 to 255; parts before it are left out
  bool is_mixed = false;     // the bucket has a part of the blobs only
};

// Throws UserError or SettingsError where the settings name no bucket.
void require_bucket(const config::Settings& settings, const BucketCheckOptions& options);

// Compares the objects with the database, which is migrated. Throws UserError where the service
// fails, with the part to go on from. REQUIRES: require_bucket().
void check_bucket(const config::Settings& settings, db::Database& database,
                  const BucketCheckOptions& options, FsckReport& report);

}  // namespace coffer::cli
