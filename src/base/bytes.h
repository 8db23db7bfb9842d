// Raw bytes and their textual forms.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using ByteSpan = std::span<std::byte>;

inline ByteView as_bytes(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// 0 to 15 for a hexadecimal digit of either case, else -1.
int hex_digit(char c) noexcept;

// Lower-case hexadecimal, two digits a byte.
std::string to_hex(ByteView bytes);
// Either case; nothing unless every character is a digit and their number even.
std::optional<Bytes> from_hex(std::string_view text);

// RFC 4648 section 4, with padding. REQUIRES: fewer than 2^30 bytes.
std::string to_base64(ByteView bytes);
// Nothing unless `text` is what to_base64() gives; the padding may be missing.
std::optional<Bytes> from_base64(std::string_view text);

// RFC 4648 section 5 ("base64url"), without padding; in a time that does not depend on the bytes.
std::string to_base64url(ByteView bytes);

// Whether both are equal, in time that depends on their lengths alone.
bool equal_in_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace coffer
