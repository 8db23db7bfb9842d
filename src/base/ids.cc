#include "base/ids.h"

#include <algorithm>
#include <chrono>

namespace coffer {
namespace {
constexpr std::size_t kTextLength = 36;
constexpr bool is_hyphen_at(std::size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }
}  // namespace

Uuid Uuid::make(Time now, Entropy& entropy) {
  Uuid uuid;
  entropy.fill(uuid.bytes);
  const auto millis = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
  for (std::size_t i = 0; i < 6; ++i) {
    uuid.bytes[i] = static_cast<std::byte>(millis >> (8 * (5 - i)));
  }
  uuid.bytes[6] = (uuid.bytes[6] & std::byte{0x0f}) | std::byte{0x70};
  uuid.bytes[8] = (uuid.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != kTextLength) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_hyphen_at(i) != (text[i] == '-')) return std::nullopt;
    if (text[i] != '-') digits += text[i];
  }
  const auto bytes = from_hex(digits);
  if (!bytes) return std::nullopt;
  return from_bytes(*bytes);
}

std::optional<Uuid> Uuid::from_bytes(ByteView bytes) {
  Uuid uuid;
  if (bytes.size() != uuid.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, uuid.bytes.begin());
  return uuid;
}

std::string Uuid::str() const {
  const std::string digits = to_hex(bytes);
  std::string text;
  text.reserve(kTextLength);
  std::string_view rest = digits;
  for (const std::size_t length : {8U, 4U, 4U, 4U}) {
    text.append(rest.substr(0, length)).push_back('-');
    rest.remove_prefix(length);
  }
  text.append(rest);
  return text;
}

}  // namespace coffer
