#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdlib>
#include <string>

#include "apis/quantum/errors.h"
#include "apis/quantum/handlers.h"
#include "apis/quantum/wire.h"

namespace coffer::apis::quantum {
namespace {

// The largest number that every reader of JSON takes exactly: where no bound is known.
constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 53U) - 1;

std::uint64_t exact(std::uint64_t bytes) { return std::min(bytes, kMostBytes); }

// Of the last minute.
double load_average() {
  double load = 0;
  if (::getloadavg(&load, 1) != 1) return 0;
  return load;
}

// Bytes that nothing uses, not even as a cache.
std::uint64_t free_memory() {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return 0;
  return std::uint64_t{info.freeram} * info.mem_unit;
}

std::string kernel_version() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

}  // namespace

Task<Reply> show_quota(RequestContext& context) {
  auto left = co_await context.vault.accounts().space_left(context.account().id);
  if (!left) left = co_await context.vault.free_bytes();
  co_return success("Space left in bytes", {{"space_left", exact(*left)}});
}

Task<Reply> show_status(RequestContext& context, const UpgradablePackages& packages) {
  const std::uint64_t disk_free = co_await context.vault.free_bytes();
  boost::json::array upgradable;
  for (const std::string& package : packages()) upgradable.emplace_back(package);
  co_return success("Server status", {{"system_load", load_average()},
                                      {"memory_free", free_memory()},
                                      {"disk_free", exact(disk_free)},
                                      {"kernel_version", kernel_version()},
                                      {"upgradable_packages", std::move(upgradable)}});
}

}  // namespace coffer::apis::quantum
