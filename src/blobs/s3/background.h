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
  using Work = std::move_only_function<Task<void>()>;

  Background() : thread_("s3", 1) {}
  // Waits for all of them. REQUIRES: what they wait for still lives.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Calls `work` there and runs its task. What it throws is logged as what became of `what`, and
  // nobody is told. `what` is a constant.
  void spawn(const char* what, Work work);

  // The same, and waits for it; throws what it threw. The waiting task may be destroyed, and the
  // work still runs to its end: so do requests that store something, since one that is given up may
  // be carried out at any later time. REQUIRES: an executor that runs one thing at a time.
  Task<void> see_through(const char* what, Work work);

 private:
  void ended();

  std::mutex mutex_;  // guards the next two
  std::condition_variable all_ended_;
  std::size_t running_ = 0;
  ThreadPool thread_;  // last: it uses the others
};

}  // namespace coffer::blobs::s3
