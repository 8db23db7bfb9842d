#include "blobs/buffer_pool.h"

#include <sys/mman.h>

#include <new>

namespace coffer::blobs {
namespace {

// Mapped, not allocated: what is given back is really free again, pages are aligned, and those
// that nobody touches take no memory.
std::byte* map_buffer() {
  void* memory =
      ::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

void unmap_buffer(std::byte* memory) noexcept { ::munmap(memory, kBufferBytes); }

}  // namespace

void Buffer::release() noexcept {
  if (memory_) pool_->give_back(std::exchange(memory_, nullptr));
  // Afterwards: whoever gets the bytes next may find the memory idle.
  charge_.release();
}

BufferPool::BufferPool(std::size_t idle_bytes) : max_idle_(idle_bytes / kBufferBytes) {
  idle_.reserve(max_idle_);
}

BufferPool::~BufferPool() {
  for (std::byte* memory : idle_) unmap_buffer(memory);
}

Buffer BufferPool::take(UploadBudget::Charge charge) {
  if (charge.bytes() == 0) return {};
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::byte* memory = idle_.back();
      idle_.pop_back();
      return Buffer(*this, memory, std::move(charge));
    }
    ++allocated_;
  }
  try {
    return Buffer(*this, map_buffer(), std::move(charge));
  } catch (...) {
    const std::lock_guard lock(mutex_);
    --allocated_;
    throw;
  }
}

std::size_t BufferPool::allocated() const {
  const std::lock_guard lock(mutex_);
  return allocated_;
}

void BufferPool::give_back(std::byte* memory) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < max_idle_) {
      idle_.push_back(memory);
      return;
    }
    --allocated_;
  }
  unmap_buffer(memory);
}

}  // namespace coffer::blobs
