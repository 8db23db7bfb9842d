#include "blobs/s3/small_blob_cache.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

#include "base/hash.h"
#include "blobs/test_support.h"

namespace coffer::blobs::s3 {
namespace {

using blobs::test::make_bytes;

constexpr std::size_t kMiB = std::size_t{1} << 20U;

struct Stored {
  Bytes bytes;
  BlobRef ref;
};

// At a place that begins with the numbers.
Stored stored(std::uint8_t first, std::uint32_t number, std::size_t size) {
  Bytes place(16);
  place[0] = std::byte{first};
  for (std::size_t i = 0; i < 4; ++i) place[1 + i] = std::byte(number >> (8 * i));
  Bytes bytes = make_bytes(size, number);
  const Sha256Digest digest = Sha256::of(bytes);
  return {.bytes = std::move(bytes), .ref = BlobRef(digest, size, Place(place))};
}

void keep(SmallBlobCache& cache, const Stored& blob) {
  cache.put(blob.ref, blob.bytes, cache.find(blob.ref));
}
bool has(SmallBlobCache& cache, const Stored& blob) {
  const auto found = cache.find(blob.ref);
  if (!found.bytes) return false;
  EXPECT_EQ(*found.bytes, blob.bytes);
  return true;
}

TEST(SmallBlobCache, HasWhatWasPut) {
  SmallBlobCache cache(kMiB);
  const Stored blob = stored(1, 1, 4096);
  EXPECT_FALSE(has(cache, blob));
  keep(cache, blob);
  EXPECT_TRUE(has(cache, blob));
  EXPECT_TRUE(has(cache, blob));
  const auto counts = cache.counts();
  EXPECT_EQ(counts.hits, 2U);
  EXPECT_EQ(counts.misses, 2U);
  EXPECT_EQ(counts.bytes, 4096 + SmallBlobCache::kEntryBytes);
  // Another reader was as fast.
  cache.put(blob.ref, blob.bytes, {});
  EXPECT_EQ(cache.counts().bytes, counts.bytes);
}

TEST(SmallBlobCache, TakesSmallOnes) {
  const SmallBlobCache cache(kMiB);
  EXPECT_FALSE(cache.takes(0));
  EXPECT_TRUE(cache.takes(1));
  EXPECT_TRUE(cache.takes(SmallBlobCache::kMaxBlobBytes));
  EXPECT_FALSE(cache.takes(SmallBlobCache::kMaxBlobBytes + 1));
  const SmallBlobCache tiny(1000);
  EXPECT_TRUE(tiny.takes(1000 - SmallBlobCache::kEntryBytes));
  EXPECT_FALSE(tiny.takes(1001 - SmallBlobCache::kEntryBytes));
  const SmallBlobCache off(0);
  EXPECT_FALSE(off.takes(1));
}

TEST(SmallBlobCache, EvictsTheLeastRecentlyUsed) {
  SmallBlobCache cache(3 * (1000 + SmallBlobCache::kEntryBytes));
  const Stored a = stored(1, 1, 1000);
  const Stored b = stored(2, 2, 1000);
  const Stored c = stored(3, 3, 1000);
  for (const auto* blob : {&a, &b, &c}) keep(cache, *blob);
  EXPECT_TRUE(has(cache, a));
  const Stored smaller = stored(4, 4, 500);
  keep(cache, smaller);
  EXPECT_TRUE(has(cache, a));
  EXPECT_FALSE(has(cache, b));
  EXPECT_TRUE(has(cache, c));
  EXPECT_TRUE(has(cache, smaller));
  // A larger one takes the room of two.
  keep(cache, stored(5, 5, 2000));
  EXPECT_FALSE(has(cache, a));
  EXPECT_FALSE(has(cache, c));
  EXPECT_TRUE(has(cache, smaller));
}

TEST(SmallBlobCache, AReaderKeepsWhatIsEvicted) {
  SmallBlobCache cache(1000 + SmallBlobCache::kEntryBytes);
  const Stored blob = stored(1, 1, 1000);
  keep(cache, blob);
  const auto held = cache.find(blob.ref).bytes;
  keep(cache, stored(1, 2, 1000));
  EXPECT_FALSE(has(cache, blob));
  EXPECT_EQ(*held, blob.bytes);
}

// The nodes and what the allocator adds are within the bound, however small the blobs are.
TEST(SmallBlobCache, StaysWithinItsBound) {
  stored(1, 1, 1);  // what is made at the first hash is nobody's here
  for (const std::size_t size : {1uz, 100uz, 4096uz, 65'536uz}) {
    const auto before = mallinfo2().uordblks;
    SmallBlobCache cache(kMiB);
    const std::size_t count = 2 * kMiB / (size + SmallBlobCache::kEntryBytes);
    for (std::uint32_t i = 0; i < count; ++i) {
      keep(cache, stored(static_cast<std::uint8_t>(i), i, size));
      ASSERT_LE(cache.counts().bytes, kMiB);
    }
    EXPECT_GT(cache.counts().bytes, kMiB - 2 * SmallBlobCache::kMaxBlobBytes);
    EXPECT_LE(mallinfo2().uordblks - before, kMiB) << size;
  }
}

TEST(SmallBlobCache, WhatIsRemovedIsGone) {
  SmallBlobCache cache(kMiB);
  const Stored blob = stored(1, 1, 1000);
  const Stored other = stored(1, 2, 1000);
  keep(cache, blob);
  keep(cache, other);
  cache.remove(blob.ref.place);
  EXPECT_FALSE(has(cache, blob));
  EXPECT_TRUE(has(cache, other));
  EXPECT_EQ(cache.counts().bytes, 1000 + SmallBlobCache::kEntryBytes);
  cache.remove(blob.ref.place);
  cache.remove(other.ref.place);
  EXPECT_EQ(cache.counts().bytes, 0U);
}

TEST(SmallBlobCache, AReadThatWasUnderWayPutsNothingBack) {
  SmallBlobCache cache(kMiB);
  const Stored blob = stored(1, 1, 1000);
  const Stored elsewhere = stored(2, 1, 1000);
  const auto of_blob = cache.find(blob.ref);
  const auto of_elsewhere = cache.find(elsewhere.ref);
  cache.remove(blob.ref.place);
  cache.put(blob.ref, blob.bytes, of_blob);
  cache.put(elsewhere.ref, elsewhere.bytes, of_elsewhere);
  EXPECT_FALSE(has(cache, blob));
  EXPECT_TRUE(has(cache, elsewhere));
}

TEST(SmallBlobCache, KeepsNothingThatIsNotTheBlobs) {
  SmallBlobCache cache(kMiB);
  Stored blob = stored(1, 1, 1000);
  blob.bytes.back() ^= std::byte{1};
  keep(cache, blob);
  EXPECT_FALSE(has(cache, blob)) << "other bytes";
  blob.bytes.back() ^= std::byte{1};
  cache.put(blob.ref, ByteView(blob.bytes).first(999), cache.find(blob.ref));
  EXPECT_FALSE(has(cache, blob)) << "fewer";
  keep(cache, blob);
  EXPECT_TRUE(has(cache, blob));
  const BlobRef longer(blob.ref.digest, 1001, blob.ref.place);
  EXPECT_EQ(cache.find(longer).bytes, nullptr) << "a row that has another size";
}

TEST(SmallBlobCache, ServesManyThreads) {
  SmallBlobCache cache(64 * 1024);
  std::vector<Stored> blobs;
  for (std::uint32_t i = 0; i < 40; ++i) {
    blobs.push_back(stored(static_cast<std::uint8_t>(i), i, 500 + 100 * i));
  }
  std::atomic<std::uint64_t> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t i = 0; i < 5'000; ++i) {
          const Stored& blob = blobs[(i * (2 * thread + 1)) % blobs.size()];
          const auto found = cache.find(blob.ref);
          if (found.bytes && *found.bytes != blob.bytes) ++wrong;
          if (!found.bytes) cache.put(blob.ref, blob.bytes, found);
          if (i % 50 == thread) cache.remove(blob.ref.place);
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0U);
  EXPECT_LE(cache.counts().bytes, 64U * 1024);
  for (const Stored& blob : blobs) cache.remove(blob.ref.place);
  EXPECT_EQ(cache.counts().bytes, 0U);
}

}  // namespace
}  // namespace coffer::blobs::s3
