#include "blobs/buffered_writer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace coffer::blobs {

Task<std::expected<ByteSpan, Refusal>> BufferedWriter::prepare(InputStream& client) {
  if (!filling_) {
    // A buffer of kFirstBytes is enough for most, and grows.
    auto next = co_await next_buffer(is_fast_ ? max_buffer() : kFirstBytes, client);
    if (!next) co_return std::unexpected(next.error());
    filling_ = std::move(*next);
    lent_at_ = std::chrono::steady_clock::now();
    filled_ = aside_.size();
    std::ranges::copy(aside_, filling_.span().begin());
    aside_ = Bytes();
  }
  co_return filling_.span().subspan(filled_);
}

void BufferedWriter::advance(std::size_t count) {
  const std::size_t size = filling_.span().size();
  if (count > size - filled()) throw std::logic_error("more than the space");
  if (!filling_) return;
  filled_ += count;
  if (filled_ < size) return;
  is_fast_ = true;
  const std::size_t max = max_buffer();
  if (size >= max || !filling_.grow(max)) submit(take_filled(), filled_);
}

std::chrono::milliseconds BufferedWriter::patience() const noexcept {
  using std::chrono::milliseconds;
  const auto kept = std::chrono::steady_clock::now() - lent_at_;
  const auto left = std::chrono::duration_cast<milliseconds>(budget_.patience() - kept);
  return std::max(left, milliseconds::zero());
}

void BufferedWriter::set_aside() {
  is_fast_ = false;
  if (!filling_) return;
  const std::size_t whole = filled_ / kAlignment * kAlignment;
  const ByteView rest = filling_.span().subspan(whole, filled_ - whole);
  aside_.assign(rest.begin(), rest.end());
  if (whole == 0) return filling_.release();
  submit(take_filled(), whole);
}

Buffer BufferedWriter::take_filled() noexcept { return std::exchange(filling_, Buffer()); }

}  // namespace coffer::blobs
