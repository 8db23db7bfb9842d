// How far a transfer has come, for people at a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace coffer::cli::client {

// Text as a terminal may show it: without control characters.
std::string printable(std::string text);

// "23.4 MiB".
std::string readable_size(std::uint64_t bytes);

// One line on standard error, rewritten some times a second; nothing where that is no terminal, or
// where `is_quiet`. It is gone once the object is.
class ProgressBar {
 public:
  ProgressBar(std::string name, bool is_quiet);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void show(std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  std::string name_;
  bool is_shown_;
  bool has_line_ = false;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point last_ = {};
};

}  // namespace coffer::cli::client
