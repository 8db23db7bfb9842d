// How far a transfer has come, for people at a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::cli::client {

// "23.4 MiB".
std::string readable_size(std::uint64_t bytes);

// One line on standard error, rewritten some times a second, as long as the terminal is wide;
// nothing where that is no terminal, or where `is_quiet`. It is gone once the object is.
class ProgressBar {
 public:
  ProgressBar(std::string_view name, bool is_quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // Of bytes.
  void show(std::uint64_t done, std::uint64_t total);
  // What is waited for, behind the name.
  void say(std::string_view what);

 private:
  using Clock = std::chrono::steady_clock;

  void write(std::string_view line);

  std::string name_;
  bool is_shown_;
  bool has_line_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point last_ = {};
};

}  // namespace coffer::cli::client
