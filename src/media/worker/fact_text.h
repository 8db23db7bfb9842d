// Text as files have it.
#pragma once

#include <string>
#include <string_view>

namespace coffer::media {

// As a string of Facts. Old files do not tell their encoding: what is not UTF-8 is taken for
// Latin-1, unless it is UTF-8 that was cut within its last character.
std::string fact_text(std::string_view text);

}  // namespace coffer::media
