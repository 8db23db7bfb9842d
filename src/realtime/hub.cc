#include "realtime/hub.h"

#include <algorithm>
#include <string>

#include "base/thread.h"

namespace coffer::realtime {

bool Hub::Place::join(vault::AccountId account) {
  const std::lock_guard lock(hub_->mutex_);
  std::size_t& count = hub_->connections_of_[account.value];
  if (count >= hub_->limits_.connections_of_account) {
    hub_->refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  ++count;
  account_ = account;
  return true;
}

std::optional<Hub::Place> Hub::take_place() {
  const std::lock_guard lock(mutex_);
  if (connections_ >= limits_.connections) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  ++connections_;
  return Place(*this);
}

void Hub::leave(vault::AccountId account) noexcept {
  const std::lock_guard lock(mutex_);
  --connections_;
  const auto found = connections_of_.find(account.value);
  if (found != connections_of_.end() && --found->second == 0) connections_of_.erase(found);
}

Hub::Shelf& Hub::shelf_of(Executor& executor) {
  for (const auto& shelf : shelves_) {
    if (&shelf->executor == &executor) return *shelf;
  }
  return *shelves_.emplace_back(std::make_shared<Shelf>(executor));
}

void Hub::add(Executor& executor, vault::AccountId account, Subscriber& subscriber,
              vault::EventId last) {
  const std::lock_guard lock(mutex_);
  Shelf& shelf = shelf_of(executor);
  // Before it is announced: what is posted from then on must find it.
  shelf.subscribers[account.value].push_back(&subscriber);
  // With nobody to be told, nobody has read on meanwhile.
  if (watched_.empty()) position_ = last;
  ++watched_[account.value];
  has_subscribers_ = true;
}

void Hub::remove(Executor& executor, vault::AccountId account, Subscriber& subscriber) noexcept {
  const std::lock_guard lock(mutex_);
  Shelf& shelf = shelf_of(executor);
  const auto found = shelf.subscribers.find(account.value);
  std::erase(found->second, &subscriber);
  if (found->second.empty()) shelf.subscribers.erase(found);
  const auto watched = watched_.find(account.value);
  if (--watched->second == 0) watched_.erase(watched);
  has_subscribers_ = !watched_.empty();
}

vault::EventId Hub::position() const {
  const std::lock_guard lock(mutex_);
  return position_;
}

void Hub::publish(vault::EventId from, vault::EventId to, const vault::Events::Page& page,
                  const TextOf& text_of) {
  std::vector<const vault::Event*> wanted;
  std::vector<std::shared_ptr<Shelf>> shelves;
  {
    const std::lock_guard lock(mutex_);
    // All left, and others came who know what is on the page.
    if (position_ != from) return;
    for (const vault::Event& event : page.events) {
      if (event.owner && watched_.contains(event.owner->value)) wanted.push_back(&event);
    }
    position_ = to;
    shelves = shelves_;
  }
  const auto notices = std::make_shared<std::vector<Notice>>();
  for (const vault::Event* event : wanted) {
    std::string text = text_of(*event);
    if (text.empty()) continue;
    notices->push_back({*event, std::make_shared<const std::string>(std::move(text))});
  }
  notices_.fetch_add(notices->size(), std::memory_order_relaxed);
  if (notices->empty() && !page.has_gap) return;
  for (const auto& shelf : shelves) {
    shelf->executor.post([this, shelf, notices, has_gap = page.has_gap] {
      if (has_gap) {
        for (auto& [account, subscribers] : shelf->subscribers) {
          for (Subscriber* subscriber : subscribers) subscriber->lose();
        }
      }
      deliver(*shelf, *notices);
    });
  }
}

void Hub::deliver(Shelf& shelf, const std::vector<Notice>& notices) {
  std::uint64_t count = 0;
  for (const Notice& notice : notices) {
    const auto found = shelf.subscribers.find(notice.event.owner->value);
    if (found == shelf.subscribers.end()) continue;
    for (Subscriber* subscriber : found->second) {
      contain_exceptions("realtime", [&] { subscriber->notify(notice); });
    }
    count += found->second.size();
  }
  deliveries_.fetch_add(count, std::memory_order_relaxed);
}

Hub::Stats Hub::stats() const {
  Stats stats{.connections = 0,
              .refused = refused_,
              .notices = notices_,
              .deliveries = deliveries_,
              .too_slow = too_slow_,
              .gaps = gaps_};
  const std::lock_guard lock(mutex_);
  stats.connections = connections_;
  return stats;
}

}  // namespace coffer::realtime
