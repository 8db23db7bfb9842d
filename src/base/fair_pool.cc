#include "base/fair_pool.h"

#include <pthread.h>

#include <algorithm>

namespace coffer {
namespace {
constexpr std::size_t kThreadNameMax = 15;
}  // namespace

FairPool::FairPool(std::string name, Limits limits) : name_(std::move(name)), limits_(limits) {
  name_.resize(std::min(name_.size(), kThreadNameMax));
  threads_.reserve(limits_.threads);
  for (std::size_t i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { work(); });
}

FairPool::~FairPool() {
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
  const std::size_t most = std::max<std::size_t>(1, limits_.threads - 1);
  for (auto who = order_.begin(); who != order_.end(); ++who) {
    Share& share = shares_.at(*who);
    if (share.running >= most) continue;
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
  pthread_setname_np(pthread_self(), name_.c_str());
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
    wake_.notify_one();
  }
}

}  // namespace coffer
