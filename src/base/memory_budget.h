// Memory that many clients share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace coffer {

// A client is an account, or all at one address who have none. It may hold as much as is free for
// all others: the first alone half of it, two a third each. So no client can take the last of it
// from the rest. The clients at one address may hold three times what is free: where one of them
// has its half, something is left to the others there, and to other addresses a quarter. Threads:
// any.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t max_bytes) noexcept : max_(max_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // What one request, or connection, holds for its client. Gives all of it back at its end. The
  // budget outlives it. Threads: one at a time.
  class Lease {
   public:
    // Holds nothing, and can hold nothing.
    Lease() noexcept = default;
    // `account` is another text than any `address`; empty: the sender has none.
    Lease(MemoryBudget& budget, std::string address, std::string account = {});
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { shrink(bytes_); }

    // Holds `bytes` more; false, and no more than before, when there is too little left or the
    // client has its share.
    [[nodiscard]] bool grow(std::size_t bytes);
    // REQUIRES: it holds that many.
    void shrink(std::size_t bytes) noexcept;
    std::size_t bytes() const noexcept { return bytes_; }

   private:
    friend class MemoryBudget;
    MemoryBudget* budget_ = nullptr;
    std::string address_;
    std::string client_;
    std::size_t bytes_ = 0;
  };

  std::size_t max() const noexcept { return max_; }
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  // How often grow() said no.
  std::uint64_t refusals() const noexcept { return refusals_.load(std::memory_order_relaxed); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };

  bool take(const Lease& lease, std::size_t bytes);
  void give_back(const Lease& lease, std::size_t bytes) noexcept;
  void give_back_for(const std::string& holder, std::size_t bytes) noexcept;

  const std::size_t max_;
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::uint64_t> refusals_ = 0;
  std::mutex mutex_;
  // By client and, with another text, by address.
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> held_;
};

}  // namespace coffer
