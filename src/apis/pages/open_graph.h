// What chat programs and social networks show of a link before it is followed: Open Graph
// (ogp.me), in the head of a page.
#pragma once

#include <string>
#include <string_view>

namespace coffer::apis::pages {

struct LinkCard {
  std::string title = {};        // text, as all of these
  std::string description = {};  // is shortened; may be empty
  std::string url = {};          // absolute, of the page
  std::string_view type = "website";
};

// Tags for Page::head.
std::string card_tags(const LinkCard& card);

}  // namespace coffer::apis::pages
