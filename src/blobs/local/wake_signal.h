// Wakes one thread that works in the background.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace coffer::blobs {

// Threads: any; wait() and pause() on the one.
class WakeSignal {
 public:
  // Rung while nobody waits, it is heard later; rung often, it is heard once.
  void ring() {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(rung_, true)) return;
    }
    wake_.notify_one();
  }
  // The thread is to end.
  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_one();
  }

  // Until it is rung. False: closed.
  bool wait() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || rung_; });
    rung_ = false;
    return !closed_;
  }
  // That long. False: closed.
  bool pause(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, time, [this] { return closed_; });
  }
  bool is_closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool rung_ = false;
  bool closed_ = false;
};

}  // namespace coffer::blobs
