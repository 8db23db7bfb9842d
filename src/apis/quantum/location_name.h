// Whether a name can be a part of a location: of a path, or that of a file in a form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coffer::apis::quantum {

enum class LocationStatus {
  kGood,
  kUnfit,   // nothing is called that: too long, or reserved by some system
  kEscape,  // an attempt to leave where it is, in whatever spelling
};

// Judges a name, a part of a location as it was decoded or the name of a file in a form. It is
// judged again as often as it can be decoded further, for a name that turns into an escape behind
// the next proxy is one.
LocationStatus judge(std::string_view name);
// The worst of them.
LocationStatus judge(const std::vector<std::string>& names);

}  // namespace coffer::apis::quantum
