#include "media/worker/spent.h"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "media/protocol/request.h"

namespace coffer::media {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kJobSeconds = kMaxJobCpuSeconds;

// A process has one job.
Clock::time_point start;
double patience_seconds = kJobSeconds;

}  // namespace

void start_clock(std::uint32_t patience_millis) noexcept {
  start = Clock::now();
  patience_seconds = patience_millis / 1000.0;
}

double spent_seconds() noexcept {
  timespec time = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  const double processor =
      static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  const std::chrono::duration<double> passed = Clock::now() - start;
  return std::max(processor, passed.count() / patience_seconds * kJobSeconds);
}

}  // namespace coffer::media
