#include "apis/reference/viewer.h"

#include <cstddef>

// Defined in viewer_files.S.
extern "C" {
extern const char coffer_viewer_script[];
extern const char coffer_viewer_script_end[];
extern const char coffer_viewer_style[];
extern const char coffer_viewer_style_end[];
}

namespace coffer::apis::reference {

std::string_view viewer_script() noexcept {
  return {coffer_viewer_script,
          static_cast<std::size_t>(coffer_viewer_script_end - coffer_viewer_script)};
}

std::string_view viewer_style() noexcept {
  return {coffer_viewer_style,
          static_cast<std::size_t>(coffer_viewer_style_end - coffer_viewer_style)};
}

}  // namespace coffer::apis::reference
