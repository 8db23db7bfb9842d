// A ledger of places for tests.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/one_shot_event.h"
#include "blobs/place_ledger.h"

namespace coffer::blobs::test {

// Threads: any.
class MemoryLedger final : public PlaceLedger {
 public:
  // Not at once: others run meanwhile. Whoever waits may be given up.
  Task<void> add(std::vector<Place> places) override {
    const auto turn = std::make_shared<OneShotEvent>(Executor::current());
    turn->set();
    co_await turn->wait();
    const std::lock_guard lock(mutex);
    if (is_broken) throw std::runtime_error("the disk is full");
    ++additions;
    standing.insert(places.begin(), places.end());
    co_return;
  }
  Task<void> remove(std::vector<Place> places) override {
    const std::lock_guard lock(mutex);
    for (const Place& place : places) standing.erase(place);
    co_return;
  }
  Task<std::vector<Place>> list(Place after, std::size_t limit) override {
    std::vector<Place> found;
    std::unique_lock lock(mutex);
    for (auto at = standing.upper_bound(after); at != standing.end() && found.size() < limit;
         ++at) {
      found.push_back(*at);
    }
    lock.unlock();
    after_list();
    co_return found;
  }
  Task<std::vector<Place>> still_there(std::vector<Place> places) override {
    const std::lock_guard lock(mutex);
    std::erase_if(places, [&](const Place& place) { return !standing.contains(place); });
    co_return places;
  }

  std::mutex mutex;  // guards the next two
  std::set<Place> standing;
  int additions = 0;
  bool is_broken = false;
  std::function<void()> after_list = [] {};
};

}  // namespace coffer::blobs::test
