#include "vault/model/uploads_in_flight.h"

#include <algorithm>

namespace coffer::vault {

UploadReceipt UploadsInFlight::begin(AccountId owner, std::optional<std::uint64_t> size,
                                     std::optional<std::uint64_t> message_size, Time now) {
  auto upload = std::make_shared<UploadInFlight>();
  upload->owner = owner;
  upload->size = size;
  upload->message_size = message_size;
  upload->started_at = now;
  {
    const std::lock_guard lock(mutex_);
    upload->number = ++last_number_;
    by_owner_[owner.value].push_back(upload);
  }
  return {shared_from_this(), std::move(upload)};
}

std::vector<std::shared_ptr<const UploadInFlight>> UploadsInFlight::list(AccountId owner,
                                                                         std::size_t max) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_owner_.find(owner.value);
  if (found == by_owner_.end()) return {};
  const auto& all = found->second;
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(max, all.size()))};
}

void UploadsInFlight::remove(const UploadInFlight& upload) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = by_owner_.find(upload.owner.value);
  std::erase_if(found->second, [&](const auto& one) { return one.get() == &upload; });
  if (found->second.empty()) by_owner_.erase(found);
}

UploadReceipt::~UploadReceipt() {
  auto receiving = UploadInFlight::State::kReceiving;
  upload_->state.compare_exchange_strong(receiving, UploadInFlight::State::kFailed,
                                         std::memory_order_release, std::memory_order_relaxed);
  all_->remove(*upload_);
}

}  // namespace coffer::vault
