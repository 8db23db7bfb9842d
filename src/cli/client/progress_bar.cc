#include "cli/client/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace coffer::cli::client {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
constexpr std::size_t kWidth = 24;

}  // namespace

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

std::string readable_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

ProgressBar::ProgressBar(std::string name, bool is_quiet)
    : name_(printable(std::move(name))), is_shown_(!is_quiet && ::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (!has_line_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

void ProgressBar::show(std::uint64_t done, std::uint64_t total) {
  const auto now = Clock::now();
  if (!is_shown_ || (now - last_ < kEvery && done < total)) return;
  last_ = now;
  const double part =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto full = static_cast<std::size_t>(part * kWidth);
  const std::chrono::duration<double> took = now - begun_;
  const auto rate = took.count() > 0 ? static_cast<double>(done) / took.count() : 0.0;
  std::string line;
  try {
    line = fmt::format("\r\x1b[K{}  [{}{}] {:3.0f} %  {}  {}/s", name_, std::string(full, '#'),
                       std::string(kWidth - full, '.'), part * 100, readable_size(done),
                       readable_size(static_cast<std::uint64_t>(rate)));
  } catch (const std::exception&) {
    return;
  }
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  has_line_ = true;
}

}  // namespace coffer::cli::client
