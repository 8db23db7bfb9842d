#include "blobs/upload_budget.h"

#include <algorithm>

namespace coffer::blobs {
namespace {

using std::chrono::milliseconds;

// A client on a bad line pauses for less than this between two packets.
constexpr milliseconds kPatience{1'000};
// While more than a quarter is lent.
constexpr milliseconds kShortPatience{100};
constexpr std::size_t kMuch = 4;

}  // namespace

// One upload that waits. Guarded by the budget's mutex, but for `event`.
struct UploadBudget::Request {
  Request(Executor& home, std::size_t wanted)
      : event(std::make_shared<OneShotEvent>(home)), bytes(wanted) {}
  const std::shared_ptr<OneShotEvent> event;
  const std::size_t bytes;
  bool is_granted = false;
  bool is_collected = false;
};

// A request's place in the line; leaving it passes on what was granted and not collected.
class UploadBudget::QueueEntry {
 public:
  // REQUIRES: the budget's mutex is held.
  QueueEntry(UploadBudget& budget, Owner& owner, std::shared_ptr<Request> request)
      : budget_(budget), owner_(owner), request_(std::move(request)) {
    if (owner_.requests.empty()) owner_.turn = budget_.line_.insert(budget_.line_.end(), &owner_);
    place_ = owner_.requests.insert(owner_.requests.end(), request_);
    ++budget_.waiting_;
  }
  QueueEntry(const QueueEntry&) = delete;
  QueueEntry& operator=(const QueueEntry&) = delete;
  ~QueueEntry() {
    const std::lock_guard lock(budget_.mutex_);
    if (request_->is_collected) return;
    if (request_->is_granted) {
      budget_.lent_ -= request_->bytes;
      owner_.bytes -= request_->bytes;
    } else {
      owner_.requests.erase(place_);
      if (owner_.requests.empty()) budget_.line_.erase(owner_.turn);
      --budget_.waiting_;
    }
    budget_.grant_locked();
    budget_.forget_if_idle_locked(owner_);
  }

  // None where nothing was granted.
  Charge collect() {
    const std::lock_guard lock(budget_.mutex_);
    if (!request_->is_granted) return {};
    request_->is_collected = true;
    return Charge(budget_, owner_, request_->bytes);
  }

 private:
  UploadBudget& budget_;
  Owner& owner_;
  const std::shared_ptr<Request> request_;
  std::list<std::shared_ptr<Request>>::iterator place_;
};

UploadBudget::UploadBudget(const Options& options)
    : options_(options), max_owner_bytes_(std::max(options.bytes / 2, options.max_request)) {}

std::optional<UploadBudget::Share> UploadBudget::open(std::string owner) {
  const std::lock_guard lock(mutex_);
  const auto [place, is_new] = owners_.try_emplace(std::move(owner));
  Owner& found = place->second;
  if (is_new) found.name = &place->first;
  if (found.uploads >= options_.max_uploads ||
      found.uploads >= options_.max_all_uploads - uploads_) {
    ++refused_;
    forget_if_idle_locked(found);
    return std::nullopt;
  }
  ++found.uploads;
  ++uploads_;
  return Share(*this, found);
}

Task<std::expected<UploadBudget::Charge, Refusal>> UploadBudget::take(Share& share,
                                                                      std::size_t bytes,
                                                                      InputStream& client) {
  Owner& owner = *share.owner_;
  std::optional<QueueEntry> place;
  std::shared_ptr<Request> request;
  {
    const std::lock_guard lock(mutex_);
    if (charge_locked(owner, bytes)) co_return Charge(*this, owner, bytes);
    request = std::make_shared<Request>(Executor::current(), bytes);
    place.emplace(*this, owner, request);
  }
  const bool is_there = co_await client.wait(*request->event, options_.max_wait);
  Charge charge = place->collect();
  if (charge.bytes() > 0) co_return charge;
  if (!is_there) co_return std::unexpected(Refusal::kHungUp);
  const std::lock_guard lock(mutex_);
  ++refused_;
  co_return std::unexpected(Refusal::kBusy);
}

UploadBudget::Charge UploadBudget::try_take(const Share& share, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!charge_locked(*share.owner_, bytes)) return {};
  return Charge(*this, *share.owner_, bytes);
}

bool UploadBudget::Charge::grow(std::size_t bytes) {
  const std::lock_guard lock(budget_->mutex_);
  if (!budget_->charge_locked(*owner_, bytes - bytes_)) return false;
  bytes_ = bytes;
  return true;
}

milliseconds UploadBudget::patience() const noexcept {
  const bool is_much = lent_.load(std::memory_order_relaxed) > options_.bytes / kMuch;
  return is_much ? kShortPatience : kPatience;
}

UploadBudget::Load UploadBudget::load() const {
  const std::lock_guard lock(mutex_);
  return {.bytes = lent_, .uploads = uploads_, .waiting = waiting_, .refused = refused_};
}

bool UploadBudget::charge_locked(Owner& owner, std::size_t bytes) {
  // A first upload is never too large.
  const bool fits = lent_ + bytes <= options_.bytes || lent_ == 0;
  if (!fits || owner.bytes + bytes > max_owner_bytes_) return false;
  lent_ += bytes;
  owner.bytes += bytes;
  return true;
}

void UploadBudget::give_back(Owner& owner, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  lent_ -= bytes;
  owner.bytes -= bytes;
  grant_locked();
  forget_if_idle_locked(owner);
}

void UploadBudget::close(Owner& owner) noexcept {
  const std::lock_guard lock(mutex_);
  --uploads_;
  --owner.uploads;
  forget_if_idle_locked(owner);
}

// Grants what the line's first can have. Owners who hold their share already are passed over: there
// are at most two of them.
void UploadBudget::grant_locked() {
  for (auto turn = line_.begin(); turn != line_.end();) {
    Owner& owner = **turn;
    const std::shared_ptr<Request> request = owner.requests.front();
    if (!charge_locked(owner, request->bytes)) {
      const bool has_its_share = owner.bytes + request->bytes > max_owner_bytes_;
      if (!has_its_share) return;
      ++turn;
      continue;
    }
    request->is_granted = true;
    owner.requests.pop_front();
    --waiting_;
    if (owner.requests.empty()) {
      line_.erase(turn);
    } else {
      line_.splice(line_.end(), line_, turn);
    }
    turn = line_.begin();
    // Inside the lock: a waiter that leaves after it was granted finds the event set, so its
    // executor still lives here.
    request->event->set();
  }
}

void UploadBudget::forget_if_idle_locked(Owner& owner) noexcept {
  if (owner.uploads == 0 && owner.bytes == 0 && owner.requests.empty()) owners_.erase(*owner.name);
}

}  // namespace coffer::blobs
