#include "blobs/local/store_lock.h"

#include <fmt/format.h>

#include <string>

#include "blobs/blob_store.h"
#include "blobs/local/layout.h"

namespace coffer::blobs {

StoreLock::StoreLock(Disk& disk) : disk_(disk), blobs_(disk.lock_folder(kBlobs)) {
  // Links may lead to one folder twice, which is locked once.
  if (blobs_ && disk.leads_to(kSegments, blobs_)) return;
  segments_ = disk.lock_folder(kSegments);
}

void StoreLock::check() const {
  const auto require = [this](const std::string& name, const OpenFile& held) {
    if (disk_.leads_to(name, held)) return;
    throw Error(
        fmt::format("the folder {}/ is gone, or is not the one that it was at the start", name));
  };
  require(kBlobs, blobs_);
  require(kSegments, segments_ ? segments_ : blobs_);
  if (!disk_.info(kTemporaries)) throw Error(fmt::format("the folder {}/ is gone", kTemporaries));
}

}  // namespace coffer::blobs
