// The table of all settings: the one place where a setting is named, bounded and described.
#pragma once

#include <span>
#include <string_view>

#include "config/settings.h"
#include "config/settings_values.h"

namespace coffer::config {

struct Definition {
  std::string_view name;
  Shape shape;
  std::string_view fallback;
  std::string_view description;
  // Into and out of its place in a Settings.
  void (*store)(Settings&, const Value&);
  Value (*fetch)(const Settings&);
  // A variable of the environment that counts where the setting is empty; none: empty.
  std::string_view other_variable = {};
  bool is_secret = false;
};

// Those without a section first, then section after section.
std::span<const Definition> definitions();

}  // namespace coffer::config
