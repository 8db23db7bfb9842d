#include "blobs/local/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace coffer::blobs {
namespace {

// Mapped, not allocated: what is given back is really free again, and pages are aligned.
std::byte* map_buffer() {
  void* memory =
      ::mmap(nullptr, kBufferBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

void unmap_buffer(std::byte* memory) noexcept { ::munmap(memory, kBufferBytes); }

}  // namespace

// One who waits. `memory` (what was granted) and `place` are guarded by the pool's mutex.
struct BufferPool::Request {
  explicit Request(Executor& home) : event(std::make_shared<Event>(home)) {}
  std::shared_ptr<Event> event;
  std::byte* memory = nullptr;
  Line::iterator place;
};

// A request's place in the line; leaving it passes on what was granted and not collected.
class BufferPool::Place {
 public:
  Place(BufferPool& pool, std::shared_ptr<Request> request)
      : pool_(pool), request_(std::move(request)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    std::byte* memory = nullptr;
    {
      std::lock_guard lock(pool_.mutex_);
      memory = std::exchange(request_->memory, nullptr);
      if (!memory && !collected_) pool_.line_.erase(request_->place);
    }
    if (memory) pool_.give_back(memory);
  }

  Buffer collect() {
    std::lock_guard lock(pool_.mutex_);
    collected_ = true;
    return Buffer(pool_, std::exchange(request_->memory, nullptr));
  }

 private:
  BufferPool& pool_;
  std::shared_ptr<Request> request_;
  bool collected_ = false;
};

void Buffer::release() noexcept {
  if (memory_) pool_->give_back(std::exchange(memory_, nullptr));
}

BufferPool::BufferPool(std::size_t budget_bytes, std::size_t idle_bytes)
    : most_(std::max<std::size_t>(1, budget_bytes / kBufferBytes)),
      most_idle_(std::min(most_, idle_bytes / kBufferBytes)) {
  idle_.reserve(most_idle_);
}

BufferPool::~BufferPool() {
  for (std::byte* memory : idle_) unmap_buffer(memory);
}

Task<Buffer> BufferPool::take() {
  std::shared_ptr<Request> request;
  {
    std::lock_guard lock(mutex_);
    if (std::byte* memory = take_locked()) co_return Buffer(*this, memory);
    request = std::make_shared<Request>(Executor::current());
    request->place = line_.insert(line_.end(), request);
  }
  Place place(*this, request);
  co_await request->event->wait();
  co_return place.collect();
}

Buffer BufferPool::try_take() {
  std::lock_guard lock(mutex_);
  std::byte* memory = take_locked();
  if (!memory) return {};
  return Buffer(*this, memory);
}

std::size_t BufferPool::allocated() const {
  std::lock_guard lock(mutex_);
  return allocated_;
}

std::byte* BufferPool::take_locked() {
  if (!idle_.empty()) {
    std::byte* memory = idle_.back();
    idle_.pop_back();
    return memory;
  }
  if (allocated_ == most_) return nullptr;
  std::byte* memory = map_buffer();
  ++allocated_;
  return memory;
}

void BufferPool::give_back(std::byte* memory) noexcept {
  std::shared_ptr<Request> next;
  {
    std::lock_guard lock(mutex_);
    if (!line_.empty()) {
      next = std::move(line_.front());
      line_.pop_front();
      next->memory = std::exchange(memory, nullptr);
      // Inside the lock: a waiter that leaves after it was granted finds the event set, so
      // its executor still lives here.
      next->event->set();
    } else if (idle_.size() < most_idle_) {
      idle_.push_back(std::exchange(memory, nullptr));
    } else {
      --allocated_;
    }
  }
  if (memory) unmap_buffer(memory);
}

}  // namespace coffer::blobs
