// Bytes that are handed out are in memory: a serving core does not wait for the disk.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <variant>

#include "blobs/local/local_store.h"
#include "blobs/local/test_disks.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

// What a disk and its test share.
struct Warmth {
  std::thread::id serving;
  std::atomic<bool> is_broken = false;
  std::atomic<int> fetched = 0;           // bytes
  std::atomic<int> reads_that_block = 0;  // on the serving thread

  std::mutex mutex;
  std::set<std::uint64_t> pages;  // in memory, of the one file; guarded by mutex
};

// Has in memory what was read from it, and may be told to forget it.
class ColdDisk final : public WatchedDisk {
 public:
  ColdDisk(const std::filesystem::path& root, Warmth& warmth)
      : WatchedDisk(root), warmth_(warmth) {}

  bool read_if_cached(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    {
      std::lock_guard lock(warmth_.mutex);
      for (std::uint64_t page = offset / kPage; page <= (offset + into.size() - 1) / kPage;
           ++page) {
        if (!warmth_.pages.contains(page)) return false;
      }
    }
    disk_read(file, into, offset);
    return true;
  }
  void read(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    if (std::this_thread::get_id() == warmth_.serving) ++warmth_.reads_that_block;
    if (warmth_.is_broken) throw Error("the test's disk fails");
    disk_read(file, into, offset);
    warmth_.fetched += static_cast<int>(into.size());
    std::lock_guard lock(warmth_.mutex);
    for (std::uint64_t page = offset / kPage; page <= (offset + into.size() - 1) / kPage; ++page) {
      warmth_.pages.insert(page);
    }
  }

  static constexpr std::uint64_t kPage = 4096;

 private:
  void before(const char*) override {}
  void disk_read(const OpenFile& file, ByteSpan into, std::uint64_t offset) {
    WatchedDisk::read(file, into, offset);
  }

  Warmth& warmth_;
};

class FileContents : public testing::Test {
 protected:
  FileContents() {
    warmth_.serving = std::this_thread::get_id();
    store_ = open_local_store(std::make_unique<ColdDisk>(folder_.path(), warmth_),
                              {.root = {}, .clock = clock_});
    // What the start read.
    warmth_.reads_that_block = 0;
    forget(0, ~std::uint64_t{0});
  }
  std::shared_ptr<const Content> stored(ByteView bytes) {
    const Sha256Digest digest = executor_.run(put(*store_, bytes)).digest;
    warmth_.fetched = 0;
    return executor_.run(store_->open(digest));
  }
  Content::Piece piece(const Content& content, std::uint64_t offset, std::uint64_t max) {
    return executor_.run(content.piece(offset, max));
  }
  void forget(std::uint64_t from, std::uint64_t to) {
    std::lock_guard lock(warmth_.mutex);
    std::erase_if(warmth_.pages, [&](std::uint64_t page) {
      return page * ColdDisk::kPage >= from && page * ColdDisk::kPage < to;
    });
  }

  TemporaryFolder folder_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  InlineExecutor executor_;
  Warmth warmth_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(FileContents, ShortPiecesAreCopies) {
  const Bytes bytes = make_bytes(1'000'000, 1);
  const auto content = stored(bytes);
  for (int round = 0; round < 2; ++round) {
    for (const std::uint64_t offset : {0u, 7u, 500'000u, 999'999u}) {
      const auto got = std::get<Bytes>(piece(*content, offset, 16'384));
      EXPECT_TRUE(std::ranges::equal(got, ByteView(bytes).subspan(offset).first(
                                              std::min<std::size_t>(16'384, 1'000'000 - offset))));
    }
  }
  EXPECT_EQ(warmth_.reads_that_block, 0);
  EXPECT_LT(warmth_.fetched, 5 * 16'384) << "the second time they were in memory";
}

TEST_F(FileContents, SmallBlobsAreCopiesToo) {
  const Bytes bytes = make_bytes(5'000, 2);
  const auto content = stored(bytes);
  EXPECT_EQ(std::get<Bytes>(piece(*content, 0, 1 << 20)), bytes);
  EXPECT_EQ(warmth_.reads_that_block, 0);
}

TEST_F(FileContents, SlicesAreInMemory) {
  const Bytes bytes = make_bytes(3'000'000, 3);
  const auto content = stored(bytes);
  EXPECT_EQ(executor_.run(read(*content, 0, 1 << 30)), bytes);
  EXPECT_EQ(warmth_.fetched, 3'000'000);
  EXPECT_EQ(executor_.run(read(*content, 0, 1 << 30)), bytes);
  EXPECT_EQ(warmth_.fetched, 3'000'000) << "they were there already";
  EXPECT_EQ(warmth_.reads_that_block, 0);
}

TEST_F(FileContents, WhatIsMissingAnywhereIsFetched) {
  const auto content = stored(make_bytes(1'000'000, 4));
  const std::uint64_t stretch = 128 * 1024;
  for (const std::uint64_t gone : {std::uint64_t{0}, 3 * stretch, std::uint64_t{999'424}}) {
    piece(*content, 0, 1'000'000);
    warmth_.fetched = 0;
    forget(gone, gone + 1);
    EXPECT_TRUE(std::holds_alternative<FileSlice>(piece(*content, 0, 1'000'000)));
    EXPECT_GT(warmth_.fetched, 0) << gone;
  }
  EXPECT_EQ(warmth_.reads_that_block, 0);
}

TEST_F(FileContents, ADiskThatFailsIsAnError) {
  const auto content = stored(make_bytes(1'000'000, 5));
  warmth_.is_broken = true;
  EXPECT_THROW(piece(*content, 0, 100), Error);
  EXPECT_THROW(piece(*content, 0, 1'000'000), Error);
  warmth_.is_broken = false;
  EXPECT_NO_THROW(piece(*content, 0, 1'000'000));
}

}  // namespace
}  // namespace coffer::blobs::test
