// What a test makes of the bytes' way to the disk.
#pragma once

#include <atomic>
#include <latch>

#include "blobs/blob_store.h"
#include "vault/transfer/staged_blob.h"

namespace coffer::vault::test {

// Reached, or lost, when the test says so. Threads: any.
class TestDurableBlob final : public blobs::DurableBlob {
 public:
  TestDurableBlob(const Sha256Digest& digest, std::uint64_t size) : DurableBlob(digest, size) {}
  explicit TestDurableBlob(const StagedBlob& staged)
      : TestDurableBlob(staged.digest(), staged.size()) {}

  void wait() override {
    is_waited_for = true;
    may_land_.wait();
    if (is_lost) throw blobs::NoSpaceError("the test's disk is full");
  }
  Task<blobs::BlobInfo> reached() override {
    wait();
    co_return blobs::BlobInfo{.digest = digest(), .size = size()};
  }
  void discard() noexcept override { is_discarded = true; }
  void land() { may_land_.count_down(); }

  std::atomic<bool> is_waited_for = false;
  std::atomic<bool> is_lost = false;
  std::atomic<bool> is_discarded = false;

 private:
  std::latch may_land_{1};
};

inline StagedBlob staged_as(std::shared_ptr<TestDurableBlob> blob) {
  return {std::move(blob), {}, nullptr, std::make_shared<DroppedBlobs>()};
}

}  // namespace coffer::vault::test
