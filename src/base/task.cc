#include "base/task.h"

#include <array>
#include <new>

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

class Frames {
 public:
  ~Frames() {
    for (Shelf& shelf : shelves_) {
      while (shelf.first) ::operator delete(std::exchange(shelf.first, shelf.first->next));
      shelf.count = kKept;  // what ends after this thread's objects is not kept
    }
  }

  void* take(std::size_t number) {
    Shelf& shelf = shelves_[number];
    if (!shelf.first) return ::operator new((number + 1) * kStep);
    --shelf.count;
    return std::exchange(shelf.first, shelf.first->next);
  }
  void keep(std::size_t number, void* frame) noexcept {
    Shelf& shelf = shelves_[number];
    if (shelf.count >= kKept) return ::operator delete(frame);
    ++shelf.count;
    shelf.first = ::new (frame) Idle{shelf.first};
  }

 private:
  struct Shelf {
    Idle* first = nullptr;
    std::size_t count = 0;
  };
  std::array<Shelf, kSizes> shelves_;
};

thread_local constinit Frames frames;

}  // namespace

void* take_frame(std::size_t size) {
  const std::size_t number = (size - 1) / kStep;
  return number < kSizes ? frames.take(number) : ::operator new(size);
}

void give_back(void* frame, std::size_t size) noexcept {
  const std::size_t number = (size - 1) / kStep;
  if (number < kSizes) return frames.keep(number, frame);
  ::operator delete(frame);
}

}  // namespace coffer::detail
