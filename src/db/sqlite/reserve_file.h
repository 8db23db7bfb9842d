// Space on the disk that the database keeps for itself: a file of zeros that is given up, half of
// what is left at a time, when a write finds no other space, so that log-ins and deletes still work
// on a full disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace coffer::db::sqlite {

// Several processes may use one file. Threads: one at a time.
class ReserveFile {
 public:
  // `bytes` 0: none is kept. Does not fail: where there is no room the file is made later.
  ReserveFile(std::filesystem::path path, std::uint64_t bytes);

  // Its size when it is whole: what was asked for, or less on a small disk.
  std::uint64_t bytes() const noexcept { return bytes_; }

  // Frees half of what is left of it for the next write, all of it once that is little. False when
  // nothing was left.
  bool release() noexcept;

  // Whether some of it was freed and not taken back yet.
  bool is_released() const noexcept { return is_released_; }
  // The same while the disk is full but for it: only what makes space may still be written, or what
  // people need to do that. Cheap where nothing was freed.
  bool is_needed() const noexcept;

  // Takes the space back, once there is plenty. Cheap enough to be called after each commit.
  void restore() noexcept;

 private:
  std::uint64_t left() const noexcept;
  void allocate() noexcept;

  const std::filesystem::path path_;
  const std::uint64_t bytes_;
  bool is_released_ = false;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace coffer::db::sqlite
