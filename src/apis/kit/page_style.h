// How the pages look: light and dark, on a desk and in a hand.
#pragma once

#include <string_view>

namespace coffer::apis {

extern const std::string_view kPageStyle;

}  // namespace coffer::apis
