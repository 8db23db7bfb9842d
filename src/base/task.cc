#include "base/task.h"

#include <array>
#include <new>
#include <utility>

namespace coffer::detail {
namespace {

// Sanitizers can tell a frame that is used after its end only if its memory is not used again.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kKept = 0;
#else
constexpr std::size_t kKept = 32;  // of each size
#endif

constexpr std::size_t kStep = 64;
constexpr std::size_t kSizes = 32;  // up to 2 KiB

// A frame that nobody uses holds the next.
struct Idle {
  Idle* next;
};

struct Shelf {
  Idle* first;
  std::size_t count;
};

// Still there when the thread's other objects end, which may give back frames.
thread_local constinit std::array<Shelf, kSizes> shelves{};

struct Sweeper {
  ~Sweeper() {
    for (Shelf& shelf : shelves) {
      while (shelf.first) ::operator delete(std::exchange(shelf.first, shelf.first->next));
      shelf.count = kKept;  // what ends later is not kept
    }
  }
};
thread_local Sweeper sweeper;

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t number = (size - 1) / kStep;
  if (number >= kSizes) return ::operator new(size);
  Shelf& shelf = shelves[number];
  if (!shelf.first) return ::operator new((number + 1) * kStep);
  --shelf.count;
  return std::exchange(shelf.first, shelf.first->next);
}

void give_back(void* frame, std::size_t size) noexcept {
  const std::size_t number = (size - 1) / kStep;
  if (number >= kSizes || shelves[number].count >= kKept) return ::operator delete(frame);
  Shelf& shelf = shelves[number];
  if (shelf.count++ == 0) static_cast<void>(sweeper);  // there from the first frame that is kept
  shelf.first = ::new (frame) Idle{shelf.first};
}

}  // namespace coffer::detail
