#include "http/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace coffer::http {
namespace {

constexpr std::size_t kSettledStep = 512;

}  // namespace

ByteSpan InputBuffer::space(std::size_t max) {
  if (!data_) {
    data_ = loop_.take_buffer();
    capacity_ = net::EventLoop::kBufferBytes;
  }
  if (begin_ > 0) {
    std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ < net::EventLoop::kBufferBytes) {
    net::Buffer larger = loop_.take_buffer();
    std::memcpy(larger.get(), data_.get(), end_);
    data_ = std::move(larger);
    capacity_ = net::EventLoop::kBufferBytes;
  }
  if (end_ == capacity_ && capacity_ < max) {
    net::Buffer larger(new std::byte[max]);
    std::memcpy(larger.get(), data_.get(), end_);
    data_ = std::move(larger);
    capacity_ = max;
  }
  return {data_.get() + end_, std::min(capacity_, std::max(max, end_)) - end_};
}

void InputBuffer::release() {
  if (capacity_ == net::EventLoop::kBufferBytes) loop_.give_back(std::move(data_));
  data_.reset();
  capacity_ = begin_ = end_ = 0;
}

void InputBuffer::settle() {
  if (empty()) return release();
  const std::size_t count = end_ - begin_;
  const std::size_t wanted = (count + kSettledStep - 1) / kSettledStep * kSettledStep;
  if (wanted > capacity_ / 2 || wanted >= net::EventLoop::kBufferBytes) return;
  net::Buffer smaller(new std::byte[wanted]);
  std::memcpy(smaller.get(), data_.get() + begin_, count);
  release();
  data_ = std::move(smaller);
  capacity_ = wanted;
  end_ = count;
}

}  // namespace coffer::http
