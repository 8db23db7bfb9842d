// Threads, and what keeps an exception from ending the program through one.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace coffer {

// Logs the exception that is being handled, as one that nothing below `where` has caught; at most
// a line a second, which says how many it stands for. REQUIRES: called in a catch block.
void report_escaped_exception(std::string_view where) noexcept;

// How many there were since the program began. Threads: any.
std::uint64_t escaped_exceptions() noexcept;

// Calls `function`. An exception out of it is reported and goes no further: false then.
// Stands at the bottom of every thread, and in every loop that has to go on.
template <class Function>
bool contain_exceptions(std::string_view where, Function&& function) noexcept {
  try {
    std::forward<Function>(function)();
    return true;
  } catch (...) {
    report_escaped_exception(where);
    return false;
  }
}

// Starts a thread that runs `work` under contain_exceptions(). `name` shows in thread listings (15
// bytes at most are kept). Throws std::runtime_error, with what an operator can do about it, where
// the machine has no thread to give.
std::thread start_thread(std::string name, std::move_only_function<void()> work);

}  // namespace coffer
