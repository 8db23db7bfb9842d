// What is read from the service, and what of it is kept in memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/fetched_content.h"
#include "blobs/s3/keys.h"
#include "blobs/s3/test_s3_faults.h"
#include "blobs/s3/test_s3_store.h"
#include "blobs/unavailable_error.h"

namespace coffer::blobs::test {
namespace {

using s3::test::answers;
using s3::test::none;
using s3::test::resets;
using s3::test::says;

// However many there are. What is in memory is handed out as a copy, so it counts too.
TEST_F(S3StoreTest, DownloadsShareABound) {
  const StoredBlob large = run(put(store(), make_bytes(300'000, 30)));
  const StoredBlob small = run(put(store(), make_bytes(50'000, 31)));
  run(read(*run(store().open(small.ref()))));
  std::vector<std::pair<std::shared_ptr<const Content>, ReaderMemory>> under_way;
  const auto try_begin = [&](const StoredBlob& blob, const char* owner) {
    auto content = run(store().open(blob.ref()));
    auto memory = run(begin(*content, owner));
    if (!memory) return false;
    under_way.emplace_back(std::move(content), std::move(*memory));
    return true;
  };
  while (try_begin(large, "a")) {
  }
  EXPECT_GT(downloads().bytes, kDownloadMemory / 4);
  EXPECT_LE(downloads().bytes, kDownloadMemory / 2) << "no owner has more than half";
  const std::size_t of_a = under_way.size();
  while (try_begin(large, "b") || try_begin(small, "b")) {
  }
  EXPECT_GT(under_way.size(), of_a);
  while (try_begin(small, "c")) {
  }
  EXPECT_LE(downloads().bytes, kDownloadMemory);
  EXPECT_GT(downloads().bytes, kDownloadMemory - 50'000);
  EXPECT_EQ(downloads().uploads, under_way.size());
  EXPECT_GE(downloads().refused, 3U);
  const std::size_t asked = service().requests().size();
  EXPECT_FALSE(try_begin(large, "c"));
  EXPECT_EQ(service().requests().size(), asked) << "the service is not asked";
  under_way.clear();
  EXPECT_EQ(downloads().bytes, 0U);
  EXPECT_TRUE(try_begin(large, "c"));
}

class S3CacheTest : public S3StoreTest {
 protected:
  Bytes all_of(const StoredBlob& blob) { return run(read(*run(store().open(blob.ref())))); }
  // How many requests a read of all makes.
  std::size_t asked_for(const StoredBlob& blob) {
    const std::size_t before = service().requests().size();
    all_of(blob);
    return service().requests().size() - before;
  }
  s3::SmallBlobCache::Counts cache() { return monitor().cache(); }
};

TEST_F(S3CacheTest, ASmallBlobThatWasReadIsNotAskedForAgain) {
  for (const std::size_t size : {1uz, 4'096uz, 65'536uz}) {
    const Bytes bytes = make_bytes(size, 20);
    const StoredBlob blob = run(put(store(), bytes));
    EXPECT_EQ(asked_for(blob), 1U) << size;
    EXPECT_EQ(asked_for(blob), 0U) << size;
    EXPECT_EQ(all_of(blob), bytes);
    const auto content = run(store().open(blob.ref()));
    EXPECT_EQ(content->size(), size);
    EXPECT_EQ(run(read(*content, size / 2, size - size / 2)),
              Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(size / 2), bytes.end()));
  }
  const StoredBlob larger = run(put(store(), make_bytes(65'537, 21)));
  EXPECT_EQ(asked_for(larger), 1U);
  EXPECT_EQ(asked_for(larger), 1U);
  EXPECT_EQ(cache().misses, 3U);
  EXPECT_EQ(cache().hits, 9U);
}

TEST_F(S3CacheTest, PartsOfABlobAreNotKept) {
  const StoredBlob blob = run(put(store(), make_bytes(4'096, 22)));
  const auto content = run(store().open(blob.ref()));
  run(content->piece(0, 4'095));
  run(content->piece(4'095, 1));
  EXPECT_EQ(cache().bytes, 0U);
  run(content->piece(0, 4'096));
  EXPECT_EQ(asked_for(blob), 0U);
}

TEST_F(S3CacheTest, WhatIsToComeFromTheServiceDoes) {
  const StoredBlob blob = run(put(store(), make_bytes(4'096, 23)));
  run(read(*run(open_uncached(store(), blob.ref()))));
  EXPECT_EQ(cache().bytes, 0U) << "it is not kept either";
  EXPECT_EQ(asked_for(blob), 1U);
  service().clear();
  EXPECT_EQ(all_of(blob), make_bytes(4'096, 23));
  EXPECT_THROW(run(read(*run(open_uncached(store(), blob.ref())))), Error);
}

TEST_F(S3CacheTest, MayBeOff) {
  tested_.set_cache(0);
  tested_.reopen();
  const StoredBlob blob = run(put(store(), make_bytes(4'096, 24)));
  EXPECT_EQ(asked_for(blob), 1U);
  EXPECT_EQ(asked_for(blob), 1U);
  EXPECT_EQ(cache().misses, 0U);
}

TEST_F(S3CacheTest, WhatIsRemovedIsGone) {
  const StoredBlob removed = run(put_for_good(tested_, make_bytes(4'096, 25)));
  const StoredBlob left = run(put(store(), make_bytes(4'096, 26)));
  all_of(removed);
  all_of(left);
  run(store().begin_removal()->remove(removed.ref()));
  EXPECT_TRUE(run(is_gone(store(), removed.ref())));
  remove_all_leftovers(store());
  EXPECT_TRUE(run(is_gone(store(), left.ref()))) << "at the first look, though others follow";
  EXPECT_EQ(cache().bytes, 0U);
}

TEST_F(S3CacheTest, WhatIsReadWhileItIsRemovedIsNotKept) {
  const StoredBlob blob = run(put_for_good(tested_, make_bytes(4'096, 27)));
  const auto content = run(store().open(blob.ref()));
  const auto memory = run(begin(*content));
  run(store().begin_removal()->remove(blob.ref()));
  EXPECT_EQ(run(read(*content)), make_bytes(4'096, 27));
  EXPECT_EQ(cache().bytes, 0U);
  EXPECT_TRUE(run(is_gone(store(), blob.ref())));
}

TEST_F(S3CacheTest, WhatCameHalfOrWrongIsNotKept) {
  const StoredBlob blob = run(put(store(), make_bytes(4'096, 28)));
  service().fail_next(
      {says("HTTP/1.1 206 Partial Content\r\nContent-Length: 4096\r\n"
            "Content-Range: bytes 0-4095/4096\r\nETag: \"x\"\r\n\r\nabc")});
  EXPECT_THROW(all_of(blob), Error) << "the rest is another object's";
  EXPECT_EQ(cache().bytes, 0U);
  const std::string key = s3::key_of(blob.place);
  const std::string bytes = service().objects().at(key);
  service().set_object(key, std::string(4'096, 'x'));
  all_of(blob);
  EXPECT_EQ(cache().bytes, 0U);
  service().set_object(key, bytes);
  EXPECT_EQ(all_of(blob), make_bytes(4'096, 28));
  EXPECT_EQ(asked_for(blob), 0U);
}

// A later reader of the same blob does not wait for an earlier one.
TEST_F(S3CacheTest, ReadersAtTheSameTimeReadEachForItself) {
  const StoredBlob blob = run(put(store(), make_bytes(4'096, 29)));
  const auto first = run(store().open(blob.ref()));
  const auto second = run(store().open(blob.ref()));
  const auto memory = run(begin(*first));
  EXPECT_EQ(run(read(*second)), make_bytes(4'096, 29));
  EXPECT_EQ(run(read(*first)), make_bytes(4'096, 29));
  EXPECT_EQ(asked_for(blob), 0U);
}

}  // namespace
}  // namespace coffer::blobs::test
