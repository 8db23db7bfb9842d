// The memory that all writers of a store share: aligned buffers of one size, within a budget.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/task.h"
#include "blobs/local/event.h"

namespace coffer::blobs {

inline constexpr std::size_t kBufferBytes = 128 * 1024;
// What writing past the page cache asks of addresses, offsets and lengths.
inline constexpr std::size_t kAlignment = 4096;

class BufferPool;

// One buffer taken from a pool, or none. Goes back when destroyed. The pool outlives it.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_), memory_(std::exchange(other.memory_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(memory_, other.memory_);
    return *this;
  }
  ~Buffer() { release(); }

  explicit operator bool() const noexcept { return memory_ != nullptr; }
  // kBufferBytes long, or empty.
  ByteSpan span() const noexcept { return {memory_, memory_ ? kBufferBytes : 0}; }
  // Gives it back now.
  void release() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, std::byte* memory) noexcept : pool_(&pool), memory_(memory) {}

  BufferPool* pool_ = nullptr;
  std::byte* memory_ = nullptr;
};

// Who finds the budget spent waits in line. A holder must never wait in that line for a
// second buffer, else all could hold one and wait for ever: it uses try_take().
// Threads: any.
class BufferPool {
 public:
  // Up to `budget_bytes` are in use at once, at least one buffer; up to `idle_bytes` stay
  // allocated when nobody uses them.
  BufferPool(std::size_t budget_bytes, std::size_t idle_bytes);
  // REQUIRES: every buffer is back and nobody waits.
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // A buffer, after all who asked before; comes back on the executor that asked, which must
  // run one thing at a time. The task may be destroyed while it waits.
  Task<Buffer> take();

  // A buffer if one is free now, else none.
  Buffer try_take();

  // Buffers that exist now, in use or idle.
  std::size_t allocated() const;

 private:
  friend class Buffer;
  struct Request;
  class Place;
  using Line = std::list<std::shared_ptr<Request>>;

  std::byte* take_locked();
  void give_back(std::byte* memory) noexcept;

  const std::size_t most_;
  const std::size_t most_idle_;
  mutable std::mutex mutex_;
  std::size_t allocated_ = 0;
  std::vector<std::byte*> idle_;  // last in, first out: the warmest is used again
  Line line_;
};

}  // namespace coffer::blobs
