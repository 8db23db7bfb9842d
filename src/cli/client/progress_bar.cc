#include "cli/client/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>

#include "cli/client/printable.h"

namespace coffer::cli::client {
namespace {

constexpr std::chrono::milliseconds kEvery{100};
constexpr std::size_t kWidth = 24;          // of the bar
constexpr std::size_t kColumns = 80;        // of a terminal that does not say
constexpr std::size_t kColumnsBeside = 12;  // that a name has at least beside a bar

std::size_t columns() {
  ::winsize size{};
  const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : kColumns;
}

// The name and what is behind it on one line, which does not reach the last column: a terminal
// would begin another one.
std::string fitted(const std::string& name, std::string_view rest) {
  const std::size_t space = columns() - 1;
  if (rest.size() + kColumnsBeside > space) return first_columns(rest, space);
  std::string shown = first_columns(name, space - rest.size() - 2);
  if (shown.size() < name.size()) {
    shown = first_columns(name, space - rest.size() - 3) + "…";
  }
  return fmt::format("{}  {}", shown, rest);
}

}  // namespace

std::string readable_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

ProgressBar::ProgressBar(std::string_view name, bool is_quiet)
    : name_(printable(name)), is_shown_(!is_quiet && ::isatty(STDERR_FILENO) == 1) {}

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
  try {
    const std::string figures = fmt::format("{:3.0f} %  {}  {}/s", part * 100, readable_size(done),
                                            readable_size(static_cast<std::uint64_t>(rate)));
    const std::string bar =
        fmt::format("[{}{}] ", std::string(full, '#'), std::string(kWidth - full, '.'));
    const bool has_space = columns() > kColumnsBeside + bar.size() + figures.size();
    write(fitted(name_, (has_space ? bar : "") + figures));
  } catch (const std::exception&) {
    // A transfer goes on without its line.
  }
}

void ProgressBar::say(std::string_view what) {
  if (!is_shown_) return;
  try {
    write(fitted(name_, what));
  } catch (const std::exception&) {
    // The same.
  }
}

void ProgressBar::write(std::string_view line) {
  const std::string text = fmt::format("\r\x1b[K{}", line);
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
  has_line_ = true;
}

}  // namespace coffer::cli::client
