// Characters that nobody sees, in names that people tell accounts and groups apart by.
#pragma once

#include <string_view>

namespace coffer::vault {

// Whether `text` has a character that shows nothing itself (Unicode's Default_Ignorable_Code_Point,
// separators of lines and paragraphs, the blank Braille pattern) or changes the direction of what
// is written around it (Bidi_Control): two names that look the same, or one that looks like
// another. Those that make up a visible character with their neighbours do not count: the selectors
// and joiners of emoji, and the joiners that Indic and Arabic writing needs (RFC 5892 appendices
// A.1 and A.2). REQUIRES: is_utf8(text).
bool has_invisible(std::string_view text) noexcept;

}  // namespace coffer::vault
