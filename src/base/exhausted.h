// What a machine runs out of, and has again later.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace coffer {

// kLock: the right to write, which another process holds.
enum class ExhaustedResource : std::uint8_t { kStorage, kMemory, kDescriptors, kLock };

// A second base of the exceptions that report it, so that whoever answers a request can tell
// "later, please" from a fault of the machine without knowing the module that threw:
// `dynamic_cast<const Exhausted*>(&error)`.
class Exhausted {
 public:
  virtual ~Exhausted() = default;

  ExhaustedResource resource() const noexcept { return resource_; }

  // How often that was reported since the program began. Threads: any.
  static std::uint64_t count(ExhaustedResource resource) noexcept {
    return count_[static_cast<std::size_t>(resource)].load(std::memory_order_relaxed);
  }

 protected:
  explicit Exhausted(ExhaustedResource resource) noexcept : resource_(resource) {
    count_[static_cast<std::size_t>(resource)].fetch_add(1, std::memory_order_relaxed);
  }
  Exhausted(const Exhausted&) = default;
  Exhausted& operator=(const Exhausted&) = default;

 private:
  static inline std::array<std::atomic<std::uint64_t>, 4> count_{};

  ExhaustedResource resource_;
};

}  // namespace coffer
