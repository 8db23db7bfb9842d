// How many connections may be open, in all and from one address.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "net/address.h"

namespace coffer::net {

// Who opens a connection.
struct Peer {
  AddressKey address{};
  bool is_proxy = false;  // its connections are those of many clients
};

// One address may have as many connections as are free for all others: the first alone half of
// them, two a third each. So no address can take the last one. A proxy is bound by the limit of all
// alone. Threads: any.
class ConnectionLimit {
 public:
  explicit ConnectionLimit(std::size_t max) noexcept : max_(max) {}
  ConnectionLimit(const ConnectionLimit&) = delete;
  ConnectionLimit& operator=(const ConnectionLimit&) = delete;

  enum class Admission : std::uint8_t {
    kFits,
    kFull,    // there are as many as may be
    kUnfair,  // the address has its share
  };
  // Of one connection more.
  Admission check(const Peer& peer) const;

  // A connection, counted while the object lives. The limit outlives it.
  class Slot {
   public:
    Slot(ConnectionLimit& limit, const Peer& peer);
    Slot(Slot&& other) noexcept
        : limit_(std::exchange(other.limit_, nullptr)), peer_(other.peer_) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot();

    const AddressKey& address() const noexcept { return peer_.address; }

   private:
    ConnectionLimit* limit_;
    Peer peer_;
  };

  std::size_t max() const noexcept { return max_; }
  std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  struct Hash {
    std::size_t operator()(const AddressKey& key) const noexcept {
      return std::hash<std::string_view>{}({reinterpret_cast<const char*>(key.data()), key.size()});
    }
  };

  const std::size_t max_;
  std::atomic<std::size_t> count_ = 0;
  mutable std::mutex mutex_;
  std::unordered_map<AddressKey, std::size_t, Hash> by_address_;
};

}  // namespace coffer::net
