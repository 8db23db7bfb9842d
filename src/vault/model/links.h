// Rows of `link`: secrets that lead to something for whoever has them, kept as their SHA-256.
#pragma once

#include <cstdint>

namespace coffer::vault {

enum class LinkKind : std::uint8_t { kInvite = 0, kDownload = 1 };

}  // namespace coffer::vault
