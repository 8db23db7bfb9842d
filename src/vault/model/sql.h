// Statement texts that share a list of columns, joined by the compiler.
#pragma once

#include <array>
#include <cstddef>

namespace coffer::vault {

// `constexpr auto kText = sql("SELECT ", kColumns, " FROM account");` is one zero-ended text
// with static lifetime, as db::Statement wants it.
template <std::size_t... N>
consteval auto sql(const char (&... parts)[N]) {
  std::array<char, (N + ...) - sizeof...(N) + 1> text{};
  std::size_t at = 0;
  const auto append = [&](const char* part, std::size_t length) {
    for (std::size_t i = 0; i < length; ++i) text[at++] = part[i];
  };
  (append(parts, N - 1), ...);
  return text;
}

}  // namespace coffer::vault
