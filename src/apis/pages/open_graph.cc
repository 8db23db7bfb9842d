#include "apis/pages/open_graph.h"

#include <fmt/format.h>

#include <iterator>

#include "apis/kit/page.h"
#include "base/text.h"

namespace coffer::apis::pages {
namespace {

// Bytes; programs show two or three lines.
constexpr std::size_t kTitleMax = 300;
constexpr std::size_t kDescriptionMax = 500;

std::string shortened(std::string_view text, std::size_t max) {
  const std::string_view start = truncate_utf8(text, max);
  std::string out(start);
  if (start.size() < text.size()) out += "…";
  return out;
}

void add(std::string& html, std::string_view property, std::string_view value) {
  fmt::format_to(std::back_inserter(html), "<meta property=\"{}\" content=\"{}\">\n", property,
                 escape_html(value));
}

}  // namespace

std::string card_tags(const LinkCard& card) {
  std::string html;
  add(html, "og:site_name", "Coffer");
  add(html, "og:type", card.type);
  add(html, "og:title", shortened(card.title, kTitleMax));
  if (!card.description.empty()) {
    add(html, "og:description", shortened(card.description, kDescriptionMax));
  }
  add(html, "og:url", card.url);
  if (const auto& image = card.image) {
    add(html, "og:image", image->url);
    add(html, "og:image:type", image->media_type);
    add(html, "og:image:width", std::to_string(image->width));
    add(html, "og:image:height", std::to_string(image->height));
    add(html, "og:image:alt", shortened(image->alt, kTitleMax));
  }
  html += "<meta name=\"twitter:card\" content=\"summary\">\n";
  return html;
}

}  // namespace coffer::apis::pages
