#include "apis/kit/conditional.h"

#include <utility>

#include "apis/kit/json_text.h"
#include "base/fingerprint.h"
#include "http/content.h"

namespace coffer::apis {
namespace {

// Between the tag of the state and that of what is shown. In no tag of a state.
constexpr char kShownMark = '.';

bool is_of_state(std::string_view tag, std::string_view state, std::size_t length) {
  if (length != std::string_view::npos) return tag.substr(0, length) == state.substr(0, length);
  return tag.starts_with(state) && (tag.size() == state.size() || tag[state.size()] == kShownMark);
}

}  // namespace

std::string entity_tag(std::string_view state) {
  std::string quoted = "\"";
  quoted += state;
  return quoted += '"';
}

std::string entity_tag(std::string_view state, const boost::json::object& shown) {
  std::string tag(state);
  tag += kShownMark;
  tag += fingerprint({json_text(shown)});
  return entity_tag(tag);
}

vault::Precondition if_match(const http::Request& request, std::size_t length) {
  auto field = request.headers.joined("If-Match");
  if (!field) return {};
  return [field = std::move(*field), length](std::string_view state) {
    return http::if_match(field,
                          [&](std::string_view tag) { return is_of_state(tag, state, length); });
  };
}

}  // namespace coffer::apis
