#include "vault/model/types.h"

#include <algorithm>
#include <array>

namespace coffer::vault {
namespace {
constexpr std::array<std::string_view, 6> kKindNames{"image",    "video", "audio",
                                                     "document", "other", "folder"};
}  // namespace

std::string_view name_of(FileKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<FileKind> file_kind_from(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kKindNames, name);
  if (found == kKindNames.end()) return std::nullopt;
  const auto kind = static_cast<FileKind>(found - kKindNames.begin());
  if (kind == FileKind::kFolder) return std::nullopt;
  return kind;
}

std::size_t Entry::text_bytes() const noexcept {
  std::size_t bytes = key.size() + name.size();
  if (title) bytes += title->size();
  if (description) bytes += description->size();
  for (const std::string& tag : tags) bytes += sizeof tag + tag.size();
  return bytes;
}

std::string Entry::content_tag() const {
  if (manifest) return "m" + std::to_string(manifest->value);
  return checksum.value().hex();
}

}  // namespace coffer::vault
