// Small blobs that come together are written together.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "blobs/local/local_store.h"
#include "blobs/local/test_disks.h"
#include "blobs/local/test_segments.h"

namespace coffer::blobs::test {
namespace {

// Holds up writes on demand.
class Gate {
 public:
  void close() { set(true); }
  void open() { set(false); }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    moved_.notify_all();
    moved_.wait(lock, [this] { return !closed_; });
    --waiting_;
  }
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  void set(bool closed) {
    std::lock_guard lock(mutex_);
    closed_ = closed;
    moved_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable moved_;
  bool closed_ = false;
  int waiting_ = 0;
};

class GatedDisk final : public WatchedDisk {
 public:
  GatedDisk(const std::filesystem::path& root, Gate& gate) : WatchedDisk(root), gate_(gate) {}

 private:
  void before(const char* call) override {
    if (std::string_view(call) == "write") gate_.pass();
  }

  Gate& gate_;
};

// A store where who nobody waits for waits for ever.
class Gathering : public SegmentStore {
 protected:
  Gathering() { open_store(std::chrono::hours(24)); }

  void open_store(std::chrono::microseconds gather_time) {
    store_.reset();
    store_ = open_local_store(std::make_unique<GatedDisk>(folder_.path(), gate_),
                              {.root = {}, .clock = clock_, .gather_time = gather_time});
  }
  std::shared_ptr<DurableBlob> seal_bytes(std::size_t size) {
    const auto writer = run(store_->create({}, kOwner));
    run(writer->write(make_bytes(size, next_seed_++)));
    return run(writer->seal());
  }
  std::shared_ptr<DurableBlob> seal() { return seal_bytes(1'000); }
  std::vector<std::shared_ptr<DurableBlob>> seal(int count) {
    std::vector<std::shared_ptr<DurableBlob>> durable_blobs;
    for (int i = 0; i < count; ++i) durable_blobs.push_back(seal());
    return durable_blobs;
  }
  bool is_stored(const DurableBlob& durable_blob) {
    return run(store_->open(durable_blob.digest())) != nullptr;
  }
  void expect_stored(const std::vector<std::shared_ptr<DurableBlob>>& durable_blobs) {
    for (const auto& durable_blob : durable_blobs) {
      EXPECT_TRUE(eventually([&] { return is_stored(*durable_blob); }));
    }
  }
  // From now on the store believes that many come together.
  void make_crowd() {
    gate_.close();
    const auto first = seal();
    gate_.wait_for_somebody();
    const auto others = seal(8);
    gate_.open();
    expect_stored({first});
    expect_stored(others);
  }
  void expect_patience(const DurableBlob& durable_blob) {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_FALSE(is_stored(durable_blob)) << "it was not kept for others to come";
  }

  Gate gate_;
  std::unique_ptr<BlobStore> store_;
  std::uint64_t next_seed_ = 1;
};

TEST_F(Gathering, ALoneWriterGoesAtOnce) {
  for (int i = 0; i < 5; ++i) expect_stored({seal()});
}

TEST_F(Gathering, WhoWaitsGoesAtOnce) {
  make_crowd();
  const auto durable_blobs = seal(3);
  expect_patience(*durable_blobs[0]);
  durable_blobs[1]->wait();
  expect_stored(durable_blobs);
  // Three are no crowd.
  expect_stored({seal()});
}

TEST_F(Gathering, WhoWaitsInACoroutineGoesAtOnce) {
  make_crowd();
  const auto durable_blob = seal();
  expect_patience(*durable_blob);
  EXPECT_EQ(run(durable_blob->reached()).digest, durable_blob->digest());
  expect_stored({durable_blob});
}

TEST_F(Gathering, ManyGoAtOnce) {
  make_crowd();
  auto durable_blobs = seal(31);
  expect_patience(*durable_blobs[0]);
  durable_blobs.push_back(seal());
  expect_stored(durable_blobs);
}

// Who waits for a blob that is being written hastens nobody else.
TEST_F(Gathering, WaitingForAnEarlierBatchLeavesTheNextAlone) {
  make_crowd();
  gate_.close();
  const auto durable_blobs = seal(32);
  gate_.wait_for_somebody();
  const auto next = seal();
  std::thread waiter([&] { durable_blobs[0]->wait(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  gate_.open();
  waiter.join();
  expect_stored(durable_blobs);
  expect_patience(*next);
}

TEST_F(Gathering, WhoIsKeptBackIsWrittenWhenTheStoreCloses) {
  make_crowd();
  const auto durable_blob = seal();
  expect_patience(*durable_blob);
  open_store(std::chrono::hours(24));
  EXPECT_TRUE(is_stored(*durable_blob));
}

TEST_F(Gathering, WhoNobodyWaitsForGoesWhenTheTimeIsUp) {
  open_store(std::chrono::milliseconds(20));
  make_crowd();
  expect_stored({seal()});
}

// More than one write takes along.
TEST_F(Gathering, WhoWaitsBehindAFullBatchGoesAtOnce) {
  make_crowd();
  gate_.close();
  std::vector<std::shared_ptr<DurableBlob>> durable_blobs = seal(32);
  gate_.wait_for_somebody();
  for (int i = 0; i < 80; ++i) durable_blobs.push_back(seal_bytes(31'000));
  std::thread waiter([&] { durable_blobs.back()->wait(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  gate_.open();
  waiter.join();
  expect_stored(durable_blobs);
}

TEST_F(Gathering, ATwinHastensBoth) {
  make_crowd();
  const std::uint64_t seed = next_seed_;
  const auto durable_blob = seal();
  next_seed_ = seed;
  const auto twin = seal();
  twin->wait();
  EXPECT_EQ(twin->digest(), durable_blob->digest());
  durable_blob->wait();
  EXPECT_TRUE(is_stored(*durable_blob));
}

}  // namespace
}  // namespace coffer::blobs::test
