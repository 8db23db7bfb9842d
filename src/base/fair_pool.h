// Threads for work that anybody may ask for and that takes long: a bounded line in front of them,
// in which everybody has a fair share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/task.h"

namespace coffer {

// Whoever asks is a number, `who`. Those who wait are served in turn, one job each; the jobs of one
// in the order in which they came. One alone never has all threads, unless there is but one.
// Threads: any.
class FairPool {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::size_t threads = 2;
    std::size_t waiting = 64;      // jobs in all
    std::size_t waiting_each = 8;  // of one
    // What has waited longer when its turn comes is not run.
    std::chrono::milliseconds wait{5'000};
  };
  // Whose jobs no limit of waiting keeps out: the program's own.
  static constexpr std::int64_t kOwn = 0;

  // `name` shows in thread listings. Throws as start_thread() does.
  FairPool(std::string name, Limits limits);
  // REQUIRES: nobody waits for a job any more.
  ~FairPool();
  FairPool(const FairPool&) = delete;
  FairPool& operator=(const FairPool&) = delete;

  // Runs `void function()` on a thread of the pool; what it throws comes to who asked, on the
  // executor that asked. False: it was not run, because too many wait, or it has waited too long.
  template <class Function>
  Task<bool> run(std::int64_t who, Function function) {
    Executor& home = Executor::current();
    Turn turn(*this, who);
    const bool admitted = co_await turn;
    if (!admitted) {
      co_await resume_on(home);
      co_return false;
    }
    std::exception_ptr error;
    try {
      function();
    } catch (...) {
      error = std::current_exception();
    }
    co_await resume_on(home);
    if (error) std::rethrow_exception(error);
    co_return true;
  }

  struct Load {
    std::size_t waiting = 0;
    std::uint64_t refused = 0;  // since the start
  };
  Load load() const;

 private:
  // A place in the line. `co_await`: whether the job is to run, on a thread of the pool then.
  class Turn {
   public:
    Turn(FairPool& pool, std::int64_t whose) : who(whose), pool_(pool) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiter) {
      handle = waiter;
      return pool_.enter(*this);
    }
    bool await_resume() const noexcept { return admitted; }

    const std::int64_t who;
    std::coroutine_handle<> handle;
    Clock::time_point since;
    bool admitted = false;

   private:
    FairPool& pool_;
  };

  // What one has here; forgotten when it is nothing.
  struct Share {
    std::deque<Turn*> waiting;
    std::size_t running = 0;
  };

  // False: there is no room in the line.
  bool enter(Turn& turn);
  // The next one to run; null: none may.
  Turn* next();
  void work();
  void stop();

  std::string name_;
  const Limits limits_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::condition_variable wake_;
  std::map<std::int64_t, Share> shares_;
  std::list<std::int64_t> order_;  // who waits; the first is next
  std::size_t waiting_ = 0;
  std::uint64_t refused_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace coffer
