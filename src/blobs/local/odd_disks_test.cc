// File systems that people have: full, small, with quotas, without exact times, with other
// programs' folders in them.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <vector>

#include "blobs/local/check.h"
#include "blobs/local/layout.h"
#include "blobs/local/local_store.h"
#include "blobs/local/probe.h"
#include "blobs/local/test_disks.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

// What a disk of a test can do; changed while the store uses it.
struct Oddities {
  std::atomic<std::uint64_t> free = 1000 * kMiB;
  std::atomic<std::uint64_t> total = 2000 * kMiB;
  std::atomic<bool> over_quota = false;     // writes fail though space() has room
  std::atomic<bool> read_only = false;      // writes fail for another reason
  std::atomic<std::uint64_t> files = 1000;  // more that it takes, as it says
  std::atomic<std::uint64_t> all_files = 2000;
  std::chrono::microseconds time_step{1};  // 0: times cannot be set
};

class OddDisk final : public WatchedDisk {
 public:
  OddDisk(const fs::path& root, std::shared_ptr<Oddities> odd)
      : WatchedDisk(root), odd_(std::move(odd)) {}

  Space space() override { return {.free = odd_->free, .total = odd_->total}; }
  std::optional<Files> files(const std::string&) override {
    return Files{.free = odd_->files, .total = odd_->all_files};
  }
  void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
    if (odd_->over_quota) throw NoSpaceError("the test's quota is reached");
    if (odd_->read_only) throw Error("the test's disk became read-only");
    WatchedDisk::write(file, data, offset);
  }
  void set_modified(const std::string& name, Time time) override {
    if (odd_->time_step.count() == 0) throw Error("the test's disk sets no times");
    const auto since = time.time_since_epoch();
    WatchedDisk::set_modified(name, Time(since - since % odd_->time_step));
  }

 private:
  void before(const char*) override {}
  std::shared_ptr<Oddities> odd_;
};

class OddDisks : public testing::Test {
 protected:
  std::unique_ptr<BlobStore> open() {
    return open_local_store(std::make_unique<OddDisk>(folder_.path(), odd_),
                            {.root = {}, .clock = clock_, .reserve_bytes = 64 * kMiB});
  }
  // Whether a blob of that size is stored.
  bool stores(BlobStore& store, std::size_t size) {
    const Bytes bytes = make_bytes(size, ++seed_);
    try {
      last_ = executor_.run(put(store, bytes));
    } catch (const NoSpaceError&) {
      EXPECT_FALSE(odd_->read_only);
      return false;
    } catch (const Error&) {
      EXPECT_TRUE(odd_->read_only);
      return false;
    }
    const auto content = executor_.run(store.open(last_.digest));
    EXPECT_TRUE(content && executor_.run(read(*content)) == bytes);
    return true;
  }

  TemporaryFolder folder_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  InlineExecutor executor_;
  std::shared_ptr<Oddities> odd_ = std::make_shared<Oddities>();
  std::uint64_t seed_ = 0;
  BlobInfo last_;
};

constexpr std::size_t kPacked = 3'000;
constexpr std::size_t kFile = 400'000;

TEST_F(OddDisks, UploadsLeaveTheReserve) {
  const auto store = open();
  for (const std::size_t size : {kPacked, kFile}) {
    odd_->free = 1000 * kMiB;
    ASSERT_TRUE(stores(*store, size));
    const BlobInfo old = last_;
    odd_->free = 64 * kMiB + kPacked / 2;
    EXPECT_FALSE(stores(*store, size)) << size;
    odd_->free = 0;
    EXPECT_FALSE(stores(*store, size)) << size;
    EXPECT_EQ(executor_.run(store->free_bytes()), 0u);
    EXPECT_TRUE(executor_.run(store->open(old.digest))) << "what is stored can be read";
    EXPECT_TRUE(executor_.run(remove(*store, old.digest))) << "and removed";
    odd_->free = 64 * kMiB + 2 * kFile;
    EXPECT_TRUE(stores(*store, size)) << "room again, without a restart";
    EXPECT_GT(executor_.run(store->free_bytes()), 0u);
  }
  EXPECT_EQ(count_entries(folder_.path() / "blobs" / "tmp"), 0u);
}

TEST_F(OddDisks, TheReserveIsNoMoreThanAnEighthOfASmallDisk) {
  odd_->total = 32 * kMiB;
  odd_->free = 5 * kMiB;
  const auto store = open();
  EXPECT_EQ(executor_.run(store->free_bytes()), kMiB);
  EXPECT_TRUE(stores(*store, kPacked));
  EXPECT_TRUE(stores(*store, kFile));
  odd_->free = 4 * kMiB;
  EXPECT_FALSE(stores(*store, kFile));
}

TEST_F(OddDisks, OneThatBecameReadOnlyIsToldOnceAWriteHasFailed) {
  const auto store = open();
  for (const std::size_t size : {kPacked, kFile}) {
    odd_->read_only = true;
    EXPECT_FALSE(stores(*store, size));
    EXPECT_THROW(executor_.run(store->check_present()), Error);
    EXPECT_GT(executor_.run(store->free_bytes()), 0u) << "it is not full";
    odd_->read_only = false;
    EXPECT_NO_THROW(executor_.run(store->check_present())) << "without waiting for an upload";
    EXPECT_TRUE(stores(*store, size));
  }
}

TEST_F(OddDisks, AQuotaThatSpaceDoesNotShowIsAFullDiskUntilItHasRoom) {
  const auto store = open();
  for (const std::size_t size : {kPacked, kFile}) {
    odd_->over_quota = true;
    EXPECT_FALSE(stores(*store, size));
    EXPECT_EQ(executor_.run(store->free_bytes()), 0u) << "though the disk claims to have room";
    odd_->over_quota = false;
    EXPECT_GT(executor_.run(store->free_bytes()), 0u) << "without waiting for an upload";
    EXPECT_TRUE(stores(*store, size));
  }
  EXPECT_EQ(count_entries(folder_.path() / "blobs" / "tmp"), 0u);
}

TEST_F(OddDisks, ADiskThatTakesNoMoreFilesIsFull) {
  const auto store = open();
  odd_->files = 0;
  EXPECT_GT(executor_.run(store->free_bytes()), 0u) << "what it says is tried";
  odd_->over_quota = true;
  EXPECT_EQ(executor_.run(store->free_bytes()), 0u);
  odd_->files = 16;
  odd_->over_quota = false;
  EXPECT_GT(executor_.run(store->free_bytes()), 0u);
}

TEST_F(OddDisks, KeepsAFewFiles) {
  const auto store = open();
  odd_->files = 15;
  EXPECT_EQ(executor_.run(store->free_bytes()), 0u);
  EXPECT_FALSE(stores(*store, kFile));
  EXPECT_TRUE(stores(*store, kPacked)) << "it takes no file of its own";
  odd_->files = 16;
  EXPECT_GT(executor_.run(store->free_bytes()), 0u);
  EXPECT_TRUE(stores(*store, kFile));
  odd_->files = 5;
  odd_->all_files = 40;
  EXPECT_TRUE(stores(*store, kFile)) << "a disk of few files is used too";
  odd_->files = 4;
  EXPECT_FALSE(stores(*store, kFile));
}

TEST_F(OddDisks, AFullDiskStillOpensAndServes) {
  ASSERT_TRUE(stores(*open(), kFile));
  odd_->over_quota = true;
  const auto store = open();
  EXPECT_TRUE(executor_.run(store->open(last_.digest)));
}

// A writer that takes its blob back must not take along what another found there and relies on,
// however coarse the disk's times are.
TEST_F(OddDisks, CoarseTimesOrNoneNeverCostAnothersBytes) {
  for (const auto step : {std::chrono::microseconds(2'000'000), std::chrono::microseconds(0)}) {
    odd_->time_step = step;
    auto store = open();
    const Bytes bytes = make_bytes(kFile, 1000 + static_cast<std::uint64_t>(step.count()));
    auto first = executor_.run(seal(*store, bytes));
    clock_.advance(std::chrono::milliseconds(1));
    executor_.run(put(*store, bytes));
    const Sha256Digest digest = first->digest();
    first->discard();
    first.reset();
    store.reset();
    store = open();
    EXPECT_TRUE(executor_.run(store->open(digest))) << step.count();
  }
}

TEST_F(OddDisks, WhatOthersPutIntoTheFoldersIsLeftAlone) {
  ASSERT_TRUE(stores(*open(), kPacked));
  const BlobInfo packed = last_;
  ASSERT_TRUE(stores(*open(), kFile));
  const BlobInfo file = last_;
  const std::vector<std::string> foreign = {"@eaDir",
                                            "lost+found",
                                            "blobs/@eaDir",
                                            "blobs/aa/" + std::string(64, 'a'),
                                            "blobs/tmp/@eaDir",
                                            "blobs/tmp/77",
                                            "segments/lost+found",
                                            "segments/00000009.seg",
                                            "segments/00000001.idx.new",
                                            "segments/0000000a.idx"};
  for (const std::string& path : foreign) {
    fs::create_directories(folder_.path() / path);
    std::ofstream(folder_.path() / path / "index") << "x";
  }
  std::ofstream(folder_.path() / "blobs" / "tmp" / ".DS_Store") << "x";
  std::ofstream(folder_.path() / "segments" / "notes.txt") << "x";
  for (int start = 0; start < 2; ++start) {
    const auto store = open();
    EXPECT_TRUE(executor_.run(store->open(packed.digest)));
    EXPECT_TRUE(executor_.run(store->open(file.digest)));
    EXPECT_TRUE(stores(*store, kPacked));
    EXPECT_TRUE(stores(*store, kFile));
  }
  EXPECT_TRUE(fs::exists(folder_.path() / "segments/00000009.seg/index"));
  EXPECT_TRUE(fs::exists(folder_.path() / "blobs/tmp/77/index"));
  EXPECT_TRUE(fs::exists(folder_.path() / "blobs/tmp/.DS_Store"));
}

TEST_F(OddDisks, WhatAFolderCannotDoIsToldWithItsName) {
  const auto plan = std::make_shared<FaultPlan>();
  FailingDisk disk(folder_.path(), plan);
  prepare(disk);
  for (int call = 0; call < 100; ++call) {
    plan->calls_until_fault = call;
    plan->failed = nullptr;
    try {
      const DiskAbilities abilities = probe(disk, clock_);
      if (!plan->failed) return;
      EXPECT_STREQ(plan->failed, "set_modified") << "nothing else can be done without";
      EXPECT_FALSE(abilities.exact_times);
    } catch (const Error& error) {
      const std::string_view said = error.what();
      EXPECT_TRUE(said.find("blobs/") != said.npos || said.find("segments/") != said.npos) << said;
      EXPECT_TRUE(said.ends_with("the test's disk fails")) << said;
    }
  }
  FAIL() << "it makes fewer calls";
}

TEST(PosixDisk, SaysThatDescriptorsAreSpent) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers need a descriptor to look at an object's type";
#endif
  const TemporaryFolder folder;
  const auto disk = posix_disk(folder.path());
  disk->create("one");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto reported = Exhausted::count(ExhaustedResource::kDescriptors);
  EXPECT_THROW(disk->create("two"), NoDescriptorsError);
  EXPECT_THROW(disk->open("one"), NoDescriptorsError);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(Exhausted::count(ExhaustedResource::kDescriptors), reported + 2);
  EXPECT_TRUE(disk->open("one"));
}

}  // namespace
}  // namespace coffer::blobs::test
