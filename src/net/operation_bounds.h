// A deadline and a stop for an operation of Asio: the part of use_task.h that no type depends on.
#pragma once

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>
#include <coroutine>
#include <exception>
#include <optional>
#include <stop_token>

#include "net/event_loop.h"

namespace coffer::net {

// One operation's. It counts who still refers to it (the operation, the timer, a stop that waits in
// the loop's queue), and the coroutine goes on after the last of them: no allocation is needed, and
// nothing refers to a frame that is gone. Threads: the loop's, but for what requests the stop.
class OperationBounds {
 public:
  // `deadline` may be kNever, `stop` empty.
  OperationBounds(EventLoop& loop, SteadyTime deadline, std::stop_token stop) noexcept;
  OperationBounds(const OperationBounds&) = delete;
  OperationBounds& operator=(const OperationBounds&) = delete;

  // The error of an operation whose end has come before its start; none: it may start.
  boost::system::error_code error_before_start() const noexcept;
  // What cancels the operation.
  boost::asio::cancellation_slot slot() noexcept { return signal_.slot(); }

  // Before the operation is started.
  void will_start(std::coroutine_handle<> waiter) noexcept;
  // After it was started: from now on it is bounded. Whether the coroutine is to sleep: false when
  // all has ended already.
  bool started() noexcept;
  // The operation has ended with `error`. Returns the error for the coroutine.
  boost::system::error_code ended(const boost::system::error_code& error) noexcept;
  // The operation does not use this object any more. The coroutine may go on inside the call.
  void release();
  // Throws what kept the bounds from being set; the operation was cancelled then.
  void rethrow() const;

 private:
  enum class Cause { kNone, kDeadline, kStop };
  struct OnStop {
    OperationBounds* bounds;
    void operator()() const noexcept { bounds->on_stop(); }
  };

  void arm();
  void on_stop() noexcept;
  void cancel(Cause cause);

  EventLoop& loop_;
  const SteadyTime deadline_;
  const std::stop_token stop_;
  std::coroutine_handle<> waiter_;
  std::atomic<int> users_ = 0;
  bool has_ended_ = false;
  Cause cause_ = Cause::kNone;
  std::exception_ptr failure_;
  boost::asio::cancellation_signal signal_;
  std::optional<Timer> timer_;
  std::optional<std::stop_callback<OnStop>> on_stop_;
};

}  // namespace coffer::net
