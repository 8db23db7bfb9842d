// Text of others as a terminal may show it.
#pragma once

#include <string>
#include <string_view>

namespace coffer::cli::client {

// Control characters, characters that turn the direction of writing, and bytes that are not UTF-8
// are escaped: `\n`, `\x1b`, `\u202e`. `kMessage` keeps the ends of lines.
enum class Printable : bool { kName, kMessage };
std::string printable(std::string_view text, Printable kind = Printable::kName);

// The first columns of a text that has more than so many; a character counts as one, wide ones as
// two.
std::string first_columns(std::string_view text, std::size_t columns);

}  // namespace coffer::cli::client
