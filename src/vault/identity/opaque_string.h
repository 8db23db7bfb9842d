// The form in which passwords are hashed, so that the same one typed on another keyboard fits.
#pragma once

#include <string>
#include <string_view>

namespace coffer::vault {

// As RFC 8265 section 4.2.2 (OpaqueString) has it: every space is U+0020, and the text is in
// Unicode's composed form (NFC); its case, its width and its other characters stay. What is not
// UTF-8 is given as it is.
std::string opaque_string(std::string_view password);

}  // namespace coffer::vault
