// Which uploads are being received, and how far they are, for those who show it. In this process'
// memory alone: nothing is written for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "vault/model/types.h"

namespace coffer::vault {

// One stream of bytes on its way to becoming a file, or a part of one.
struct UploadInFlight {
  enum class State : std::uint8_t { kReceiving, kReceived, kFailed };

  std::uint64_t number = 0;  // of this process' uploads
  AccountId owner = {};
  std::optional<std::uint64_t> size = {};          // as announced
  std::optional<std::uint64_t> message_size = {};  // of the request that brings it, likewise
  Time started_at = {};
  std::atomic<std::uint64_t> received = 0;       // bytes
  std::atomic<State> state = State::kReceiving;  // kReceived: all have come; the commit follows
};

class UploadReceipt;

// Threads: any.
class UploadsInFlight : public std::enable_shared_from_this<UploadsInFlight> {
 public:
  // From now on it is in the list, for as long as the receipt lives.
  UploadReceipt begin(AccountId owner, std::optional<std::uint64_t> size,
                      std::optional<std::uint64_t> message_size, Time now);

  // Those of the account, the oldest first; at most `max`.
  std::vector<std::shared_ptr<const UploadInFlight>> list(AccountId owner, std::size_t max) const;

 private:
  friend class UploadReceipt;
  void remove(const UploadInFlight& upload) noexcept;

  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::int64_t, std::vector<std::shared_ptr<UploadInFlight>>> by_owner_;
};

// What the receiver of an upload holds. Threads: one at a time.
class UploadReceipt {
 public:
  UploadReceipt(std::shared_ptr<UploadsInFlight> all, std::shared_ptr<UploadInFlight> upload)
      : all_(std::move(all)), upload_(std::move(upload)) {}
  ~UploadReceipt();
  UploadReceipt(const UploadReceipt&) = delete;
  UploadReceipt& operator=(const UploadReceipt&) = delete;

  // So many bytes have come until now. Costs a store.
  void note(std::uint64_t received) noexcept {
    upload_->received.store(received, std::memory_order_relaxed);
  }
  // All have. Without it, the upload has failed when this goes.
  void complete() noexcept {
    upload_->state.store(UploadInFlight::State::kReceived, std::memory_order_release);
  }

 private:
  std::shared_ptr<UploadsInFlight> all_;
  std::shared_ptr<UploadInFlight> upload_;
};

}  // namespace coffer::vault
