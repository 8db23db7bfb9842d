// The local store on disks that fail, and after the power went.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "blobs/local/local_store.h"
#include "blobs/local/test_disks.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;

class Faults : public testing::Test {
 protected:
  LocalOptions options() const { return {.root = folder_.path(), .clock = clock_}; }

  // Every name in the store stands for its bytes; `wanted` are all there.
  void expect_sound(BlobStore& store, const std::set<Sha256Digest>& wanted) {
    std::set<Sha256Digest> found;
    for (const BlobStore::Listed& blob : executor_.run(list_all(store, 100))) {
      const auto content = executor_.run(store.open(blob.info.digest));
      ASSERT_TRUE(content);
      const Bytes bytes = executor_.run(read(*content));
      EXPECT_EQ(independent_digest(bytes), blob.info.digest);
      found.insert(blob.info.digest);
    }
    EXPECT_TRUE(std::ranges::includes(found, wanted));
  }

  TemporaryFolder folder_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  InlineExecutor executor_;
};

// Writes that are answered go to `kept`; returns how many failed.
Task<int> workload(BlobStore& store, std::set<Sha256Digest>& kept, std::uint64_t seed) {
  int failures = 0;
  // The third and fourth find their bytes stored.
  for (const std::size_t size : {3'000u, 400'007u, 3'000u, 400'007u, 262'144u}) {
    const Bytes bytes = make_bytes(size, seed);
    try {
      const BlobInfo info = co_await put(store, bytes, 100'000);
      EXPECT_EQ(info.digest, independent_digest(bytes));
      kept.insert(info.digest);
    } catch (const Error&) {
      ++failures;
    }
  }
  try {
    std::unique_ptr<BlobWriter> abandoned = co_await store.create({}, kOwner);
    const Bytes bytes = make_bytes(500'000, seed + 1);
    co_await abandoned->write(bytes);
  } catch (const Error&) {
    ++failures;
  }
  co_return failures;
}

TEST_F(Faults, AnyOneCallMayFail) {
  const std::size_t descriptors = count_entries("/proc/self/fd");
  for (const bool full : {false, true}) {
    for (int call = 0;; ++call) {
      const auto plan = std::make_shared<FaultPlan>();
      plan->full = full;
      std::set<Sha256Digest> kept;
      auto store = open_local_store(std::make_unique<FailingDisk>(folder_.path(), plan), options());
      plan->calls_until_fault = call;
      const int failures = executor_.run(workload(*store, kept, 1));
      store.reset();
      const char* failed = plan->failed;
      SCOPED_TRACE(fmt::format("call {} ({}), full: {}", call, failed ? failed : "none", full));
      const bool may_leave = failed && failed == std::string_view("remove");
      EXPECT_LE(count_entries(folder_.path() / "blobs" / "tmp"), may_leave ? 1u : 0u);

      store = open_local_store(options());
      expect_sound(*store, kept);
      for (const BlobStore::Listed& blob : executor_.run(list_all(*store, 100))) {
        EXPECT_TRUE(executor_.run(remove(*store, blob.info.digest)));
      }
      store.reset();
      EXPECT_EQ(count_entries(folder_.path() / "blobs" / "tmp"), 0u);
      EXPECT_EQ(count_entries("/proc/self/fd"), descriptors);
      if (!failed) {
        EXPECT_EQ(failures, 0);
        EXPECT_GT(call, 20) << "the workload makes that many calls";
        break;
      }
    }
  }
}

TEST_F(Faults, WhatWillNotLandSaysSo) {
  const auto plan = std::make_shared<FaultPlan>();
  const auto store =
      open_local_store(std::make_unique<FailingDisk>(folder_.path(), plan), options());
  const Bytes bytes = make_bytes(1'000, 2);
  const auto seal = [&]() -> Task<std::shared_ptr<DurableBlob>> {
    std::unique_ptr<BlobWriter> writer = co_await store->create({}, kOwner);
    co_await writer->write(bytes);
    co_return co_await writer->seal();
  };
  plan->full = true;
  plan->failed = "write";
  const auto durable_blob = executor_.run(seal());
  EXPECT_THROW(durable_blob->wait(), NoSpaceError);
  EXPECT_THROW(executor_.run(durable_blob->reached()), NoSpaceError);
  plan->failed = nullptr;
  executor_.run(seal())->wait();
  EXPECT_TRUE(executor_.run(store->open(durable_blob->digest())));
}

TEST_F(Faults, FullDiskIsSaidToBeFull) {
  const auto plan = std::make_shared<FaultPlan>();
  const auto store =
      open_local_store(std::make_unique<FailingDisk>(folder_.path(), plan), options());
  plan->full = true;
  plan->failed = "write";
  for (const std::size_t size : {1'000u, 1'000'000u}) {
    const Bytes bytes = make_bytes(size, 2);
    EXPECT_THROW(executor_.run(put(*store, bytes)), NoSpaceError) << size;
  }
  plan->failed = nullptr;
  EXPECT_TRUE(executor_.run(list_all(*store, 10)).empty());
  const Bytes bytes = make_bytes(1'000'000, 2);
  EXPECT_EQ(executor_.run(put(*store, bytes)).size, bytes.size());
}

TEST_F(Faults, StoreThatDidNotOpenOpensLater) {
  for (int call = 0;; ++call) {
    TemporaryFolder fresh;
    const auto plan = std::make_shared<FaultPlan>();
    plan->calls_until_fault = call;
    const LocalOptions where{.root = fresh.path(), .clock = clock_};
    bool opened = true;
    try {
      open_local_store(std::make_unique<FailingDisk>(fresh.path(), plan), where);
    } catch (const Error&) {
      opened = false;
    }
    if (opened) {
      EXPECT_GT(call, 4);
      break;
    }
    if (call > 6 && call % 50 != 0) continue;
    EXPECT_NO_THROW(executor_.run(put(*open_local_store(where), as_bytes("x"))));
  }
}

// Blocks pile up behind a slow disk, so that the end comes while one still waits.
TEST_F(Faults, SlowDiskLosesNothing) {
  const auto store = open_local_store(std::make_unique<SlowDisk>(folder_.path()), options());
  for (const std::size_t size : {2uz * 131'072, 3uz * 131'072, 3uz * 131'072 + 1, 8uz * 131'072}) {
    const Bytes bytes = make_bytes(size, 3);
    const BlobInfo info = executor_.run(put(*store, bytes));
    EXPECT_EQ(info.size, size);
    EXPECT_EQ(info.digest, independent_digest(bytes));
    EXPECT_EQ(executor_.run(read(*executor_.run(store->open(info.digest)))), bytes);
  }
}

// What a file system cannot do, it is not asked for.
TEST_F(Faults, EveryWayPastTheCacheKeepsAllBytes) {
  enum class Way { kDirect, kCached };
  class Disk final : public WatchedDisk {
   public:
    Disk(const fs::path& root, Way way, int& syncs) : WatchedDisk(root), way_(way), syncs_(syncs) {}
    bool bypass_cache(OpenFile& file, bool on) override {
      if (way_ == Way::kCached) return false;
      const int flags = ::fcntl(file.fd(), F_GETFL);
      EXPECT_EQ(::fcntl(file.fd(), F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT), 0);
      return on;
    }

   private:
    void before(const char* call) override {
      if (std::string_view(call) == "sync") ++syncs_;
    }
    Way way_;
    int& syncs_;
  };
  for (const Way way : {Way::kDirect, Way::kCached}) {
    TemporaryFolder place;
    for (const std::size_t size : {40'000uz, 2uz * 131'072, 3uz * 131'072 + 4'097, 20uz << 20}) {
      int syncs = 0;
      const auto store =
          open_local_store(std::make_unique<Disk>(place.path(), way, syncs), options());
      const Bytes bytes = make_bytes(size, 5);
      const int before = syncs;
      const BlobInfo info = executor_.run(put(*store, bytes));
      EXPECT_EQ(syncs - before, way == Way::kCached && size > 16uz << 20 ? 3 : 1);
      EXPECT_EQ(info.digest, independent_digest(bytes));
      EXPECT_EQ(executor_.run(read(*executor_.run(store->open(info.digest)))), bytes);
    }
  }
}

// The power goes after each answer: with names lost that were not synced, with bytes lost that
// were not synced, and with both.
TEST_F(Faults, AnsweredWritesSurvivePowerLoss) {
  for (const auto& [names, bytes] : {std::pair{true, false}, {false, true}, {true, true}}) {
    TemporaryFolder place;
    const LocalOptions where{.root = place.path(), .clock = clock_};
    std::set<Sha256Digest> kept;
    for (std::uint64_t round = 0; round < 12; ++round) {
      const auto memory = std::make_shared<Volatile>();
      memory->root = place.path();
      auto store = open_local_store(std::make_unique<ForgetfulDisk>(memory), where);
      const Bytes data = make_bytes(round % 2 ? 300'000 + round : 2'000 + round, round);
      const Bytes before = make_bytes(2'000, 0);
      executor_.run(put(*store, before));
      kept.insert(executor_.run(put(*store, data)).digest);
      store.reset();
      if (names) memory->lose_names();
      if (bytes) memory->lose_bytes();
      expect_sound(*open_local_store(where), kept);
    }
  }
}

// A name is only ever given to bytes that are on the disk, answered or not.
TEST_F(Faults, PowerLossInMidWriteShowsNoPartialBlob) {
  for (int call = 0; call < 40; ++call) {
    const auto memory = std::make_shared<Volatile>();
    memory->root = folder_.path();
    std::set<Sha256Digest> kept;
    {
      // The power goes with the call that fails: nothing later reaches the disk.
      class DyingDisk final : public WatchedDisk {
       public:
        DyingDisk(std::shared_ptr<Volatile> volatile_memory, int calls)
            : WatchedDisk(volatile_memory->root), disk_(volatile_memory), left_(calls) {}
        OpenFile create(const std::string& name) override {
          return before("create"), disk_.create(name);
        }
        void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
          before("write"), disk_.write(file, data, offset);
        }
        OpenFile open(const std::string& name) override { return disk_.open(name); }
        OpenFile open_to_change(const std::string& name) override {
          return disk_.open_to_change(name);
        }
        void truncate(const OpenFile& file, std::uint64_t size) override {
          before("truncate"), disk_.truncate(file, size);
        }
        bool remove(const std::string& name) override {
          return before("remove"), disk_.remove(name);
        }
        void sync(const OpenFile& file) override { before("sync"), disk_.sync(file); }
        void rename(const std::string& from, const std::string& to) override {
          before("rename"), disk_.rename(from, to);
        }
        bool make_folder(const std::string& name) override {
          return before("make_folder"), disk_.make_folder(name);
        }
        void sync_folder(const std::string& name) override {
          before("sync_folder"), disk_.sync_folder(name);
        }
        std::atomic<bool> armed = false;

       private:
        void before(const char*) override {
          if (armed && left_-- <= 0) throw Error("the power is gone");
        }
        ForgetfulDisk disk_;
        std::atomic<int> left_;
      };
      auto disk = std::make_unique<DyingDisk>(memory, call);
      DyingDisk& dying = *disk;
      auto store = open_local_store(std::move(disk), options());
      dying.armed = true;
      executor_.run(workload(*store, kept, static_cast<std::uint64_t>(call)));
    }
    if (call % 3) {
      memory->lose_bytes();
    } else {
      memory->lose_first_page();
    }
    if (call % 2) memory->lose_names();
    const auto store = open_local_store(options());
    expect_sound(*store, kept);
  }
}

}  // namespace
}  // namespace coffer::blobs::test
