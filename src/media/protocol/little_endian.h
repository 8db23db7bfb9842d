// Numbers as they travel.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "base/bytes.h"

namespace coffer::media {

// REQUIRES: `at` has sizeof(T) bytes.
template <std::integral T>
void put_le(std::byte* at, T value) noexcept {
  auto rest = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    at[i] = static_cast<std::byte>(rest & 0xff);
    if constexpr (sizeof(T) > 1) rest = static_cast<std::make_unsigned_t<T>>(rest >> 8);
  }
}

template <std::integral T>
T get_le(const std::byte* at) noexcept {
  std::make_unsigned_t<T> value = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) {
    if constexpr (sizeof(T) > 1) value = static_cast<std::make_unsigned_t<T>>(value << 8);
    value = static_cast<std::make_unsigned_t<T>>(value | std::to_integer<unsigned>(at[i]));
  }
  return static_cast<T>(value);
}

template <std::integral T>
void append_le(Bytes& out, T value) {
  out.resize(out.size() + sizeof(T));
  put_le(out.data() + out.size() - sizeof(T), value);
}

}  // namespace coffer::media
