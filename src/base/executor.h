// Where coroutines run. Each serving core is an executor, and so is each pool of threads
// for work that blocks.
#pragma once

#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/task.h"

namespace coffer {

// Threads: post() may be called from any thread.
class Executor {
 public:
  using Work = std::move_only_function<void()>;

  virtual ~Executor() = default;

  // Runs `work` later on one of this executor's threads. `work` should not throw: what it throws
  // is logged, and nobody is told.
  virtual void post(Work work) = 0;

  // Whether all its work runs on one thread, after what was posted there before.
  virtual bool has_one_thread() const noexcept { return false; }

  // The executor whose thread this is. REQUIRES: called on a thread of an executor.
  static Executor& current();
  // The same, or null on a thread that belongs to none.
  static Executor* current_or_null() noexcept;

  // Marks the calling thread as one of `executor` while the object lives.
  class Scope {
   public:
    explicit Scope(Executor& executor) noexcept;
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Executor* outer_;
  };
};

// `co_await resume_on(executor)`: the coroutine goes on there.
inline auto resume_on(Executor& executor) noexcept {
  struct Awaiter {
    Executor& executor;
    bool await_ready() const noexcept { return Executor::current_or_null() == &executor; }
    void await_suspend(std::coroutine_handle<> handle) const {
      executor.post([handle] { handle.resume(); });
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{executor};
}

// `co_await yield(executor)`: lets what else waits there run first. REQUIRES: on its thread.
inline auto yield(Executor& executor) noexcept {
  struct Awaiter {
    Executor& executor;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
      executor.post([handle] { handle.resume(); });
    }
    void await_resume() const noexcept {}
  };
  return Awaiter{executor};
}

// A fixed number of threads for work that blocks: file system, password hashing.
// The destructor finishes what was posted, then joins.
class ThreadPool final : public Executor {
 public:
  // `name` shows in thread listings. Throws as start_thread() does.
  ThreadPool(std::string name, std::size_t threads);
  ~ThreadPool() override;

  void post(Work work) override;
  bool has_one_thread() const noexcept override { return threads_.size() == 1; }

  // Runs `function()` on a thread of the pool and brings its result, or what it threw, back
  // to the executor that asked.
  template <class Function>
  Task<std::invoke_result_t<Function&>> run(Function function) {
    Executor& home = Executor::current();
    std::exception_ptr error;
    co_await resume_on(*this);
    if constexpr (std::is_void_v<std::invoke_result_t<Function&>>) {
      try {
        function();
      } catch (...) {
        error = std::current_exception();
      }
      co_await resume_on(home);
      if (error) std::rethrow_exception(error);
    } else {
      std::optional<std::invoke_result_t<Function&>> value;
      try {
        value.emplace(function());
      } catch (...) {
        error = std::current_exception();
      }
      co_await resume_on(home);
      if (error) std::rethrow_exception(error);
      co_return std::move(*value);
    }
  }

 private:
  void stop();
  void work_until_stopped();

  std::string name_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// The calling thread as an executor, for commands and tests: run() serves until a task ends.
class InlineExecutor final : public Executor {
 public:
  void post(Work work) override;

  // Runs `task` on this thread to its end and returns its value or throws what it threw.
  template <class T>
  T run(Task<T> task) {
    Scope scope(*this);
    std::exception_ptr failure;
    bool ended = false;
    if constexpr (std::is_void_v<T>) {
      start(std::move(task), [&](std::exception_ptr error) {
        failure = error;
        post([&] { ended = true; });
      });
      serve(ended);
      if (failure) std::rethrow_exception(failure);
    } else {
      std::optional<T> result;
      start(std::move(task), [&](std::exception_ptr error, std::optional<T> value) {
        failure = error;
        result = std::move(value);
        post([&] { ended = true; });
      });
      serve(ended);
      if (failure) std::rethrow_exception(failure);
      return std::move(*result);
    }
  }
  template <Awaiter A>
  auto run(A awaiter) {
    return run(as_task(awaiter));
  }

 private:
  void serve(const bool& ended);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Work> queue_;
};

}  // namespace coffer
