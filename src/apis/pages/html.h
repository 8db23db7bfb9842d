// Pieces of HTML, and the page around them.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"
#include "vault/types.h"

namespace coffer::apis::pages {

// Text as HTML, between tags or in a quoted attribute. What cannot be shown (control characters)
// becomes U+FFFD.
std::string escape(std::string_view text);

// A picture of 24 by 24 in the colour of the text around it.
std::string_view icon_of(vault::FileKind kind) noexcept;
std::string_view download_icon() noexcept;
std::string_view broken_link_icon() noexcept;

// A whole page. `title` is text, `content` is HTML. Sent so that nothing in it can run, or tell
// others where it was read.
http::Response page_response(unsigned status, std::string_view title, std::string_view content);

// What pages link to besides files.
http::Response style_response();
http::Response icon_response();

}  // namespace coffer::apis::pages
