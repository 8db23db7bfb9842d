// The memory of a store's writers: aligned buffers of one size, each lent as far as the budget of
// all uploads is charged for it.
#pragma once

#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs {

inline constexpr std::size_t kBufferBytes = 128 * 1024;
// What an upload is charged for at first: a small one needs no more, nor does one whose client is
// slow. A multiple of kAlignment.
inline constexpr std::size_t kFirstBytes = 32 * 1024;
// What writing past the page cache asks of addresses, offsets and lengths.
inline constexpr std::size_t kAlignment = 4096;

class BufferPool;

// One buffer taken from a pool, or none. Goes back when destroyed. The pool outlives it.
class Buffer {
 public:
  Buffer() noexcept = default;
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_),
        memory_(std::exchange(other.memory_, nullptr)),
        charge_(std::move(other.charge_)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(memory_, other.memory_);
    std::swap(charge_, other.charge_);
    return *this;
  }
  ~Buffer() { release(); }

  explicit operator bool() const noexcept { return memory_ != nullptr; }
  // As long as the charge, at most kBufferBytes; or empty.
  ByteSpan span() const noexcept { return {memory_, charge_.bytes()}; }
  // Makes it `bytes` long, in place, if nobody has to wait for that. REQUIRES: it is shorter, and
  // `bytes` is at most kBufferBytes.
  bool grow(std::size_t bytes) { return charge_.grow(bytes); }
  // Gives it back now.
  void release() noexcept;

 private:
  friend class BufferPool;
  Buffer(BufferPool& pool, std::byte* memory, UploadBudget::Charge charge) noexcept
      : pool_(&pool), memory_(memory), charge_(std::move(charge)) {}

  BufferPool* pool_ = nullptr;
  std::byte* memory_ = nullptr;
  UploadBudget::Charge charge_;
};

// Threads: any.
class BufferPool {
 public:
  // Up to `idle_bytes` stay allocated when nobody uses them.
  explicit BufferPool(std::size_t idle_bytes);
  // REQUIRES: every buffer is back.
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // None for no charge. REQUIRES: `charge` is at most kBufferBytes.
  Buffer take(UploadBudget::Charge charge);

  // Buffers that exist now, in use or idle.
  std::size_t allocated() const;

 private:
  friend class Buffer;

  void give_back(std::byte* memory) noexcept;

  const std::size_t max_idle_;
  mutable std::mutex mutex_;
  std::size_t allocated_ = 0;
  std::vector<std::byte*> idle_;  // last in, first out: the warmest is used again
};

}  // namespace coffer::blobs
