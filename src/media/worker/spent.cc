#include "media/worker/spent.h"

#include <algorithm>
#include <chrono>
#include <ctime>

namespace coffer::media {

double spent_seconds() noexcept {
  using Clock = std::chrono::steady_clock;
  static const Clock::time_point start = Clock::now();
  constexpr double kShare = 15.0 / 20.0;
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  const double processor =
      static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  const std::chrono::duration<double> passed = Clock::now() - start;
  return std::max(processor, passed.count() * kShare);
}

}  // namespace coffer::media
