#include "blobs/places.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/executor.h"
#include "base/one_shot_event.h"

namespace coffer::blobs {

namespace {

constexpr std::size_t kFirstBatch = 4;

}  // namespace

// A batch that is being written to the ledger, and the uploads that wait for it. Guarded by the
// state's mutex until it has ended.
struct Places::Reservation {
  std::vector<std::shared_ptr<OneShotEvent>> waiting;
  std::exception_ptr error;
};

struct Places::State {
  std::mutex mutex;
  std::vector<Place> reserved;  // in the ledger, given to nobody yet
  std::set<Place> in_use;       // those, and those that uploads hold
  std::size_t next_batch = kFirstBatch;
  std::shared_ptr<Reservation> under_way;
};

// The reservation under way, from who makes it. It ends with this, also where its coroutine is
// given up: then whoever waited makes another.
class Places::Attempt {
 public:
  explicit Attempt(State& state) : state_(state) {}
  ~Attempt() {
    std::shared_ptr<Reservation> ended;
    {
      const std::lock_guard lock(state_.mutex);
      ended = std::exchange(state_.under_way, nullptr);
      ended->error = error;
      for (const Place& place : places) state_.in_use.erase(place);
    }
    for (const auto& event : ended->waiting) event->set();
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  std::vector<Place> places;  // not reserved yet
  std::exception_ptr error;

 private:
  State& state_;
};

Places::Holder::Holder(std::shared_ptr<State> state, const Place& place)
    : state_(std::move(state)), place_(place) {}

Places::Holder::~Holder() {
  const std::lock_guard lock(state_->mutex);
  state_->in_use.erase(place_);
}

Places::Places(PlaceLedger& ledger, Entropy& entropy, std::size_t batch)
    : ledger_(ledger), entropy_(entropy), max_batch_(batch), state_(std::make_shared<State>()) {}

Places::~Places() = default;

Place Places::draw(const std::string& suffix) const {
  Bytes bytes(kPlaceBytes);
  entropy_.fill(bytes);
  const ByteView end = as_bytes(suffix);
  bytes.insert(bytes.end(), end.begin(), end.end());
  return Place(bytes);
}

Task<std::shared_ptr<const Places::Holder>> Places::take(std::string suffix) {
  const Place place = draw(suffix);
  {
    // Before it can be found in the ledger.
    const std::lock_guard lock(state_->mutex);
    state_->in_use.insert(place);
  }
  auto holder = std::make_shared<Holder>(state_, place);
  std::vector<Place> fresh(1, place);
  co_await ledger_.add(std::move(fresh));
  co_return holder;
}

Task<std::shared_ptr<const Places::Holder>> Places::take() {
  for (;;) {
    std::shared_ptr<Reservation> others;
    std::shared_ptr<OneShotEvent> event;
    std::size_t batch = 0;
    {
      const std::lock_guard lock(state_->mutex);
      if (!state_->reserved.empty()) {
        const Place place = state_->reserved.back();
        state_->reserved.pop_back();
        co_return std::make_shared<const Holder>(state_, place);
      }
      others = state_->under_way;
      if (others) {
        event = std::make_shared<OneShotEvent>(Executor::current());
        others->waiting.push_back(event);
      } else {
        state_->under_way = std::make_shared<Reservation>();
        batch = std::min(state_->next_batch, max_batch_);
        state_->next_batch = 2 * batch;
      }
    }
    if (others) {
      co_await event->wait();
      if (others->error) std::rethrow_exception(others->error);
      continue;
    }
    co_await reserve(batch);
  }
}

Task<void> Places::reserve(std::size_t batch) {
  Attempt attempt(*state_);
  for (std::size_t i = 0; i < batch; ++i) attempt.places.push_back(draw(""));
  {
    // Before they can be found in the ledger.
    const std::lock_guard lock(state_->mutex);
    state_->in_use.insert(attempt.places.begin(), attempt.places.end());
  }
  try {
    co_await ledger_.add(attempt.places);
  } catch (...) {
    attempt.error = std::current_exception();
    throw;
  }
  const std::lock_guard lock(state_->mutex);
  state_->reserved.insert(state_->reserved.end(), attempt.places.begin(), attempt.places.end());
  attempt.places.clear();
}

Task<Places::Abandoned> Places::abandoned(std::size_t limit) {
  std::vector<Place> listed = co_await ledger_.list(looked_at_, limit);
  Abandoned found{.places = {}, .is_end = listed.size() < limit};
  looked_at_ = found.is_end ? Place() : listed.back();
  {
    const std::lock_guard lock(state_->mutex);
    std::erase_if(listed, [&](const Place& place) { return state_->in_use.contains(place); });
  }
  // Its upload may have ended with a row since the list was read; from now on it cannot.
  if (!listed.empty()) found.places = co_await ledger_.still_there(std::move(listed));
  co_return found;
}

}  // namespace coffer::blobs
