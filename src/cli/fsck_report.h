// What `coffer fsck` prints, and what it comes to.
#pragma once

#include <cstdint>
#include <string>

#include "cli/progress_line.h"

namespace coffer::cli {

// Prints findings, a line each, and counts them.
class FsckReport {
 public:
  void corrupt(const std::string& part, const std::string& problem);
  void missing(const std::string& blob, std::uint64_t size);
  void unreferenced(const std::string& what, std::uint64_t size);
  void note(const std::string& part, const std::string& what);

  void count_blob() noexcept { ++blobs_; }
  // How many bytes were read so far.
  void set_read(std::uint64_t bytes) noexcept { bytes_ = bytes; }
  std::uint64_t read() const noexcept { return bytes_; }
  ProgressLine& progress() noexcept { return progress_; }

  // Prints what all of it comes to. Whether all is well.
  bool end();

 private:
  void print_line(const std::string& line);

  ProgressLine progress_;
  std::uint64_t blobs_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t unreferenced_ = 0;
};

}  // namespace coffer::cli
