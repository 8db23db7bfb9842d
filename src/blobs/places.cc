#include "blobs/places.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace coffer::blobs {

namespace {

constexpr std::size_t kFirstBatch = 4;

}  // namespace

struct Places::State {
  std::mutex mutex;
  std::vector<Place> reserved;  // in the ledger, given to nobody yet
  std::set<Place> in_use;       // those, and those that uploads hold
  std::size_t next_batch = kFirstBatch;
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
  const auto take_reserved = [this]() -> std::optional<Place> {
    const std::lock_guard lock(state_->mutex);
    if (state_->reserved.empty()) return std::nullopt;
    const Place place = state_->reserved.back();
    state_->reserved.pop_back();
    return place;
  };
  for (;;) {
    if (const auto place = take_reserved()) {
      co_return std::make_shared<const Holder>(state_, *place);
    }
    std::vector<Place> fresh;
    std::size_t batch = 0;
    {
      const std::lock_guard lock(state_->mutex);
      batch = std::min(state_->next_batch, max_batch_);
      state_->next_batch = 2 * batch;
    }
    for (std::size_t i = 0; i < batch; ++i) fresh.push_back(draw(""));
    {
      // Before they can be found in the ledger.
      const std::lock_guard lock(state_->mutex);
      state_->in_use.insert(fresh.begin(), fresh.end());
    }
    std::exception_ptr error;
    try {
      co_await ledger_.add(fresh);
    } catch (...) {
      error = std::current_exception();
    }
    const std::lock_guard lock(state_->mutex);
    if (error) {
      for (const Place& place : fresh) state_->in_use.erase(place);
      std::rethrow_exception(error);
    }
    state_->reserved.insert(state_->reserved.end(), fresh.begin(), fresh.end());
  }
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
