// Names in Quantum's locations: none that is good leads elsewhere, in whatever spelling.
#include "apis/quantum/location_name.h"

#include <string>

#include "base/text.h"
#include "fuzz.h"
#include "http/uri.h"

using namespace coffer;
using coffer::apis::quantum::judge;
using coffer::apis::quantum::LocationStatus;

COFFER_FUZZ(input) {
  const std::string name(input.rest());
  const LocationStatus status = judge(name);
  // As a part of a path it is judged as decoded.
  if (const auto target = http::parse_target("/" + name)) {
    if (judge(target->segments) == LocationStatus::kGood) {
      for (const std::string& segment : target->segments) {
        COFFER_CHECK(judge(segment) == LocationStatus::kGood);
      }
    }
  }
  if (status != LocationStatus::kGood) return;
  COFFER_CHECK(is_utf8(name) && !name.empty() && name.size() <= 255);
  COFFER_CHECK(name.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos);
  COFFER_CHECK(name != "." && name != "..");
  // What is good is good behind another decoder too, which may make bytes of it that are no text.
  if (const auto decoded = http::percent_decode(name)) {
    COFFER_CHECK(!is_utf8(*decoded) || judge(*decoded) != LocationStatus::kEscape);
    COFFER_CHECK(decoded->find_first_of(std::string_view("/\\\0", 3)) == std::string::npos);
    COFFER_CHECK(*decoded != "." && *decoded != "..");
  }
}
