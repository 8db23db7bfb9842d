// What a machine runs out of, and has again later.
#pragma once

#include <cstdint>

namespace coffer {

enum class ExhaustedResource : std::uint8_t { kStorage, kMemory, kDescriptors };

// A second base of the exceptions that report it, so that whoever answers a request can tell
// "later, please" from a fault of the machine without knowing the module that threw:
// `dynamic_cast<const Exhausted*>(&error)`.
class Exhausted {
 public:
  virtual ~Exhausted() = default;

  ExhaustedResource resource() const noexcept { return resource_; }

 protected:
  explicit Exhausted(ExhaustedResource resource) noexcept : resource_(resource) {}
  Exhausted(const Exhausted&) = default;
  Exhausted& operator=(const Exhausted&) = default;

 private:
  ExhaustedResource resource_;
};

}  // namespace coffer
