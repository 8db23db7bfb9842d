// Small blobs where it gets tight: at a crash in an unlucky moment, on a disk that fails, and with
// others who change their minds.
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "blobs/local/layout.h"
#include "blobs/local/segment_format.h"
#include "blobs/local/segments.h"
#include "blobs/local/test_disks.h"
#include "blobs/local/test_segments.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class SegmentEdges : public SegmentStore {
 protected:
  // What a server that is killed now leaves.
  void take_image() {
    fs::remove_all(image_.path());
    fs::copy(folder_.path(), image_.path(), fs::copy_options::recursive);
  }
  std::unique_ptr<BlobStore> open_image() {
    return open_local_store({.root = image_.path(), .clock = clock_, .reclaim = false});
  }

  TemporaryFolder image_;
};

// The one who made a blob takes it back as soon as he is told, which may be before the other, whose
// equal bytes were written with his, is.
TEST_F(SegmentEdges, EqualBytesOfOneWriteAreNotTakenBackByOneOfTheWriters) {
  const auto disk = posix_disk(folder_.path());
  prepare(*disk);
  UploadBudget budget({.bytes = 1 << 20, .max_request = kBufferBytes});
  const auto share = budget.open("test");
  BufferPool buffers(0);
  DiskSpace space(*disk, 0);
  Segments segments(*disk, space, clock_,
                    {.appending = {.segment_bytes = 1 << 20, .gather_time = {}}, .reclaim = false});
  const Bytes bytes = make_bytes(100, 1);
  const Sha256Digest digest = independent_digest(bytes);
  const auto submit = [&](const Sha256Digest& name, SegmentWriter::Done done) {
    Buffer buffer = buffers.take(budget.try_take(*share, kFirstBytes));
    std::ranges::copy(bytes, buffer.span().begin());
    segments.add(name, std::move(buffer), bytes.size(), std::move(done));
  };
  std::promise<void> submitted;
  std::promise<void> ended;
  submit(Sha256Digest{}, [&](auto, auto&) {
    submitted.get_future().wait();
    return true;
  });
  submit(digest, [&](auto, const BlobInfo& info) {
    EXPECT_TRUE(info.new_at);
    return false;
  });
  submit(digest, [&](auto error, auto&) {
    EXPECT_FALSE(error);
    EXPECT_TRUE(segments.find(digest)) << "he is told that it is stored";
    ended.set_value();
    return true;
  });
  submitted.set_value();
  ended.get_future().wait();
  EXPECT_TRUE(segments.find(digest));
}

// A power loss took the end of a segment, but its index tells of that end. What is written in its
// place must not be hidden by it.
TEST_F(SegmentEdges, IndexThatTellsOfMoreThanThereIsHidesNothingLater) {
  const Bytes first = make_bytes(1'000, 1);
  {
    const auto store = open();
    add(*store, first);
    for (int i = 0; i < 50; ++i) add(*store, first);
  }
  fs::resize_file(files(".seg").at(0), 64 + 64 + 1'000);
  std::vector<Bytes> later;
  {
    const auto store = open();
    for (std::uint64_t i = 0; i < 10; ++i) {
      later.push_back(make_bytes(1'000, 100 + i));
      add(*store, later.back());
    }
    take_image();
  }
  const auto store = open_image();
  EXPECT_EQ(find(*store, independent_digest(first)), first);
  for (const Bytes& bytes : later) EXPECT_EQ(find(*store, independent_digest(bytes)), bytes);
}

// An index is never ahead of its segment on the disk.
TEST_F(SegmentEdges, SegmentIsSyncedBeforeItsIndexIsWritten) {
  const auto memory = std::make_shared<Volatile>();
  memory->root = folder_.path();
  const Bytes bytes = make_bytes(1'000, 1);
  {
    const auto store = open_local_store(std::make_unique<ForgetfulDisk>(memory),
                                        {.root = folder_.path(), .clock = clock_});
    add(*store, bytes);
    add(*store, bytes);
  }
  const auto size = fs::file_size(files(".seg").at(0));
  memory->lose_bytes();
  EXPECT_EQ(fs::file_size(files(".seg").at(0)), size);
}

TEST_F(SegmentEdges, NothingIsAddedToASegmentWhoseHeaderIsDamaged) {
  const Bytes first = make_bytes(1'000, 1);
  const Bytes second = make_bytes(1'000, 2);
  add(*open(), first);
  flip(files(".seg").at(0), 20);
  add(*open(), second);
  remove_indexes();
  EXPECT_EQ(find(*open(), independent_digest(second)), second);
}

// Whoever was told that it failed may be gone; what a sync that failed left in the page cache
// must not be found and relied upon.
TEST_F(SegmentEdges, WhatASyncThatFailedLeftIsNotFoundLater) {
  class Disk final : public WatchedDisk {
   public:
    Disk(const fs::path& root, std::atomic<bool>& fails) : WatchedDisk(root), fails_(fails) {}
    void sync(const OpenFile& file) override {
      if (fails_) throw Error("the test's disk does not sync");
      WatchedDisk::sync(file);
    }

   private:
    void before(const char*) override {}
    std::atomic<bool>& fails_;
  };
  std::atomic<bool> fails = false;
  const Bytes good = make_bytes(1'000, 1);
  const Bytes bad = make_bytes(1'000, 2);
  {
    const auto store = open_local_store(std::make_unique<Disk>(folder_.path(), fails),
                                        {.root = folder_.path(), .clock = clock_});
    add(*store, good);
    fails = true;
    EXPECT_THROW(add(*store, bad), Error);
    fails = false;
  }
  const auto store = open();
  EXPECT_EQ(find(*store, independent_digest(good)), good);
  EXPECT_FALSE(find(*store, independent_digest(bad)));
}

// At each moment at which a segment goes, the server may be killed.
TEST_F(SegmentEdges, NoSegmentGoesBeforeWhatItVoidsIsVoidedElsewhere) {
  constexpr std::uint64_t kSegment = 8 * 1024;
  class Disk final : public WatchedDisk {
   public:
    Disk(const fs::path& root, const fs::path& images)
        : WatchedDisk(root), root_(root), images_(images) {}
    bool remove(const std::string& name) override {
      const bool removed = WatchedDisk::remove(name);
      if (name.ends_with(".seg"))
        fs::copy(root_, images_ / std::to_string(++count_), fs::copy_options::recursive);
      return removed;
    }

   private:
    void before(const char*) override {}
    fs::path root_;
    fs::path images_;
    int count_ = 0;
  };
  std::set<Sha256Digest> kept;
  std::set<Sha256Digest> removed;
  {
    const auto store =
        open_local_store(std::make_unique<Disk>(folder_.path(), image_.path()),
                         {.root = folder_.path(), .clock = clock_, .segment_bytes = kSegment});
    std::vector<Sha256Digest> early;
    for (std::uint64_t i = 0; i < 40; ++i) early.push_back(add(*store, make_bytes(1'000, i)));
    for (std::size_t i = 0; i < early.size(); ++i) {
      if (i % 4 == 0) {
        removed.insert(early[i]);
        run(remove(*store, early[i]));
      } else {
        kept.insert(early[i]);
      }
    }
    // The segments that tell of the removals are mostly unused.
    std::vector<Sha256Digest> passing;
    for (std::uint64_t i = 0; i < 40; ++i)
      passing.push_back(add(*store, make_bytes(1'000, 100 + i)));
    for (const Sha256Digest& digest : passing) run(remove(*store, digest));
    EXPECT_TRUE(eventually([&] { return files(".seg").size() < 8; })) << files(".seg").size();
  }
  EXPECT_GT(count_entries(image_.path()), 2u);
  for (const auto& image : fs::directory_iterator(image_.path())) {
    const auto store = open_local_store({.root = image.path(), .clock = clock_, .reclaim = false});
    for (const Sha256Digest& digest : kept) EXPECT_TRUE(run(store->open(digest)));
    for (const Sha256Digest& digest : removed) EXPECT_FALSE(run(store->open(digest))) << image;
  }
}

// A blob was found again, of which a note tells in a later segment than its own; that segment goes.
TEST_F(SegmentEdges, TimesOutliveTheSegmentThatTellsOfThem) {
  constexpr std::uint64_t kSegment = 8 * 1024;
  std::map<Sha256Digest, Time> before;
  {
    const auto store = open(kSegment);
    for (std::uint64_t i = 0; i < 7; ++i) before[add(*store, make_bytes(1'000, i))];
    clock_.advance(seconds(100));
    std::vector<Sha256Digest> passing;
    for (std::uint64_t i = 0; i < 7; ++i) {
      passing.push_back(add(*store, make_bytes(1'000, 100 + i)));
      add(*store, make_bytes(1'000, i));
    }
    for (const Sha256Digest& digest : passing) run(remove(*store, digest));
    for (std::uint64_t i = 0; i < 7; ++i) {
      const Sha256Digest last = add(*store, make_bytes(1'500, 200 + i));
      run(remove(*store, last));
    }
    EXPECT_TRUE(eventually([&] { return !fs::exists(folder_.path() / segment_name(2)); }));
    before = times(*store);
  }
  EXPECT_EQ(times(*open(kSegment)), before);
}

// Notes of removals fill more than a segment, and all are needed.
TEST_F(SegmentEdges, SegmentsFullOfNotesAreNotRewrittenForEver) {
  constexpr std::uint64_t kSegment = 16 * 1024;
  std::set<Sha256Digest> removed;
  {
    const auto store = open(kSegment);
    std::vector<Sha256Digest> all;
    for (std::uint64_t i = 0; i < 2'000; ++i) all.push_back(add(*store, make_bytes(8, i)));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % 100 < 55) continue;
      removed.insert(all[i]);
      run(remove(*store, all[i]));
    }
    const auto last = [&] { return files(".seg").back(); };
    bool is_quiet = false;
    for (int i = 0; i < 30 && !is_quiet; ++i) {
      const fs::path before = last();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      is_quiet = last() == before;
    }
    EXPECT_TRUE(is_quiet) << last();
  }
  const auto store = open(kSegment);
  for (const Sha256Digest& digest : removed) EXPECT_FALSE(run(store->open(digest)));
}

TEST_F(SegmentEdges, OneSegmentThatCannotBeReadKeepsNoOtherFromBeingReclaimed) {
  class Disk final : public WatchedDisk {
   public:
    using WatchedDisk::WatchedDisk;
    // The start may, the work on it may not.
    OpenFile open(const std::string& name) override {
      if (name == segment_name(1) && opened_++ > 0) throw Error("the test's disk fails");
      return WatchedDisk::open(name);
    }

   private:
    void before(const char*) override {}
    std::atomic<int> opened_ = 0;
  };
  LocalOptions options{
      .root = folder_.path(), .clock = clock_, .segment_bytes = 8 * 1024, .reclaim = false};
  {
    const auto store = open_local_store(options);
    std::vector<Sha256Digest> all;
    for (std::uint64_t i = 0; i < 40; ++i) all.push_back(add(*store, make_bytes(1'000, i)));
    for (const Sha256Digest& digest : all) run(remove(*store, digest));
  }
  options.reclaim = true;
  const auto store = open_local_store(std::make_unique<Disk>(folder_.path()), options);
  EXPECT_TRUE(eventually([&] { return files(".seg").size() < 3; }));
}

TEST_F(SegmentEdges, WhatWaitsWhenTheStoreClosesIsStored) {
  std::atomic<int> stored = 0;
  {
    const auto disk = posix_disk(folder_.path());
    prepare(*disk);
    UploadBudget budget({.bytes = 64 << 20, .max_request = kBufferBytes});
    const auto share = budget.open("test");
    BufferPool buffers(0);
    DiskSpace space(*disk, 0);
    Segments segments(
        *disk, space, clock_,
        {.appending = {.segment_bytes = 16 * 1024, .gather_time = {}}, .reclaim = true});
    for (std::uint64_t i = 0; i < 300; ++i) {
      const Bytes bytes = make_bytes(900, i);
      Buffer buffer = buffers.take(budget.try_take(*share, kFirstBytes));
      std::ranges::copy(bytes, buffer.span().begin());
      segments.add(independent_digest(bytes), std::move(buffer), bytes.size(),
                   [&](auto error, auto&) {
                     stored += !error;
                     return true;
                   });
    }
  }
  EXPECT_EQ(stored, 300);
  const auto store = open();
  for (std::uint64_t i = 0; i < 300; ++i) {
    EXPECT_EQ(find(*store, independent_digest(make_bytes(900, i))), make_bytes(900, i));
  }
}

TEST_F(SegmentEdges, ManySegmentsTakeFewDescriptors) {
  const auto descriptors = [] { return count_entries("/proc/self/fd"); };
  const std::size_t before = descriptors();
  auto store = open(1'000);
  for (std::uint64_t i = 0; i < 600; ++i) add(*store, make_bytes(1'000, i));
  EXPECT_GE(files(".seg").size(), 600u);
  for (int start = 0; start < 2; ++start) {
    for (std::uint64_t i = 0; i < 600; ++i) {
      EXPECT_EQ(find(*store, independent_digest(make_bytes(1'000, i))), make_bytes(1'000, i));
    }
    EXPECT_LT(descriptors(), before + 300);
    store.reset();
    EXPECT_EQ(descriptors(), before);
    store = open(1'000);
  }
}

// A clock that was wrong, then right: nothing that was found again is taken for old.
TEST_F(SegmentEdges, ClockThatGoesBackMakesNothingOlder) {
  const Bytes bytes = make_bytes(1'000, 1);
  const auto store = open();
  const Sha256Digest digest = add(*store, bytes);
  clock_.advance(-seconds(3'600));
  const BlobInfo again = run(put(*store, bytes));
  EXPECT_FALSE(again.new_at);
  EXPECT_GT(times(*store).at(digest), kStart);
}

// The segment that records are added to is cut after a crash, added to, and torn once more.
TEST_F(SegmentEdges, SegmentMayBeTornAgainAndAgain) {
  std::vector<Bytes> kept;
  for (std::uint64_t round = 0; round < 6; ++round) {
    const auto store = open();
    for (const Bytes& bytes : kept) EXPECT_EQ(find(*store, independent_digest(bytes)), bytes);
    kept.push_back(make_bytes(3'000 - round * 400, round));
    add(*store, kept.back());
    take_image();
    add_to_end(image_.path() / segment_name(1), make_bytes(700 * round + 1, round));
    fs::remove_all(folder_.path());
    fs::copy(image_.path(), folder_.path(), fs::copy_options::recursive);
  }
  EXPECT_EQ(files(".seg").size(), 1u);
}

}  // namespace
}  // namespace coffer::blobs::test
