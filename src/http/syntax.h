// What fields are made of. RFC 9110 section 5.6.
#pragma once

#include <string_view>

namespace coffer::http {

inline constexpr std::string_view kLineEnd = "\r\n";

// Whether `text` is a token: the form of methods and of fields' names.
bool is_token(std::string_view text) noexcept;

// Whether nothing in `text` is out of place in a field's value: no control but the tab.
bool is_field_text(std::string_view text) noexcept;

// Whether a list of tokens, such as Connection's, has `token`, in whatever case.
bool lists_token(std::string_view list, std::string_view token) noexcept;

}  // namespace coffer::http
