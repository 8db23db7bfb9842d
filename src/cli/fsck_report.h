// What `coffer fsck` prints, and what it comes to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace coffer::cli {

// One line on standard error that is written over, where a person looks on.
class FsckProgress {
 public:
  FsckProgress();
  void show(const std::string& text);
  void clear();

 private:
  const bool is_seen_;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

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
  FsckProgress& progress() noexcept { return progress_; }

  // Prints what all of it comes to. Whether all is well.
  bool end();

 private:
  void print_line(const std::string& line);

  FsckProgress progress_;
  std::uint64_t blobs_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t unreferenced_ = 0;
};

}  // namespace coffer::cli
