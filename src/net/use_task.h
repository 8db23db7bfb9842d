// Asio's operations in coroutines: what a Task passes to an operation in place of a handler.
//
//   const auto count = co_await socket.async_read_some(buffer, use_task);
//   const auto done = co_await socket.async_connect(peer, use_task_until(loop, deadline, stop));
//
// The value is a std::expected: void, the operation's one result, or a tuple of several; else the
// operation's error_code. Every operation of Asio and Beast with an error_code can be awaited.
//
// Threads. Awaited on the thread of the loop that the operation's I/O object belongs to; the
// coroutine goes on there, from the loop, never inside the call that starts the operation.
//
// Lifetimes. The operation starts when it is awaited, not before. The coroutine goes on only when
// the operation has ended, cancelled or not: buffers and other objects that it uses need to live no
// longer than the co_await. The frame must not be destroyed meanwhile (see Task). So nothing goes
// on in a loop that was stopped.
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/system/error_code.hpp>
#include <coroutine>
#include <expected>
#include <optional>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

#include "net/event_loop.h"
#include "net/operation_bounds.h"

namespace coffer::net {

// For an operation that ends by itself, or that its I/O object cancels. Costs no more than a
// handler that resumes the coroutine.
struct UseTask {};
inline constexpr UseTask use_task;

// For an operation that ends at the deadline, or when a stop is requested, at the latest:
// - The deadline: error::timed_out. A time limit of the machine's own, such as that for connecting,
//   gives the same error.
// - The stop: error::operation_aborted. It may be requested on any thread. REQUIRES: the loop lives
//   until request_stop() has returned.
// - An operation that succeeds, or fails by itself, while it is being cancelled has its own result:
//   bytes that were moved are never lost.
// - Whichever comes before the operation starts, keeps it from starting.
//
// The operation is asked to end as Asio's terminal cancellation does, and then waited for. What is
// made of several steps (async_read, TLS, WebSocket) leaves its stream in an unknown state after
// that: close it. async_resolve cannot be interrupted: it ends when the name service answers.
class UseTaskUntil {
 public:
  // REQUIRES: the loop is that of the operation's I/O object.
  explicit UseTaskUntil(EventLoop& loop, SteadyTime deadline, std::stop_token stop = {}) noexcept
      : loop_(&loop), deadline_(deadline), stop_(std::move(stop)) {}

  EventLoop& loop() const noexcept { return *loop_; }
  SteadyTime deadline() const noexcept { return deadline_; }
  const std::stop_token& stop() const noexcept { return stop_; }

 private:
  EventLoop* loop_;
  SteadyTime deadline_;
  std::stop_token stop_;
};

inline UseTaskUntil use_task_until(EventLoop& loop, SteadyTime deadline,
                                   std::stop_token stop = {}) noexcept {
  return UseTaskUntil(loop, deadline, std::move(stop));
}

namespace detail {

// The results of an operation besides the error_code, as one type.
template <class... Values>
struct ValueOf {
  using Type = std::tuple<Values...>;
};
template <class Value>
struct ValueOf<Value> {
  using Type = Value;
};
template <>
struct ValueOf<> {
  using Type = void;
};
template <class... Values>
using OperationResult = std::expected<typename ValueOf<Values...>::Type, boost::system::error_code>;

template <class... Values>
OperationResult<Values...> operation_result(const boost::system::error_code& error,
                                            Values... values) {
  if (error) return std::unexpected(error);
  return OperationResult<Values...>(std::in_place, std::move(values)...);
}

// An operation that has not started: what starts it, and its arguments.
template <class Initiation, class... Arguments>
class Pending {
 public:
  template <class I, class... A>
  explicit Pending(I&& initiation, A&&... arguments)
      : initiation_(std::forward<I>(initiation)), arguments_(std::forward<A>(arguments)...) {}

  template <class Handler>
  void start(Handler handler) {
    std::apply(
        [&](Arguments&... arguments) {
          std::move(initiation_)(std::move(handler), std::move(arguments)...);
        },
        arguments_);
  }

 private:
  Initiation initiation_;
  std::tuple<Arguments...> arguments_;
};

template <class Start, class... Values>
class Operation {
 public:
  template <class... A>
  explicit Operation(UseTask, A&&... start) : start_(std::forward<A>(start)...) {}
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    waiter_ = waiter;
    start_.start(Handler{this});
  }
  auto await_resume() { return std::move(*result_); }

 private:
  struct Handler {
    Operation* operation;
    void operator()(const boost::system::error_code& error, Values... values) const {
      operation->result_.emplace(operation_result(error, std::move(values)...));
      operation->waiter_.resume();
    }
  };

  Start start_;
  std::coroutine_handle<> waiter_;
  std::optional<OperationResult<Values...>> result_;
};

template <class Start, class... Values>
class BoundedOperation {
 public:
  template <class... A>
  explicit BoundedOperation(const UseTaskUntil& until, A&&... start)
      : bounds_(until.loop(), until.deadline(), until.stop()), start_(std::forward<A>(start)...) {}
  BoundedOperation(const BoundedOperation&) = delete;
  BoundedOperation& operator=(const BoundedOperation&) = delete;

  bool await_ready() {
    if (const auto error = bounds_.error_before_start()) result_.emplace(std::unexpect, error);
    return result_.has_value();
  }
  bool await_suspend(std::coroutine_handle<> waiter) {
    bounds_.will_start(waiter);
    start_.start(Handler{this});
    return bounds_.started();
  }
  auto await_resume() {
    bounds_.rethrow();
    return std::move(*result_);
  }

 private:
  struct Handler {
    using cancellation_slot_type = boost::asio::cancellation_slot;

    BoundedOperation* operation;

    cancellation_slot_type get_cancellation_slot() const noexcept {
      return operation->bounds_.slot();
    }
    void operator()(const boost::system::error_code& error, Values... values) const {
      BoundedOperation& all = *operation;
      all.result_.emplace(operation_result(all.bounds_.ended(error), std::move(values)...));
      all.bounds_.release();
    }
  };

  OperationBounds bounds_;
  Start start_;
  std::optional<OperationResult<Values...>> result_;
};

}  // namespace detail
}  // namespace coffer::net

template <class... Values>
class boost::asio::async_result<coffer::net::UseTask, void(boost::system::error_code, Values...)> {
 public:
  template <class Initiation, class... Arguments>
  static auto initiate(Initiation&& initiation, coffer::net::UseTask token,
                       Arguments&&... arguments) {
    using Start =
        coffer::net::detail::Pending<std::decay_t<Initiation>, std::decay_t<Arguments>...>;
    return coffer::net::detail::Operation<Start, Values...>(
        token, std::forward<Initiation>(initiation), std::forward<Arguments>(arguments)...);
  }
};

template <class... Values>
class boost::asio::async_result<coffer::net::UseTaskUntil,
                                void(boost::system::error_code, Values...)> {
 public:
  template <class Initiation, class... Arguments>
  static auto initiate(Initiation&& initiation, const coffer::net::UseTaskUntil& token,
                       Arguments&&... arguments) {
    using Start =
        coffer::net::detail::Pending<std::decay_t<Initiation>, std::decay_t<Arguments>...>;
    return coffer::net::detail::BoundedOperation<Start, Values...>(
        token, std::forward<Initiation>(initiation), std::forward<Arguments>(arguments)...);
  }
};
