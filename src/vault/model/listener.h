// A call that somebody else has asked for.
#pragma once

#include <functional>
#include <mutex>
#include <utility>

namespace coffer::vault {

// Threads: any.
class Listener {
 public:
  // From now on call() calls `function`, on the thread of whoever calls, and nothing that was set
  // before: that is not even under way when this returns. An empty one: nothing.
  // REQUIRES: `function` does not throw, wait, or come back here.
  void set(std::function<void()> function) {
    const std::lock_guard lock(mutex_);
    function_ = std::move(function);
  }
  void call() {
    const std::lock_guard lock(mutex_);
    if (function_) function_();
  }

 private:
  std::mutex mutex_;
  std::function<void()> function_;
};

}  // namespace coffer::vault
