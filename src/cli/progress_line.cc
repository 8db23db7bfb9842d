#include "cli/progress_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <iterator>

namespace coffer::cli {
namespace {

constexpr std::chrono::milliseconds kPace{100};

}  // namespace

ProgressLine::ProgressLine() : is_seen_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_seen_ || now - last_ < kPace) return;
  last_ = now;
  is_shown_ = true;
  fmt::print(stderr, "\r\033[K{}", text);
}

void ProgressLine::clear() {
  if (is_shown_) fmt::print(stderr, "\r\033[K");
  is_shown_ = false;
}

std::string for_people(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  constexpr double kStep = 1024;
  for (; amount >= kStep && unit + 1 < std::size(kUnits); ++unit) amount /= kStep;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace coffer::cli
