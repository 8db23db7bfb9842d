#include "blobs/local/probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include "blobs/blob_store.h"
#include "blobs/local/layout.h"

namespace coffer::blobs {
namespace {

constexpr std::string_view kProbeText = "coffer probes the disk";

// A moment that no coarser clock can name: an odd second with odd microseconds.
Time telling_time(Time now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  return Time(std::chrono::seconds(seconds.count() | 1) + std::chrono::microseconds(765'433));
}

bool keeps_time(Disk& disk, const std::string& name, Time time) {
  try {
    disk.set_modified(name, time);
  } catch (const NoSpaceError&) {
    throw;
  } catch (const Error&) {
    return false;
  }
  const auto info = disk.info(name);
  return info && info->modified == time;
}

void try_out(Disk& disk, const std::string& from, const std::string& to, Time time,
             DiskAbilities& abilities) {
  disk.remove(from);
  disk.remove(to);
  {
    const OpenFile file = disk.create(from);
    disk.write(file, as_bytes(kProbeText), 0);
    disk.sync(file);
  }
  abilities.exact_times = abilities.exact_times && keeps_time(disk, from, time);
  disk.rename(from, to);
  {
    const OpenFile file = disk.open(to);
    std::array<std::byte, kProbeText.size()> read{};
    if (!file || disk.size(file) != read.size()) throw Error("a renamed file is not there");
    disk.read(file, read, 0);
    if (!std::ranges::equal(read, as_bytes(kProbeText))) {
      throw Error("a file does not hold what was written to it");
    }
  }
  if (!disk.remove(to)) throw Error("a file cannot be removed");
}

}  // namespace

DiskAbilities probe(Disk& disk, const Clock& clock) {
  DiskAbilities abilities{.exact_times = true};
  const auto paths = std::to_array<std::array<std::string, 3>>(
      {{std::string(kBlobs), fmt::format("{}/probe", kTemporaries),
        fmt::format("{}/probe", kBlobs)},
       {std::string(kSegments), fmt::format("{}/probe.new", kSegments),
        fmt::format("{}/probe", kSegments)}});
  for (const auto& [folder, from, to] : paths) {
    try {
      try_out(disk, from, to, telling_time(clock.now()), abilities);
    } catch (const NoSpaceError&) {
      // A full disk still serves what it holds; what it can do besides is not known.
      disk.remove(from);
      abilities.exact_times = false;
    } catch (const Error& error) {
      throw Error(
          fmt::format("its folder {}/ is not fit to store files: {}", folder, error.what()));
    }
  }
  return abilities;
}

}  // namespace coffer::blobs
