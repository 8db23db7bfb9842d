#include "apis/kit/human.h"

#include <fmt/format.h>

#include <array>

namespace coffer::apis {

std::string human_size(std::uint64_t bytes) {
  constexpr std::array kUnits{"B", "KB", "MB", "GB", "TB"};
  constexpr std::uint64_t kStep = 1024;
  const auto rounded = [bytes](std::uint64_t unit) {
    return bytes / unit + (unit > 1 && bytes % unit >= unit / 2 ? 1 : 0);
  };
  std::uint64_t unit = 1;
  std::size_t index = 0;
  // What rounds up to 1024 of one unit is 1 of the next.
  while (index + 1 < kUnits.size() && rounded(unit) >= kStep) {
    unit *= kStep;
    ++index;
  }
  return fmt::format("{} {}", rounded(unit), kUnits.at(index));
}

}  // namespace coffer::apis
