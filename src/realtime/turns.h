// Who reads the log for itself, one after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/executor.h"
#include "base/one_shot_event.h"
#include "base/task.h"
#include "vault/model/types.h"

namespace coffer::realtime {

// Of one account one reads at a time, in the order in which they asked: so an account takes from
// others what one of its connections would, however many it has. Threads: any.
class Turns {
 public:
  // One's turn, for as long as it lives; then it is the next one's. The turns outlive it.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), account_(other.account_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_) turns_->pass_on(account_);
    }

   private:
    friend class Turns;
    Turn(Turns& turns, vault::AccountId account) noexcept : turns_(&turns), account_(account) {}

    Turns* turns_;
    vault::AccountId account_;
  };

  // REQUIRES: it is waited for to its end, on an executor that lives until then.
  Task<Turn> take(vault::AccountId account) {
    if (const auto turn = ask(account)) co_await turn->wait();
    co_return Turn(*this, account);
  }

 private:
  // Nothing: it is their turn already.
  std::shared_ptr<OneShotEvent> ask(vault::AccountId account) {
    const std::lock_guard lock(mutex_);
    const auto [found, is_first] = waiting_.try_emplace(account.value);
    if (is_first) return nullptr;
    return found->second.emplace_back(std::make_shared<OneShotEvent>(Executor::current()));
  }
  void pass_on(vault::AccountId account) noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = waiting_.find(account.value);
    if (found->second.empty()) {
      waiting_.erase(found);
      return;
    }
    found->second.front()->set();
    found->second.pop_front();
  }

  std::mutex mutex_;
  // Guarded by mutex_: accounts of which one reads, and those who wait for it.
  std::unordered_map<std::int64_t, std::deque<std::shared_ptr<OneShotEvent>>> waiting_;
};

}  // namespace coffer::realtime
