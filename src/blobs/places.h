// The places that a store gives its uploads.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/entropy.h"
#include "base/task.h"
#include "blobs/place_ledger.h"

namespace coffer::blobs {

// Places are random, and reserved in the ledger some hundreds at a time, so that an upload waits
// for it seldom; at first fewer, so that a short life leaves few. However many ask at once, one
// reservation is under way, so there are never more in the ledger than a batch beside those that
// uploads hold. Threads: any executor's.
class Places {
 public:
  static constexpr std::size_t kPlaceBytes = 16;

  // Both outlive it. `batch`: how many are reserved at a time in the end, at least one.
  Places(PlaceLedger& ledger, Entropy& entropy, std::size_t batch = 256);
  // Holders may outlive it.
  ~Places();
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

 private:
  struct State;
  struct Reservation;
  class Attempt;

 public:
  // The upload that the place was given to. While it lives, nothing there is taken away: it goes
  // when the transaction that refers to the blob has ended, or when there will be none.
  class Holder {
   public:
    Holder(std::shared_ptr<State> state, const Place& place);
    ~Holder();
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    const Place& place() const noexcept { return place_; }

   private:
    const std::shared_ptr<State> state_;
    const Place place_;
  };

  // A place for one upload. It stands in the ledger.
  Task<std::shared_ptr<const Holder>> take();
  // The same with `suffix` behind its random bytes, by which the store knows what is there.
  // REQUIRES: a place has room for it.
  Task<std::shared_ptr<const Holder>> take(std::string suffix);

  // Up to `limit` places of the ledger whose upload has ended without a blob's row, or whose row
  // was deleted: whatever is stored there is nobody's, for good. Each call goes on behind the last
  // one; `is_end` says that it came to the end and will begin anew. Threads: one at a time.
  struct Abandoned {
    std::vector<Place> places;
    bool is_end = true;
  };
  Task<Abandoned> abandoned(std::size_t limit);

 private:
  Place draw(const std::string& suffix) const;
  // Writes a batch of places to the ledger, as the one reservation under way. A failure reaches the
  // uploads that wait for it, too.
  Task<void> reserve(std::size_t batch);

  PlaceLedger& ledger_;
  Entropy& entropy_;
  const std::size_t max_batch_;
  const std::shared_ptr<State> state_;
  Place looked_at_;  // the last one that abandoned() looked at
};

}  // namespace coffer::blobs
