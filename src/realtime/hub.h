// Who is connected and wants to be told of events, and where they are.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "http/web_socket.h"
#include "realtime/turns.h"
#include "vault/events/events.h"

namespace coffer::realtime {

// An event, and the message that tells it.
struct Notice {
  vault::Event event;
  http::SharedText text;
};

// One connection of an account. Called on its executor's thread alone.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // Something of its account, in the order of events. Events that it knows already may come again.
  // Does not wait, and neither adds nor removes subscribers.
  virtual void notify(const Notice& notice) = 0;
  // Events were pruned before they were read: it has missed some.
  virtual void lose() = 0;
};

// Threads: any.
class Hub {
 public:
  struct Limits {
    std::size_t connections = 10'000;
    std::size_t connections_of_account = 1'000;
  };
  // A quarter of all may be without an account, and this many in any case.
  static constexpr std::size_t kUnauthenticatedMin = 8;
  struct Stats {
    std::size_t connections = 0;   // now
    std::uint64_t refused = 0;     // connections, beyond a limit or the share of an address
    std::uint64_t notices = 0;     // events that somebody was told
    std::uint64_t deliveries = 0;  // of them, to single connections
    std::uint64_t too_slow = 0;    // connections closed because their client was
    std::uint64_t gaps = 0;        // times that a client had missed what is kept no longer
  };

  explicit Hub(Limits limits) noexcept;
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  // A connection's place, for as long as it lives. The hub outlives it.
  class Place {
   public:
    Place(Place&& other) noexcept
        : hub_(std::exchange(other.hub_, nullptr)),
          address_(std::move(other.address_)),
          account_(other.account_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (hub_) hub_->leave(*this);
    }
    // Counts it as one of the account's. False: that has as many as it may have. REQUIRES: called
    // until it gives true, not after that.
    bool join(vault::AccountId account);

   private:
    friend class Hub;
    Place(Hub& hub, std::string address) noexcept : hub_(&hub), address_(std::move(address)) {}

    Hub* hub_;
    std::string address_;
    std::optional<vault::AccountId> account_;
  };
  // Nothing where there are as many as there may be, or where `address` has its share: of all
  // places, and of those without an account, as many as are left for all others (as with
  // net::ConnectionLimit). `address`: of the client, as text by which it is counted.
  std::optional<Place> take_place(std::string address);

  // Tells `subscriber` on `executor`, this thread's, of what of `account` is committed from now on.
  // `last`: the last event that is in the log. REQUIRES: `executor` has one thread and outlives all
  // others of the hub's; remove() comes before the subscriber goes.
  void add(Executor& executor, vault::AccountId account, Subscriber& subscriber,
           vault::EventId last);
  // On the same thread. Nothing is told from now on.
  void remove(Executor& executor, vault::AccountId account, Subscriber& subscriber) noexcept;

  // For subscribers that read the log.
  Turns& turns() noexcept { return turns_; }

  // Whether anybody is to be told anything.
  bool has_subscribers() const noexcept { return has_subscribers_.load(); }

  // For the reader of the log, one thread. Where it is to read on. REQUIRES: has_subscribers().
  vault::EventId position() const;
  // `text_of` gives an event's message; an empty one: nobody is told of it.
  using TextOf = std::function<std::string(const vault::Event&)>;
  // Tells what there is on the page, which was read behind `from` and goes up to `to`.
  void publish(vault::EventId from, vault::EventId to, const vault::Events::Page& page,
               const TextOf& text_of);

  // A number that grows with each commit of this process: what was known before it may have
  // changed.
  std::uint64_t commits() const noexcept { return commits_.load(std::memory_order_relaxed); }
  void note_commit() noexcept { commits_.fetch_add(1, std::memory_order_relaxed); }

  void note_too_slow() noexcept { too_slow_.fetch_add(1, std::memory_order_relaxed); }
  void note_gap() noexcept { gaps_.fetch_add(1, std::memory_order_relaxed); }
  Stats stats() const;

 private:
  // The subscribers of one executor, by account; used on its thread alone.
  struct Shelf {
    explicit Shelf(Executor& on) noexcept : executor(on) {}
    Executor& executor;
    std::unordered_map<std::int64_t, std::vector<Subscriber*>> subscribers;
  };

  // Places of one kind, shared by address.
  class Shares {
   public:
    explicit Shares(std::size_t max) noexcept : max_(max) {}
    bool has_room_for(const std::string& address) const;
    void take(const std::string& address);
    void give_back(const std::string& address) noexcept;
    std::size_t count() const noexcept { return count_; }

   private:
    const std::size_t max_;
    std::size_t count_ = 0;
    std::unordered_map<std::string, std::size_t> by_address_;
  };

  void leave(const Place& place) noexcept;
  Shelf& shelf_of(Executor& executor);
  void deliver(Shelf& shelf, const std::vector<Notice>& notices);

  const Limits limits_;
  Turns turns_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Shares places_;
  Shares unauthenticated_;  // of the places, those without an account
  std::unordered_map<std::int64_t, std::size_t> connections_of_;  // by account
  std::unordered_map<std::int64_t, std::size_t> watched_;         // accounts: their subscribers
  vault::EventId position_ = {};
  std::vector<std::shared_ptr<Shelf>> shelves_;

  std::atomic<bool> has_subscribers_ = false;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> notices_ = 0;
  std::atomic<std::uint64_t> deliveries_ = 0;
  std::atomic<std::uint64_t> too_slow_ = 0;
  std::atomic<std::uint64_t> gaps_ = 0;
};

}  // namespace coffer::realtime
