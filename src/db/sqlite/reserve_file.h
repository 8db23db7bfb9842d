// Room on the disk that the database keeps for itself: a file of zeros that is given up when a
// write finds no other room, so that log-ins and deletes still work on a full disk.
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

  // Gives the room to whoever writes next. False when there was none.
  bool release() noexcept;

  // Takes the room back, once there is plenty. Cheap enough to be called after each commit.
  void restore() noexcept;

 private:
  bool is_whole() const noexcept;
  void allocate() noexcept;

  const std::filesystem::path path_;
  const std::uint64_t bytes_;
  bool is_released_ = false;
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace coffer::db::sqlite
