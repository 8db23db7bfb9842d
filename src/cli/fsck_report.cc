#include "cli/fsck_report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace coffer::cli {
namespace {

constexpr std::chrono::milliseconds kPace{100};

}  // namespace

FsckProgress::FsckProgress() : is_seen_(::isatty(STDERR_FILENO) == 1) {}

void FsckProgress::show(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (!is_seen_ || now - last_ < kPace) return;
  last_ = now;
  is_shown_ = true;
  fmt::print(stderr, "\r\033[K{}", text);
}

void FsckProgress::clear() {
  if (is_shown_) fmt::print(stderr, "\r\033[K");
  is_shown_ = false;
}

void FsckReport::corrupt(const std::string& part, const std::string& problem) {
  ++corrupt_;
  print_line(fmt::format("corrupt       {}: {}", part, problem));
}

void FsckReport::missing(const std::string& blob, std::uint64_t size) {
  ++missing_;
  print_line(fmt::format("missing       {}: {} bytes", blob, size));
}

void FsckReport::unreferenced(const std::string& what, std::uint64_t size) {
  ++unreferenced_;
  print_line(fmt::format("unreferenced  {}: {} bytes", what, size));
}

void FsckReport::note(const std::string& part, const std::string& what) {
  print_line(fmt::format("note          {}: {}", part, what));
}

bool FsckReport::end() {
  print_line(fmt::format("{} blobs, {} bytes read: {} missing, {} corrupt, {} unreferenced", blobs_,
                         bytes_, missing_, corrupt_, unreferenced_));
  return missing_ == 0 && corrupt_ == 0;
}

void FsckReport::print_line(const std::string& line) {
  progress_.clear();
  fmt::print("{}\n", line);
}

}  // namespace coffer::cli
