// The connection as the body of its request uses it.
#include "http/connection.h"

namespace coffer::http {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Task<std::expected<std::size_t, StreamFault>> Connection::receive(
    ByteSpan into, MinDataRate& rate, std::chrono::milliseconds patience) {
  for (;;) {
    const auto step = transport_.read(into);
    if (step.state == State::kDone) {
      rate.moved(step.count);
      if (iteration_is_over()) co_await yield(loop_);
      co_return step.count;
    }
    if (step.state == State::kClosed) {
      co_return std::unexpected(StreamFault::kTruncated);
    }
    input_.release();
    const auto is_readable = co_await readable(step.state, rate, patience);
    if (!is_readable) co_return std::unexpected(is_readable.error());
  }
}

Task<std::expected<void, StreamFault>> Connection::receive_more(
    MinDataRate& rate, std::chrono::milliseconds patience) {
  for (;;) {
    const auto step = transport_.read(input_.space(net::EventLoop::kBufferBytes));
    if (step.state == State::kDone) {
      input_.filled(step.count);
      rate.moved(step.count);
      if (iteration_is_over()) co_await yield(loop_);
      co_return std::expected<void, StreamFault>();
    }
    if (step.state == State::kClosed) {
      co_return std::unexpected(StreamFault::kTruncated);
    }
    if (input_.empty()) input_.release();
    const auto is_readable = co_await readable(step.state, rate, patience);
    if (!is_readable) co_return std::unexpected(is_readable.error());
  }
}

// Tells the timer, and who cuts the connection, what to wake.
class Connection::Awaiting {
 public:
  Awaiting(Connection& connection, OneShotEvent& event, net::SteadyTime until) noexcept
      : connection_(connection) {
    connection_.awaited_ = &event;
    connection_.awaited_until_ = until;
    connection_.hung_up_ = false;
    connection_.set_deadline(Clock::now() + net::EventLoop::kTick);
  }
  ~Awaiting() {
    connection_.awaited_ = nullptr;
    connection_.set_deadline(net::kNever);
  }
  Awaiting(const Awaiting&) = delete;
  Awaiting& operator=(const Awaiting&) = delete;

 private:
  Connection& connection_;
};

Task<bool> Connection::wait(OneShotEvent& event, std::chrono::milliseconds max_wait) {
  if (cut_) co_return false;
  const Awaiting awaiting(*this, event, Clock::now() + max_wait);
  co_await event.wait();
  co_return !cut_ && !hung_up_;
}

Task<std::expected<void, StreamFault>> Connection::send_continue(MinDataRate& rate) {
  std::string line = "HTTP/1.1 100 Continue\r\n\r\n";
  iovec part{line.data(), line.size()};
  const bool sent = co_await send_bytes({&part, 1}, false, rate);
  if (!sent) co_return std::unexpected(StreamFault::kTruncated);
  co_return std::expected<void, StreamFault>();
}

}  // namespace coffer::http
