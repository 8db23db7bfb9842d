// What a connection has received.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "net/event_loop.h"

namespace coffer::http {

// Bytes that came in and were not used yet.
class InputBuffer {
 public:
  explicit InputBuffer(net::EventLoop& loop) noexcept : loop_(loop) {}
  ~InputBuffer() { release(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  ByteView unread() const noexcept { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t count) noexcept { begin_ += count; }
  // Free space behind the unread bytes; at least one byte unless `max` are unread already.
  ByteSpan space(std::size_t max);
  void filled(std::size_t count) noexcept { end_ += count; }
  // Gives the memory back. REQUIRES: empty().
  void release();
  // Keeps no more memory than the unread bytes need: what follows may be long in coming.
  void settle();

 private:
  net::EventLoop& loop_;
  net::Buffer data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace coffer::http
