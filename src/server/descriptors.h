// File descriptors: every connection takes one, and so does every file that is open.
#pragma once

#include <cstddef>
#include <cstdint>

#include "config/settings.h"

namespace coffer::server {

using config::Settings;

// How those that the process may have are shared out.
struct DescriptorPlan {
  std::size_t max_connections = 0;
  std::size_t max_open_blobs = 0;  // files that are kept open because they were read lately
  std::size_t max_uploads = 0;     // each may have a file open
  bool is_short = false;           // fewer connections than asked for
};

// A part is kept back for what the program itself has open, and another for files of blobs and of
// the database: with those spent, connections that are open could not be served.
// `wanted` connections with a limit of `limit` descriptors and so many serving threads.
// max_connections is 0 where the limit is too low to serve at all.
DescriptorPlan share_descriptors(std::uint64_t limit, std::uint64_t wanted, std::uint64_t cores);

// Raises the limit as far as the process may, and shares it out. Logs a warning where there are
// fewer connections than `http.max_connections`. Throws UserError where the limit is too low.
DescriptorPlan plan_descriptors(const Settings& settings);

}  // namespace coffer::server
