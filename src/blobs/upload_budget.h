// The memory that all uploads share, in bytes: who may hold how much of it, and who waits for it.
// It counts; the memory itself is its users'.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/one_shot_event.h"
#include "base/stream.h"
#include "base/task.h"

namespace coffer::blobs {

// Why an upload gets no memory.
enum class Refusal : std::uint8_t {
  kBusy,     // the budget was spent for as long as an upload may wait; later it may not be
  kTooMany,  // as many uploads are under way as may be, of its owner or of all
  kHungUp,   // its client left while it waited
};

// An owner is whoever shares are counted for: an account, or the address of a client without one.
// Each may hold half of the budget. Uploads that find none left wait in line: the owners take
// turns, and of one owner the upload that came first goes first.
// Threads: any, but for take().
class UploadBudget {
 public:
  struct Options {
    std::size_t bytes;                          // of all uploads
    std::size_t max_request;                    // bytes that one charge may grow to
    std::chrono::milliseconds max_wait{5'000};  // of one upload
    std::size_t max_uploads = 1'000;            // of one owner at once
    // Of all owners at once; of one as many as are left for all others.
    std::size_t max_all_uploads = std::numeric_limits<std::size_t>::max();
  };

  // What the budget does now, and how often it refused since it was made.
  struct Load {
    std::size_t bytes = 0;
    std::size_t uploads = 0;
    std::size_t waiting = 0;
    std::uint64_t refused = 0;
  };

  class Share;
  class Charge;

  explicit UploadBudget(const Options& options);
  // REQUIRES: no share and no charge is left.
  ~UploadBudget() = default;
  UploadBudget(const UploadBudget&) = delete;
  UploadBudget& operator=(const UploadBudget&) = delete;

  // For one upload of `owner`; nothing where as many are under way as may be.
  std::optional<Share> open(std::string owner);

  // `bytes` for an upload that holds none: now, or when the line gets there. Refused when that
  // takes longer than max_wait, or when `client` leaves first. Comes back on the executor that
  // asked, which must run one thing at a time. The task may be destroyed while it waits.
  // REQUIRES: `share` and `client` outlive the task.
  Task<std::expected<Charge, Refusal>> take(Share& share, std::size_t bytes, InputStream& client);

  // `bytes` if nobody else has to wait for it, else none.
  Charge try_take(const Share& share, std::size_t bytes);

  // How long memory is lent to be filled. Less while much is lent.
  std::chrono::milliseconds patience() const noexcept;

  Load load() const;

 private:
  struct Request;
  class QueueEntry;
  struct Owner {
    const std::string* name = nullptr;  // its key in owners_
    std::size_t uploads = 0;
    std::size_t bytes = 0;
    std::list<std::shared_ptr<Request>> requests = {};  // that wait, the first one first
    std::list<Owner*>::iterator turn = {};              // in line_, while there are any
  };

  bool charge_locked(Owner& owner, std::size_t bytes);
  void give_back(Owner& owner, std::size_t bytes) noexcept;
  void close(Owner& owner) noexcept;
  void grant_locked();
  void forget_if_idle_locked(Owner& owner) noexcept;

  const Options options_;
  const std::size_t max_owner_bytes_;
  mutable std::mutex mutex_;                       // guards all below
  std::unordered_map<std::string, Owner> owners_;  // those with an upload, a charge or a request
  std::list<Owner*> line_;                         // those with requests, the next one first
  std::size_t uploads_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t refused_ = 0;
  std::atomic<std::size_t> lent_ = 0;  // written under the mutex
};

// Counts an upload among its owner's for as long as it lives. Threads: one at a time.
class UploadBudget::Share {
 public:
  Share(Share&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), owner_(other.owner_) {}
  Share& operator=(Share&&) = delete;
  ~Share() {
    if (budget_) budget_->close(*owner_);
  }

 private:
  friend class UploadBudget;
  Share(UploadBudget& budget, Owner& owner) noexcept : budget_(&budget), owner_(&owner) {}

  UploadBudget* budget_;
  Owner* owner_;
};

// Bytes of the budget, or none. Go back when it is destroyed. May outlive its share.
class UploadBudget::Charge {
 public:
  Charge() noexcept = default;
  Charge(Charge&& other) noexcept
      : budget_(other.budget_), owner_(other.owner_), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(owner_, other.owner_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Charge() { release(); }

  std::size_t bytes() const noexcept { return bytes_; }
  // Makes it `bytes` if nobody has to wait for them. REQUIRES: more than before, which is not 0.
  bool grow(std::size_t bytes);
  void release() noexcept {
    if (bytes_ > 0) budget_->give_back(*owner_, std::exchange(bytes_, 0));
  }

 private:
  friend class UploadBudget;
  Charge(UploadBudget& budget, Owner& owner, std::size_t bytes) noexcept
      : budget_(&budget), owner_(&owner), bytes_(bytes) {}

  UploadBudget* budget_ = nullptr;
  Owner* owner_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace coffer::blobs
