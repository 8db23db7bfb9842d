// The signals that a server is told to end, or to read its certificates again, by.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <memory>
#include <mutex>

namespace coffer::cli {

// Takes SIGTERM, SIGINT and SIGHUP on a thread of its own, which nothing else in the program can
// hold up: a start or an end that is stuck is still ended. One in a program, before other threads.
//
// SIGTERM or SIGINT while the server starts ends the program at once, with exit code 0: nothing was
// promised yet. While it serves, wait() returns, and the program has `stop_within` to end by
// itself. Then, or at a second such signal, it ends at once: what was answered is durable.
class Signals {
 public:
  enum class Request : std::uint8_t { kStop, kReload };

  // Also ignores SIGPIPE. Throws std::runtime_error where no thread can be had.
  explicit Signals(std::chrono::milliseconds stop_within);

  // From now on the server serves: it is told to end, and given the time for it. REQUIRES: called
  // before anybody is told that it is ready.
  void begin_serving();

  // What is asked for next, or was since begin_serving().
  Request wait();

 private:
  // Outlives this: its thread runs until the program is gone.
  struct State {
    sigset_t set{};
    std::chrono::milliseconds stop_within{0};
    std::mutex mutex;
    std::condition_variable changed;
    bool serves = false;
    bool reload = false;
    bool stop = false;
  };

  static void watch(State& state);
  static void end_when_overdue(const State& state);

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace coffer::cli
