// Pages for people: pieces of HTML, and what stands around them. Any dialect may show some; style
// and icon are served by apis/pages.
#pragma once

#include <string>
#include <string_view>

#include "apis/gateway/problem.h"
#include "http/message.h"
#include "vault/model/types.h"

namespace coffer::apis {

// Text as HTML, between tags or in a quoted attribute. What cannot be shown (control characters)
// becomes U+FFFD.
std::string escape_html(std::string_view text);

// A picture of 24 by 24 in the colour of the text around it.
std::string_view icon_of(vault::FileKind kind) noexcept;
std::string_view download_icon() noexcept;
std::string_view broken_link_icon() noexcept;

// What a person is told: what is wrong, and what to do.
struct Sorry {
  std::string_view title;
  std::string_view advice;
};
// The words for a problem of that kind, where a page has none of its own.
Sorry sorry_for(ProblemKind kind) noexcept;

// What a page says that has nothing to show. `title` and `advice` are text.
std::string sorry_view(std::string_view title, std::string_view advice);

struct Page {
  std::string_view base_path;  // what its links begin with: Client::base_path
  std::string_view title;      // text
  std::string_view content;    // HTML
  // Stands in the page and is permitted by its hash alone; may ask this server.
  std::string_view script = {};
  bool has_form = false;       // that is sent to this server
  std::string_view head = {};  // HTML: more tags for its head
  bool has_frame = false;      // that shows something of this server
};

// A whole page. Sent so that nothing in it but its script can run, or tell others where it was
// read. REQUIRES: the script does not hold `</script`.
http::Response page_response(unsigned status, const Page& page);

// What pages link to besides files.
http::Response style_response();
http::Response icon_response();
// What browsers ask for without a link to it.
http::Response favicon_response();

}  // namespace coffer::apis
