#include "cli/signals.h"

#include <pthread.h>

#include <cstdlib>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "cli/commands.h"

namespace coffer::cli {
namespace {

timespec to_timespec(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  return {.tv_sec = seconds.count(), .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
}

}  // namespace

Signals::Signals(std::chrono::milliseconds stop_within) {
  std::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&state_->set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&state_->set, signal);
  state_->stop_within = stop_within;
  // Inherited by every thread that starts from now on.
  pthread_sigmask(SIG_BLOCK, &state_->set, nullptr);
  start_thread("signals", [state = state_] { watch(*state); }).detach();
}

void Signals::begin_serving() {
  const std::lock_guard lock(state_->mutex);
  state_->serves = true;
}

Signals::Request Signals::wait() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [&] { return state.stop || state.reload; });
  if (state.stop) return Request::kStop;
  state.reload = false;
  return Request::kReload;
}

void Signals::watch(State& state) {
  for (;;) {
    int signal = 0;
    if (sigwait(&state.set, &signal) != 0) continue;
    const std::lock_guard lock(state.mutex);
    if (signal == SIGHUP) {
      state.reload = true;
    } else if (!state.serves) {
      std::_Exit(kSuccess);
    } else {
      state.stop = true;
    }
    state.changed.notify_one();
    if (state.stop) break;
  }
  end_when_overdue(state);
}

// Returns never. It logs nothing: whoever reads the log may be what the end waits for.
void Signals::end_when_overdue(const State& state) {
  const auto end = std::chrono::steady_clock::now() + state.stop_within;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left <= left.zero()) std::_Exit(kSuccess);
    const timespec time = to_timespec(left);
    const int signal = sigtimedwait(&state.set, nullptr, &time);
    if (signal == SIGTERM || signal == SIGINT) std::_Exit(kSuccess);
  }
}

}  // namespace coffer::cli
