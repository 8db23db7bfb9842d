#include "base/fair_pool.h"

#include <algorithm>

#include "base/thread.h"

namespace coffer {

FairPool::FairPool(std::string name, Limits limits) : name_(std::move(name)), limits_(limits) {
  threads_.reserve(limits_.threads);
  try {
    for (std::size_t i = 0; i < limits_.threads; ++i) {
      threads_.push_back(start_thread(name_, [this] { work(); }));
    }
  } catch (...) {
    stop();
    throw;
  }
}

FairPool::~FairPool() { stop(); }

void FairPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

FairPool::Load FairPool::load() const {
  const std::lock_guard lock(mutex_);
  return {.waiting = waiting_, .refused = refused_};
}

bool FairPool::enter(Turn& turn) {
  turn.since = Clock::now();
  const std::lock_guard lock(mutex_);
  const auto found = shares_.find(turn.who);
  const std::size_t of_this = found == shares_.end() ? 0 : found->second.waiting.size();
  const bool is_full = waiting_ >= limits_.waiting || of_this >= limits_.waiting_each;
  if (is_full && turn.who != kOwn) {
    ++refused_;
    return false;
  }
  shares_[turn.who].waiting.push_back(&turn);
  if (of_this == 0) order_.push_back(turn.who);
  ++waiting_;
  wake_.notify_one();
  return true;
}

FairPool::Turn* FairPool::next() {
  const std::size_t max = std::max<std::size_t>(1, limits_.threads - 1);
  for (auto who = order_.begin(); who != order_.end(); ++who) {
    Share& share = shares_.at(*who);
    if (share.running >= max) continue;
    Turn* turn = share.waiting.front();
    share.waiting.pop_front();
    ++share.running;
    --waiting_;
    if (share.waiting.empty()) {
      order_.erase(who);
    } else {
      order_.splice(order_.end(), order_, who);
    }
    return turn;
  }
  return nullptr;
}

void FairPool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    Turn* turn = next();
    if (!turn) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    const std::int64_t who = turn->who;
    turn->admitted = who == kOwn || Clock::now() - turn->since <= limits_.wait;
    if (!turn->admitted) ++refused_;
    lock.unlock();
    turn->handle.resume();  // until the job is done; the turn is gone then
    lock.lock();
    const auto share = shares_.find(who);
    --share->second.running;
    if (share->second.running == 0 && share->second.waiting.empty()) shares_.erase(share);
    // What this one was not allowed to run before may be run now.
    if (waiting_ > 0) wake_.notify_one();
  }
}

}  // namespace coffer
