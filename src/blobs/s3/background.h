// Requests that go on when whoever asked for them has gone.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

#include "base/executor.h"
#include "base/task.h"

namespace coffer::blobs::s3 {

// Runs coroutines on a thread of its own, each to its end. Threads: any.
class Background {
 public:
  Background() : thread_("s3", 1) {}
  // Waits for all of them. REQUIRES: what they wait for still lives.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Calls `work` there and runs its task. What it throws is logged as what became of `what`, and
  // nobody is told. `what` is a constant.
  void spawn(const char* what, std::move_only_function<Task<void>()> work);

 private:
  void ended();

  std::mutex mutex_;  // guards the next two
  std::condition_variable all_ended_;
  std::size_t running_ = 0;
  ThreadPool thread_;  // last: it uses the others
};

}  // namespace coffer::blobs::s3
