// Text as files have it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::media {

// As a string of Facts. Old files do not tell their encoding: what is not UTF-8 is taken for
// Latin-1, unless it is UTF-8 that was cut within its last character.
std::string fact_text(std::string_view text);

// The number that a text begins with, as `3/12`, of `digits_max` digits (at most 9) at most:
// further ones are left out. Nothing without one.
std::optional<std::uint32_t> leading_number(std::string_view text, std::size_t digits_max) noexcept;

}  // namespace coffer::media
