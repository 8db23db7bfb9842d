// Identifiers: numbers that cannot be mixed up, and UUIDs.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/entropy.h"

namespace coffer {

// A row's number, typed by what it names: `using AccountId = Id<struct AccountTag>`.
// Numbers start at 1.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
};

// RFC 9562.
struct Uuid {
  std::array<std::byte, 16> bytes{};

  // Version 7: ordered by time of creation, so that an index on it grows at its end.
  static Uuid make(Time now, Entropy& entropy);
  // The canonical form with hyphens, either case.
  static std::optional<Uuid> parse(std::string_view text);
  static std::optional<Uuid> from_bytes(ByteView bytes);
  // Canonical, lower case.
  std::string str() const;

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

}  // namespace coffer
