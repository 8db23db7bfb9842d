#include "realtime/hub.h"

#include <algorithm>
#include <string>

#include "base/thread.h"

namespace coffer::realtime {

namespace {

// An address that has fewer may always have one more while there is one.
constexpr std::size_t kMinShare = 8;

std::size_t unauthenticated_max(std::size_t connections) {
  return std::min(connections, std::max(Hub::kUnauthenticatedMin, connections / 4));
}

}  // namespace

bool Hub::Shares::has_room_for(const std::string& address) const {
  const std::size_t left = max_ - std::min(max_, count_);
  if (left == 0) return false;
  const auto found = by_address_.find(address);
  const std::size_t own = found == by_address_.end() ? 0 : found->second;
  return own < std::max(left, kMinShare);
}

void Hub::Shares::take(const std::string& address) {
  ++by_address_[address];
  ++count_;
}

void Hub::Shares::give_back(const std::string& address) noexcept {
  const auto found = by_address_.find(address);
  if (--found->second == 0) by_address_.erase(found);
  --count_;
}

Hub::Hub(Limits limits) noexcept
    : limits_(limits),
      places_(limits.connections),
      unauthenticated_(unauthenticated_max(limits.connections)) {}

bool Hub::Place::join(vault::AccountId account) {
  const std::lock_guard lock(hub_->mutex_);
  std::size_t& count = hub_->connections_of_[account.value];
  if (count >= hub_->limits_.connections_of_account) {
    hub_->refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  ++count;
  account_ = account;
  hub_->unauthenticated_.give_back(address_);
  return true;
}

std::optional<Hub::Place> Hub::take_place(std::string address) {
  const std::lock_guard lock(mutex_);
  if (!places_.has_room_for(address) || !unauthenticated_.has_room_for(address)) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  places_.take(address);
  unauthenticated_.take(address);
  return Place(*this, std::move(address));
}

void Hub::leave(const Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  places_.give_back(place.address_);
  if (!place.account_) return unauthenticated_.give_back(place.address_);
  const auto found = connections_of_.find(place.account_->value);
  if (--found->second == 0) connections_of_.erase(found);
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
  stats.connections = places_.count();
  return stats;
}

}  // namespace coffer::realtime
