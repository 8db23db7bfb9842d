// The numbers by which rows are named, in the database and by clients.
//
// A number has 60 bits: the lower 48 count, the upper 12 are the cell that gave it. A cell is a
// server, or a cluster, with a database of its own; this program is cell 0. The bits are kept free
// (also in tokens, entry_rows.h) so that a number or a link says which cell to ask, should there
// ever be more than one. Links have 38 bits for the lower part (vault/sharing/link_cipher.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace coffer::vault {

inline constexpr int kCellBits = 12;
inline constexpr int kSequenceBits = 48;
inline constexpr int kIdBits = kCellBits + kSequenceBits;
inline constexpr std::int64_t kMaxId = (std::int64_t{1} << kIdBits) - 1;
inline constexpr std::uint32_t kCell = 0;

// The decimal number of a row, 0 (which no row has) to kMaxId; nothing for any other text.
template <class IdType>
std::optional<IdType> parse_id(std::string_view text) noexcept {
  const auto number = parse_unsigned(text);
  if (!number || *number > static_cast<std::uint64_t>(kMaxId)) return std::nullopt;
  return IdType{static_cast<std::int64_t>(*number)};
}

}  // namespace coffer::vault
