#include "server/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "base/log.h"
#include "server/data_folder.h"

namespace coffer::server {
namespace {

// Open in any case: the log, the listening sockets, the database's writer and what it scans with.
constexpr std::uint64_t kProgram = 32;
// An event loop's own, and a reader of the database.
constexpr std::uint64_t kPerCore = 8;
// What sends to webhooks: its attempts under way and the connections that it keeps. A small part
// where there are few; an attempt that finds none is made later.
constexpr std::uint64_t kOutbound = 96;
constexpr std::uint64_t kOutboundShare = 16;
constexpr std::uint64_t kFilesShare = 4;  // one in so many is for files
constexpr std::uint64_t kMinFiles = 32;
constexpr std::uint64_t kMaxFiles = 64 * 1024;
constexpr std::uint64_t kMinConnections = 16;
constexpr std::uint64_t kMaxOpenBlobs = 768;

std::uint64_t raised_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kMaxFiles;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (before == limit.rlim_max || ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return limit.rlim_max;
  log::warning("limit of open files not raised",
               {{"limit", before}, {"error", std::strerror(errno)}});
  return before;
}

}  // namespace

DescriptorPlan share_descriptors(std::uint64_t limit, std::uint64_t wanted, std::uint64_t cores) {
  const std::uint64_t files = std::clamp(limit / kFilesShare, kMinFiles, kMaxFiles);
  const std::uint64_t outbound = std::min(limit / kOutboundShare, kOutbound);
  const std::uint64_t reserved = kProgram + kPerCore * cores + outbound + files;
  const std::uint64_t left = limit - std::min(limit, reserved);
  DescriptorPlan plan;
  plan.max_open_blobs = std::min(files / 2, kMaxOpenBlobs);
  // The rest is left to the database, to segments, and to what is read meanwhile.
  plan.max_uploads = (files - plan.max_open_blobs) / 2;
  plan.is_short = left < wanted;
  plan.max_connections = std::min(wanted, left);
  if (left < kMinConnections) plan.max_connections = 0;
  return plan;
}

DescriptorPlan plan_descriptors(const Settings& settings) {
  const std::uint64_t cores =
      settings.cores > 0 ? settings.cores : std::max(1U, std::thread::hardware_concurrency());
  const std::uint64_t limit = raised_limit();
  const DescriptorPlan plan = share_descriptors(limit, settings.http.max_connections, cores);
  if (plan.max_connections == 0) {
    throw UserError(
        fmt::format("the limit of open files is {}, too low to serve: raise it (ulimit -n, "
                    "LimitNOFILE= of a service, --ulimit nofile= of a container)",
                    limit));
  }
  if (plan.is_short) {
    log::warning("fewer connections than http.max_connections",
                 {{"max_connections", plan.max_connections},
                  {"wanted", settings.http.max_connections},
                  {"open_files_limit", limit},
                  {"do", "raise the limit of open files, or lower http.max_connections"}});
  }
  return plan;
}

}  // namespace coffer::server
