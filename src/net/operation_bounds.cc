#include "net/operation_bounds.h"

#include <boost/asio/error.hpp>
#include <chrono>
#include <utility>

#include "base/thread.h"

namespace coffer::net {

OperationBounds::OperationBounds(EventLoop& loop, SteadyTime deadline,
                                 std::stop_token stop) noexcept
    : loop_(loop), deadline_(deadline), stop_(std::move(stop)) {}

boost::system::error_code OperationBounds::error_before_start() const noexcept {
  if (stop_.stop_requested()) return boost::asio::error::operation_aborted;
  if (deadline_ != kNever && std::chrono::steady_clock::now() >= deadline_) {
    return boost::asio::error::timed_out;
  }
  return {};
}

void OperationBounds::will_start(std::coroutine_handle<> waiter) noexcept {
  waiter_ = waiter;
  users_ = 2;  // the operation, and the caller until started() returns
}

bool OperationBounds::started() noexcept {
  try {
    arm();
  } catch (...) {
    failure_ = std::current_exception();
    signal_.emit(boost::asio::cancellation_type::terminal);
  }
  return users_.fetch_sub(1) != 1;
}

void OperationBounds::arm() {
  if (has_ended_) return;
  if (stop_.stop_possible()) on_stop_.emplace(stop_, OnStop{this});
  if (deadline_ == kNever) return;
  timer_.emplace(loop_.context(), deadline_);
  timer_->async_wait([this](const boost::system::error_code& error) {
    if (!error) cancel(Cause::kDeadline);
    release();
  });
  ++users_;
}

// On the thread that requests the stop, or on the loop's inside arm(). ended() waits for its
// return.
void OperationBounds::on_stop() noexcept {
  ++users_;
  const bool is_posted = contain_exceptions("cancellation", [this] {
    loop_.post([this] {
      cancel(Cause::kStop);
      release();
    });
  });
  if (!is_posted) --users_;
}

void OperationBounds::cancel(Cause cause) {
  if (has_ended_ || cause_ != Cause::kNone) return;
  cause_ = cause;
  signal_.emit(boost::asio::cancellation_type::terminal);
}

boost::system::error_code OperationBounds::ended(const boost::system::error_code& error) noexcept {
  has_ended_ = true;
  on_stop_.reset();
  if (timer_) timer_->cancel();
  const bool is_late = cause_ == Cause::kDeadline && error == boost::asio::error::operation_aborted;
  return is_late ? boost::system::error_code(boost::asio::error::timed_out) : error;
}

void OperationBounds::release() {
  if (users_.fetch_sub(1) == 1) waiter_.resume();
}

void OperationBounds::rethrow() const {
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace coffer::net
