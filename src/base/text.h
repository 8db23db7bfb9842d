// Text that people and programs send.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer {

// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
bool is_utf8(std::string_view text) noexcept;

// Number of code points. REQUIRES: is_utf8(text).
std::size_t count_code_points(std::string_view text) noexcept;

// The first `max` bytes of `text` or fewer, so that no code point is cut.
std::string_view truncate_utf8(std::string_view text, std::size_t max) noexcept;

// Canonical caseless form (Unicode 3.13, NFKC casefold): equal for names that differ in
// case or in composition only. REQUIRES: is_utf8(text).
std::string fold_case(std::string_view text);

// Without spaces, tabs and line ends at both ends.
std::string_view trim(std::string_view text) noexcept;

// ASCII only, as protocols want it.
char to_lower_ascii(char c) noexcept;
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// A whole decimal number and nothing else: no sign, no space, no overflow.
std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept;

// `text` as a JSON string, quotes included; what is not UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);

}  // namespace coffer
