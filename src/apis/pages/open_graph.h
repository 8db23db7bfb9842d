// What chat programs and social networks show of a link before it is followed: Open Graph
// (ogp.me), in the head of a page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::apis::pages {

struct CardImage {
  std::string url = {};  // absolute
  std::string_view media_type = {};
  std::uint32_t width = 0;  // pixels
  std::uint32_t height = 0;
  std::string alt = {};
};

struct LinkCard {
  std::string title = {};        // text, as all of these
  std::string description = {};  // is shortened; may be empty
  std::string url = {};          // absolute, of the page
  std::string_view type = "website";
  std::optional<CardImage> image = {};
};

// Tags for Page::head.
std::string card_tags(const LinkCard& card);

}  // namespace coffer::apis::pages
