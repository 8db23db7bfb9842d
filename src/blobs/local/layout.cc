#include "blobs/local/layout.h"

#include <fmt/format.h>

namespace coffer::blobs {
namespace {

constexpr const char* kBlobs = "blobs";
constexpr const char* kTemporaries = "tmp";
// The folders grow under this name and get theirs when they are complete and durable.
constexpr const char* kBlobsInMaking = "blobs.new";

}  // namespace

std::string folder_name(unsigned number) { return fmt::format("{}/{:02x}", kBlobs, number); }

unsigned folder_of(const Sha256Digest& digest) {
  return std::to_integer<unsigned>(digest.bytes.front());
}

std::string blob_name(const Sha256Digest& digest) {
  return fmt::format("{}/{}", folder_name(folder_of(digest)), digest.hex());
}

std::optional<Sha256Digest> blob_in(unsigned folder, const std::string& file) {
  const std::optional<Sha256Digest> digest = Sha256Digest::from_hex(file);
  if (!digest || folder_of(*digest) != folder || digest->hex() != file) return std::nullopt;
  return digest;
}

std::string temporary_name(std::uint64_t number) {
  return fmt::format("{}/{}", kTemporaries, number);
}

void prepare(Disk& disk) {
  if (!disk.make_folder(kTemporaries)) {
    for (const std::string& file : disk.names(kTemporaries)) {
      disk.remove(fmt::format("{}/{}", kTemporaries, file));
    }
  }
  if (disk.info(kBlobs)) return;
  disk.make_folder(kBlobsInMaking);
  for (unsigned number = 0; number < kFolders; ++number) {
    const std::string name = fmt::format("{}/{:02x}", kBlobsInMaking, number);
    disk.make_folder(name);
    disk.sync_folder(name);
  }
  disk.sync_folder(kBlobsInMaking);
  disk.rename(kBlobsInMaking, kBlobs);
  disk.sync_folder(".");
}

}  // namespace coffer::blobs
