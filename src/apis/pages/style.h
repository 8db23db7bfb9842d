// How the pages look: light and dark, on a desk and in a hand.
#pragma once

#include <string_view>

namespace coffer::apis::pages {

extern const std::string_view kStyle;

}  // namespace coffer::apis::pages
