#include "cli/fsck_report.h"

#include <fmt/format.h>

namespace coffer::cli {

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
