// The head of a response, as it goes out.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/message.h"

namespace coffer::http {

// What the server adds to what the application says.
struct ResponseFrame {
  Time now{};
  std::string_view request_id;  // REQUIRES: is_field_text() (syntax.h)
  bool keep_alive = false;      // whether the connection serves another request
  bool http_1_0 = false;        // that of the request
};

// Whether responses of that status have no body, whatever they say (RFC 9110 section 6.4.1).
bool has_no_body(unsigned status) noexcept;

// From the status line to the empty line. A CR, LF or NUL in a value becomes a space, so that no
// value ends its field. REQUIRES: the names of the fields are tokens (RFC 9110 section 5.1).
std::string response_head(const Response& response, const ResponseFrame& frame);

}  // namespace coffer::http
