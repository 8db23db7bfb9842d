#include "vault/types.h"

#include <algorithm>
#include <array>

namespace coffer::vault {
namespace {
constexpr std::array<std::string_view, 5> kKindNames{"image", "video", "audio", "document",
                                                     "other"};
}  // namespace

std::string_view name_of(FileKind kind) noexcept {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<FileKind> file_kind_from(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kKindNames, name);
  if (found == kKindNames.end()) return std::nullopt;
  return static_cast<FileKind>(found - kKindNames.begin());
}

}  // namespace coffer::vault
