// QR codes (ISO/IEC 18004) as pictures.
#pragma once

#include <string>
#include <string_view>

namespace coffer::apis {

// Black on white with the quiet zone around it, 8 pixels a module. Throws std::invalid_argument
// for a text that does not fit (some 2,300 bytes do).
std::string qr_png(std::string_view text);

// The same as SVG, which scales.
std::string qr_svg(std::string_view text);

}  // namespace coffer::apis
