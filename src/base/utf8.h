// Code points as UTF-8.
#pragma once

#include <string>

namespace coffer {

// Appends the code point. REQUIRES: `code` is below 0x110000. A surrogate gives what is not UTF-8.
void append_utf8(std::string& out, char32_t code);

}  // namespace coffer
