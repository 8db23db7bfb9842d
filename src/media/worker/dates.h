// Moments and places as files write them.
#pragma once

#include <optional>
#include <string_view>

#include "media/protocol/facts.h"

namespace coffer::media {

// `2023:05-30 10:00:00` in any of the forms that cameras write, with a fraction and an offset
// (`Z`, `+02:00`, `+0200`) or without; a date alone, a year and month, or a year alone, stand for
// their first moment. Nothing for what is no date, or one before 1800.
std::optional<Moment> parse_moment(std::string_view text) noexcept;

// `+02:00`, `-0330`, `Z`.
std::optional<std::int16_t> parse_offset(std::string_view text) noexcept;

// ISO 6709: `+37.7749-122.4194+010.5/`, in degrees, or with minutes and seconds.
std::optional<Coordinates> parse_iso6709(std::string_view text) noexcept;

// Degrees as numbers; nothing out of range, or for exactly 0, 0, which stands for "not known".
std::optional<Coordinates> coordinates(double latitude, double longitude) noexcept;

}  // namespace coffer::media
