#include "base/thread.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <system_error>

#include "base/log.h"

namespace coffer {
namespace {

constexpr std::size_t kThreadNameMax = 15;

std::atomic<std::uint64_t> escaped = 0;

}  // namespace

void report_escaped_exception(std::string_view where) noexcept {
  static log::Throttle throttle;
  ++escaped;
  const auto line = [&](std::string_view what) {
    if (const auto held_back = throttle.admit()) {
      log::error("unexpected exception",
                 {{"where", where}, {"error", what}, {"more_since_last_line", *held_back}});
    }
  };
  try {
    throw;
  } catch (const std::exception& error) {
    line(error.what());
  } catch (...) {
    line("not a std::exception");
  }
}

std::uint64_t escaped_exceptions() noexcept { return escaped.load(std::memory_order_relaxed); }

std::thread start_thread(std::string name, std::move_only_function<void()> work) {
  name.resize(std::min(name.size(), kThreadNameMax));
  try {
    return std::thread([name, moved = std::move(work)]() mutable {
      pthread_setname_np(pthread_self(), name.c_str());
      contain_exceptions(name, moved);
    });
  } catch (const std::system_error& error) {
    throw std::runtime_error("cannot start the thread " + name + ": " + error.code().message() +
                             ". Allow more threads (ulimit -u, TasksMax= of a service, the pids "
                             "limit of a container) or more memory");
  }
}

}  // namespace coffer
