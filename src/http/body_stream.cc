#include "http/body_stream.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "base/bytes.h"

namespace coffer::http {
namespace {

constexpr std::uint64_t kDrainMax = 64 * 1024;
// Little: it is held while nothing comes.
constexpr std::size_t kDrainStep = 2 * 1024;

}  // namespace

BodyStream::BodyStream(Connection& connection, const Framing& framing)
    : connection_(connection),
      framing_(framing),
      rate_(connection.limits()),
      phase_(framing.chunked ? Phase::kFraming : Phase::kFixed),
      left_(framing.length.value_or(0)),
      continue_due_(framing.expects_continue) {
  if (phase_ == Phase::kFixed && left_ == 0) phase_ = Phase::kEnd;
  if (left_ >= kTransferBytes) count_transfer();
}

void BodyStream::count_transfer() noexcept {
  if (!transfer_) transfer_.emplace(connection_.loop().transfers);
}

std::optional<std::uint64_t> BodyStream::length() const noexcept {
  if (framing_.chunked) return std::nullopt;
  return framing_.length.value_or(0);
}

Task<BodyStream::Count> BodyStream::read(ByteSpan into) { return read_within(into, kForever); }

Task<BodyStream::Count> BodyStream::read_within(ByteSpan into, std::chrono::milliseconds patience) {
  if (fault_) co_return std::unexpected(*fault_);
  Count count = co_await read_some(into, patience);
  if (!count && count.error() != StreamFault::kStalled) fault_ = count.error();
  co_return count;
}

Task<void> BodyStream::ready() {
  const bool is_known = fault_ || phase_ == Phase::kEnd || !connection_.input().empty() ||
                        (phase_ == Phase::kFixed && received_ + left_ > limit_);
  if (is_known) co_return;
  auto more = co_await send_continue();
  if (more) more = co_await connection_.receive_more(rate_, kForever);
  if (!more) fault_ = more.error();
}

Task<bool> BodyStream::wait(OneShotEvent& event, std::chrono::milliseconds max_wait) {
  return connection_.wait(event, max_wait);
}

Task<std::expected<void, StreamFault>> BodyStream::send_continue() {
  const bool is_due = std::exchange(continue_due_, false);
  if (!is_due || !connection_.input().empty()) co_return std::expected<void, StreamFault>();
  co_return co_await connection_.send_continue(rate_);
}

Task<BodyStream::Count> BodyStream::read_some(ByteSpan into, std::chrono::milliseconds patience) {
  if (phase_ == Phase::kEnd) co_return 0;
  if (phase_ == Phase::kFixed && received_ + left_ > limit_) {
    co_return std::unexpected(StreamFault::kTooLarge);
  }
  if (continue_due_) {
    const auto sent = co_await send_continue();
    if (!sent) co_return std::unexpected(sent.error());
  }
  if (phase_ == Phase::kFraming) {
    const auto ready = co_await next_chunk(patience);
    if (!ready) co_return std::unexpected(ready.error());
    if (phase_ == Phase::kEnd) co_return 0;
    if (left_ > limit_ - received_) co_return std::unexpected(StreamFault::kTooLarge);
  }
  Count count = co_await read_data(into, patience);
  if (!count) co_return count;
  left_ -= *count;
  received_ += *count;
  if (received_ >= kTransferBytes) count_transfer();
  if (left_ == 0) phase_ = phase_ == Phase::kFixed ? Phase::kEnd : Phase::kFraming;
  co_return count;
}

Task<BodyStream::Count> BodyStream::read_data(ByteSpan into, std::chrono::milliseconds patience) {
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
  InputBuffer& input = connection_.input();
  if (input.empty()) {
    // Small reads go through the buffer, so that framing and data share a system call.
    if (want >= net::EventLoop::kBufferBytes || phase_ == Phase::kFixed) {
      input.release();  // what follows may be long in coming
      Count direct = co_await connection_.receive(into.first(want), rate_, patience);
      co_return direct;
    }
    const auto more = co_await connection_.receive_more(rate_, patience);
    if (!more) co_return std::unexpected(more.error());
  }
  const std::size_t count = std::min(want, input.unread().size());
  std::copy_n(input.unread().begin(), count, into.begin());
  input.consume(count);
  co_return count;
}

Task<std::expected<void, StreamFault>> BodyStream::next_chunk(std::chrono::milliseconds patience) {
  InputBuffer& input = connection_.input();
  for (;;) {
    const auto step = chunks_.advance(as_text(input.unread()));
    if (step.state == ChunkedFraming::State::kMalformed) {
      co_return std::unexpected(StreamFault::kMalformed);
    }
    input.consume(step.used);
    if (step.state == ChunkedFraming::State::kMore) {
      const auto more = co_await connection_.receive_more(rate_, patience);
      if (!more) co_return std::unexpected(more.error());
      continue;
    }
    left_ = step.size;
    phase_ = left_ > 0 ? Phase::kChunkData : Phase::kEnd;
    co_return std::expected<void, StreamFault>();
  }
}

bool BodyStream::can_be_drained() const noexcept {
  if (phase_ == Phase::kEnd) return true;
  return !fault_ && !continue_due_ && phase_ == Phase::kFixed && left_ <= kDrainMax;
}

void BodyStream::limit_time(std::uint64_t bytes) noexcept {
  const Limits& limits = connection_.limits();
  const std::chrono::seconds for_size(bytes / limits.body_bytes_per_second);
  rate_.set_end(bytes == 0 ? net::kNever
                           : std::chrono::steady_clock::now() + limits.body_timeout + for_size);
}

Task<bool> BodyStream::drain() {
  limit_ = std::numeric_limits<std::uint64_t>::max();
  if (phase_ == Phase::kEnd) co_return true;
  limit_time(left_);
  std::array<std::byte, kDrainStep> scratch;
  for (;;) {
    const Count count = co_await read(scratch);
    if (!count) co_return false;
    if (*count == 0) co_return true;
  }
}

}  // namespace coffer::http
