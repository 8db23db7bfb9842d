// Coroutines of the program: `Task<T>` is work that starts when it is awaited and
// gives its awaiter a T or an exception.
//
// A task resumes its awaiter on whatever thread it finishes on; whoever moves work to
// another thread (executor.h) brings it back before the awaiter goes on. References
// passed to a coroutine must live until it has finished: pass values to what is detached.
#pragma once

#include <atomic>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace coffer {

template <class T>
class Task;

namespace detail {

class PromiseBase {
 public:
  struct FinalAwaiter {
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) const noexcept {
      PromiseBase& promise = self.promise();
      if (promise.runner_.load(std::memory_order_relaxed) == this_thread()) {
        promise.state_.store(State::kDoneAtOnce, std::memory_order_relaxed);
        return std::noop_coroutine();
      }
      const auto awaiter = promise.awaiter_;
      if (promise.state_.exchange(State::kDone) == State::kAwaited) return awaiter;
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error_ = std::current_exception(); }

  // Runs the coroutine until it ends or waits. Whether `awaiter` is to sleep: false when the
  // coroutine has ended already. A loop that awaits what needs no waiting thus runs in
  // constant stack space, in builds without tail calls too.
  bool run(std::coroutine_handle<> self, std::coroutine_handle<> awaiter) {
    awaiter_ = awaiter;
    runner_.store(this_thread(), std::memory_order_relaxed);
    self.resume();
    // Most end without having waited, on this thread alone.
    const State state = state_.load(std::memory_order_acquire);
    if (state == State::kDoneAtOnce || state == State::kDone) return false;
    runner_.store(nullptr, std::memory_order_relaxed);
    return state_.exchange(State::kAwaited) != State::kDone;
  }

  // Whether it ended inside of run(), on that thread.
  bool was_done_at_once() const noexcept {
    return state_.load(std::memory_order_relaxed) == State::kDoneAtOnce;
  }

 protected:
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  enum class State : unsigned char { kRunning, kAwaited, kDone, kDoneAtOnce };

  // Another for each thread that lives.
  static const void* this_thread() noexcept {
    static thread_local constinit char here = 0;
    return &here;
  }

  std::coroutine_handle<> awaiter_;
  std::exception_ptr error_;
  // The thread that is inside of run(): whatever ends the coroutine there, run() sees it.
  std::atomic<const void*> runner_ = nullptr;
  std::atomic<State> state_ = State::kRunning;
};

template <class T>
class Promise : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

}  // namespace detail

// Move-only owner of a coroutine. Destroying a task that has not finished destroys the
// frame, so it must not be waiting for an event that would still resume it.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() noexcept = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      bool await_suspend(std::coroutine_handle<> awaiter) const {
        return handle.promise().run(handle, awaiter);
      }
      T await_resume() const { return handle.promise().take(); }
    };
    return Awaiter{handle_};
  }

  // Runs it on this thread for as long as it need not wait. False: it waited for something, and has
  // to outlive that. REQUIRES: it has a coroutine, and nobody awaits it.
  bool run_at_once() {
    return !handle_.promise().run(handle_, std::noop_coroutine()) &&
           handle_.promise().was_done_at_once();
  }
  // REQUIRES: it has ended, and its result was not taken. Throws what it threw.
  T take() { return handle_.promise().take(); }

  // Whether there is nothing to await.
  bool is_empty() const noexcept { return !handle_; }

 private:
  Handle handle_;
};

template <class T>
Task<T> detail::Promise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<Promise>::from_promise(*this)};
}

inline Task<void> detail::Promise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<Promise>::from_promise(*this)};
}

// What a coroutine awaits in place, without a task around it.
template <class T>
concept Awaiter = requires(T& awaiter) {
  awaiter.await_ready();
  awaiter.await_resume();
};

// A task that awaits what outlives it.
template <Awaiter T>
auto as_task(T& awaiter) -> Task<decltype(awaiter.await_resume())> {
  co_return co_await awaiter;
}

namespace detail {

struct Detached {
  struct promise_type {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

template <class T, class Done>
Detached run_detached(Task<T> task, Done done) {
  std::exception_ptr error;
  if constexpr (std::is_void_v<T>) {
    try {
      co_await std::move(task);
    } catch (...) {
      error = std::current_exception();
    }
    done(error);
  } else {
    std::optional<T> value;
    try {
      value.emplace(co_await std::move(task));
    } catch (...) {
      error = std::current_exception();
    }
    done(error, std::move(value));
  }
}

}  // namespace detail

// Starts `task` now, on this thread, and owns it until it ends.
// Then `done(error)`, or for a task with a value `done(error, std::optional<T>)`, is called
// on the thread it ended on; `error` is null on success. `done` must not throw.
template <class T, class Done>
void start(Task<T> task, Done done) {
  detail::run_detached(std::move(task), std::move(done));
}

}  // namespace coffer
