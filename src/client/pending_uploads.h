// The idempotency keys of uploads that no reply came for, so that another run does not store a file
// twice.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"

namespace coffer::client {

// `uploads.json` in the folder of the credentials. Runs at the same time share it. Where nothing
// can be written, each run has keys of its own, as if there were no other. Threads: one at a time.
class PendingUploads {
 public:
  explicit PendingUploads(const std::filesystem::path& folder) : path_(folder / "uploads.json") {}

  // The key of an upload, which `what` tells from others: that of an earlier run that did not end,
  // or a new one, which is kept until forget(). The vault knows a key for a day; it is kept for
  // less.
  std::string key_of(const std::string& what, Time now);

  // That upload has ended, one way or the other.
  void forget(const std::string& key, Time now);

 private:
  std::filesystem::path path_;
};

}  // namespace coffer::client
