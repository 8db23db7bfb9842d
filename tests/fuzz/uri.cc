// Targets, forms, hosts and escapes.
#include "http/uri.h"

#include <string>

#include "fuzz.h"

using namespace coffer::http;

COFFER_FUZZ(input) {
  const std::string_view text = input.rest();
  COFFER_CHECK(percent_decode(percent_encode(text)) == text);
  if (const auto target = parse_target(text)) {
    COFFER_CHECK(target->segments.size() <= 1000 && target->query.size() <= 1000);
    COFFER_CHECK(target->raw_path == "*" || target->raw_path.starts_with('/'));
    COFFER_CHECK(target->raw_path.find_first_of(" \r\n\t#") == std::string::npos);
    COFFER_CHECK(is_authority(target->authority));
    // What was decoded, encoded again, is the same path.
    std::string again;
    for (const std::string& segment : target->segments) again += '/' + percent_encode(segment);
    if (again.empty() || again.ends_with('/')) again += '/';
    const auto same = parse_target(again);
    COFFER_CHECK(same && same->segments == target->segments);
  }
  if (const auto pairs = parse_form(text)) {
    std::string again;
    for (const auto& [name, value] : *pairs) {
      again += percent_encode(name) + '=' + percent_encode(value) + '&';
    }
    COFFER_CHECK(parse_form(again) == pairs);
  }
  if (is_authority(text)) {
    COFFER_CHECK(text.find_first_of(" \r\n\t/?#@\\<>\"") == std::string_view::npos);
    if (!text.empty()) COFFER_CHECK(parse_target("http://" + std::string(text) + "/").has_value());
  }
}
