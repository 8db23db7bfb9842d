// What commands tell of long work while it goes on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace coffer::cli {

// One line on standard error that is written over, where a person looks on.
class ProgressLine {
 public:
  ProgressLine();
  void show(const std::string& text);
  void clear();

 private:
  const bool is_seen_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// 1536 -> `1.5 KiB`.
std::string for_people(std::uint64_t bytes);

}  // namespace coffer::cli
