// Telling SVG drawings from other text.
#pragma once

#include <string_view>

namespace coffer {

// Whether text that begins with `head` is an SVG document: whether its first element is `svg`. One
// that begins behind the head is taken for it. `goes_on`: the head is not all of the text.
bool is_svg(std::string_view head, bool goes_on);

}  // namespace coffer
