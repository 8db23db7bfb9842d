#include "blobs/local/layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace coffer::blobs {
namespace {

bool is_temporary(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

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

std::string segment_name(std::uint32_t number) {
  return fmt::format("{}/{:08x}{}", kSegments, number, kSegmentSuffix);
}

std::string segment_index_name(std::uint32_t number) {
  return fmt::format("{}/{:08x}{}", kSegments, number, kSegmentIndexSuffix);
}

std::string segment_index_temporary_name(std::uint32_t number) {
  return fmt::format("{}/{:08x}{}", kSegments, number, kSegmentIndexTemporarySuffix);
}

std::optional<std::uint32_t> segment_number(std::string_view name, std::string_view suffix) {
  constexpr std::size_t kDigits = 8;
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : name.substr(0, kDigits)) {
    const int digit = c >= 'A' && c <= 'F' ? -1 : hex_digit(c);
    if (digit < 0) return std::nullopt;
    number = number << 4 | static_cast<std::uint32_t>(digit);
  }
  return number;
}

bool is_file(Disk& disk, const std::string& name) {
  const auto info = disk.info(name);
  return info && info->is_file;
}

std::bitset<kFolders> prepare(Disk& disk) {
  disk.make_folder(kBlobs);
  disk.make_folder(kSegments);
  if (!disk.make_folder(kTemporaries)) {
    for (const std::string& file : disk.names(kTemporaries)) {
      const std::string path = fmt::format("{}/{}", kTemporaries, file);
      if (is_temporary(file) && is_file(disk, path)) disk.remove(path);
    }
  }
  // Also what was there: whoever made it may have been killed before this.
  disk.sync_folder(".");
  disk.sync_folder(kBlobs);
  disk.sync_folder(kSegments);
  std::bitset<kFolders> there;
  for (unsigned number = 0; number < kFolders; ++number) {
    if (disk.info(folder_name(number))) there.set(number);
  }
  return there;
}

}  // namespace coffer::blobs
