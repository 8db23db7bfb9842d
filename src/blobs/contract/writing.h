// The contract about how bytes come in.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "blobs/contract/fixture.h"

namespace coffer::blobs::test {

// An I/O thread may give a buffer back a moment after it has answered.
inline bool gives_memory_back(BlobStore& store) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (store.memory_load().bytes != 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST_P(StoreContract, KeepsWhatWasWritten) {
  constexpr std::size_t k128 = 128 * 1024;
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096}, std::size_t{4097},
        k128 - 1, k128, k128 + 1, 2 * k128 - 1, 2 * k128, 2 * k128 + 1, (std::size_t{1} << 20) + 7,
        std::size_t{20} << 20}) {
    const Bytes bytes = make_bytes(size, size);
    const StoredBlob blob = run(put(store(), bytes, 65'537));
    EXPECT_EQ(blob.size, size);
    EXPECT_EQ(blob.digest, independent_digest(bytes)) << size;
    EXPECT_EQ(stored(blob.ref()), bytes) << size;
  }
  EXPECT_EQ(independent_digest({}).hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_P(StoreContract, TakesBytesInAnyPortions) {
  const Bytes bytes = make_bytes(400'001, 1);
  for (const std::size_t portion : {7uz, 4095uz, 4097uz, 131'071uz, 131'073uz}) {
    EXPECT_EQ(run(put(store(), bytes, portion)).digest, independent_digest(bytes)) << portion;
  }
}

TEST_P(StoreContract, SpaceIsWrittenInPlaceAndKeptUntilAdvanced) {
  const auto scenario = [](BlobStore& blobs) -> Task<BlobInfo> {
    std::unique_ptr<BlobWriter> writer = co_await blobs.create({}, kOwner);
    const ByteSpan first = co_await space_of(*writer);
    EXPECT_GE(first.size(), 1u);
    const ByteSpan again = co_await space_of(*writer);
    EXPECT_EQ(first.data(), again.data());
    first[0] = std::byte{'a'};
    writer->advance(0);
    writer->advance(1);
    const ByteSpan next = co_await space_of(*writer);
    next[0] = std::byte{'b'};
    next[1] = std::byte{'x'};  // offered, never announced
    writer->advance(1);
    co_return co_await writer->finish();
  };
  EXPECT_EQ(run(scenario(store())).digest, independent_digest(as_bytes("ab")));
}

TEST_P(StoreContract, WrongExpectedSizeIsNoMatter) {
  const Bytes bytes = make_bytes(300'000, 2);
  for (const std::uint64_t expected : {std::uint64_t{0}, std::uint64_t{1} << 60}) {
    const auto scenario = [](BlobStore& blobs, ByteView data,
                             std::uint64_t size) -> Task<StoredBlob> {
      std::unique_ptr<BlobWriter> writer = co_await blobs.create(size, kOwner);
      co_await writer->write(data);
      co_return co_await finish(*writer);
    };
    const StoredBlob blob = run(scenario(store(), bytes, expected));
    EXPECT_EQ(stored(blob.ref()), bytes);
  }
}

TEST_P(StoreContract, WhatIsHandedOverIsNamedAtOnceAndDurableWhenItLands) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5'000}, std::size_t{300'000}}) {
    const Bytes bytes = make_bytes(size, 21);
    const auto seal = [](BlobStore& blobs, ByteView data) -> Task<std::shared_ptr<DurableBlob>> {
      std::unique_ptr<BlobWriter> writer = co_await blobs.create({}, kOwner);
      co_await writer->write(data);
      co_return co_await writer->seal();
    };
    const auto durable_blob = run(seal(store(), bytes));
    EXPECT_EQ(durable_blob->digest(), independent_digest(bytes));
    EXPECT_EQ(durable_blob->size(), size);
    std::jthread other([&] { durable_blob->wait(); });
    durable_blob->wait();
    const BlobRef ref(durable_blob->digest(), durable_blob->size(), durable_blob->place());
    EXPECT_EQ(stored(ref), bytes);
    const BlobInfo info = run(durable_blob->reached());
    EXPECT_EQ(info.digest, durable_blob->digest());
    EXPECT_EQ(info.size, size);
    EXPECT_TRUE(info.new_at);
  }
}

TEST_P(DigestStoreContract, WhatWasThereIsNotNew) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5'000}, std::size_t{300'000}}) {
    const Bytes bytes = make_bytes(size, 21);
    EXPECT_TRUE(run(run(seal(store(), bytes))->reached()).new_at);
    EXPECT_FALSE(run(run(seal(store(), bytes))->reached()).new_at);
  }
}

TEST_P(DigestStoreContract, EqualBytesAreStoredOnce) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{500'000}}) {
    const Bytes bytes = make_bytes(size, 3);
    const BlobInfo first = run(put(store(), bytes));
    const BlobInfo second = run(put(store(), bytes));
    EXPECT_EQ(first.digest, second.digest);
  }
  EXPECT_EQ(run(list_all(store(), 100)).size(), 3u);
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

TEST_P(DigestStoreContract, WritersOfEqualBytesAtOnce) {
  for (const std::size_t size : {std::size_t{5'000}, std::size_t{300'000}}) {
    const Bytes bytes = make_bytes(size, 4);
    std::vector<Task<void>> tasks;
    const auto write = [](BlobStore& blobs, ByteView data) -> Task<void> {
      const BlobInfo info = co_await put(blobs, data, 50'000);
      EXPECT_EQ(info.digest, independent_digest(data));
      const std::shared_ptr<const Content> content = co_await blobs.open(info.digest);
      EXPECT_TRUE(content);
    };
    for (int i = 0; i < 32; ++i) tasks.push_back(write(store(), bytes));
    run(all(std::move(tasks)));
    EXPECT_EQ(stored(independent_digest(bytes)), bytes);
  }
  EXPECT_EQ(run(list_all(store(), 100)).size(), 2u);
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

TEST_P(StoreContract, WritersOfDifferentBytesAtOnce) {
  std::vector<Task<void>> tasks;
  const auto write = [](BlobStore& blobs, std::uint64_t seed) -> Task<void> {
    const Bytes bytes = make_bytes(seed * 10'007, seed);
    const StoredBlob blob = co_await put(blobs, bytes, 30'011);
    const std::shared_ptr<const Content> content = co_await blobs.open(blob.ref());
    const Bytes back = co_await read(*content);
    EXPECT_EQ(back, bytes);
  };
  for (std::uint64_t seed = 0; seed < 32; ++seed) tasks.push_back(write(store(), seed));
  run(all(std::move(tasks)));
  EXPECT_EQ(under_test_->count(), 32u);
}

TEST_P(StoreContract, AbandonedWriterLeavesNothing) {
  const auto scenario = [](BlobStore& blobs, std::size_t size) -> Task<void> {
    std::unique_ptr<BlobWriter> writer = co_await blobs.create(size, kOwner);
    const Bytes bytes = make_bytes(size, 5);
    co_await writer->write(bytes);
  };
  for (const std::size_t size : {0uz, 1uz, 131'072uz, 131'073uz, 262'144uz, 3'000'000uz}) {
    run(scenario(store(), size));
  }
  EXPECT_EQ(under_test_->count(), 0u);
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

// Writes `bytes` as a client sends them that stalls after each portion.
inline Task<StoredBlob> put_slowly(BlobStore& blobs, ByteView bytes, std::size_t portion) {
  std::unique_ptr<BlobWriter> writer = co_await blobs.create({}, kOwner);
  while (!bytes.empty()) {
    const std::size_t count = std::min(portion, bytes.size());
    co_await writer->write(bytes.first(count));
    writer->set_aside();
    EXPECT_FALSE(writer->is_prepared());
    bytes = bytes.subspan(count);
  }
  co_await space_of(*writer);
  EXPECT_TRUE(writer->is_prepared());
  co_return co_await finish(*writer);
}

TEST_P(StoreContract, WhatIsSetAsideIsKept) {
  std::size_t blobs = 0;
  for (const std::size_t size : {0uz, 1uz, 4'095uz, 4'096uz, 4'097uz, 20'000uz, 32'767uz, 32'768uz,
                                 40'000uz, 131'072uz, 300'001uz}) {
    for (const std::size_t portion : {1'000uz, 4'096uz, 17'000uz, 131'072uz, 200'000uz}) {
      const Bytes bytes = make_bytes(size, size + portion);
      const StoredBlob blob = run(put_slowly(store(), bytes, portion));
      EXPECT_EQ(blob.digest, independent_digest(bytes)) << size << ' ' << portion;
      EXPECT_EQ(blob.size, size);
      EXPECT_EQ(stored(blob.ref()), bytes) << size << ' ' << portion;
      blobs += size > 1 || portion == 1'000;
    }
  }
  EXPECT_GE(under_test_->count(), blobs);
  EXPECT_TRUE(gives_memory_back(store()));
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

// Whoever discards what it wrote must not take along what was there before.
TEST_P(DigestStoreContract, BytesSetAsideAreFoundWhereTheyAreStored) {
  for (const std::size_t size : {20'000uz, 200'000uz}) {
    const Bytes bytes = make_bytes(size, 31);
    EXPECT_TRUE(run(put(store(), bytes)).new_at);
    EXPECT_FALSE(run(put_slowly(store(), bytes, 7'000)).new_at) << size;
  }
}

TEST_P(StoreContract, WriterThatHoldsNothingTakesNoMemory) {
  open(std::size_t{1} << 20);
  std::vector<std::unique_ptr<BlobWriter>> writers;
  const auto begin = [&](BlobStore& blobs, std::uint64_t seed) -> Task<void> {
    std::unique_ptr<BlobWriter> writer = co_await blobs.create({}, kOwner);
    co_await writer->write(make_bytes(17'000, seed));
    writer->set_aside();
    writers.push_back(std::move(writer));
  };
  for (std::uint64_t i = 0; i < 300; ++i) run(begin(store(), i));
  run(put(store(), make_bytes(1'000'000, 301)));
  EXPECT_TRUE(gives_memory_back(store()));
  EXPECT_EQ(store().memory_load().uploads, 300u);
  writers.clear();
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

// The owner is destroyed at every point where it can wait; nothing wakes what is gone.
TEST_P(StoreContract, WriterMayGoWhileItWaits) {
  open(2 * 128 * 1024);
  const auto upload = [](BlobStore& blobs, std::uint64_t seed) -> Held {
    std::unique_ptr<BlobWriter> writer = co_await blobs.create({}, kOwner);
    const Bytes bytes = make_bytes(seed % 2 ? 1'000'000 : 5'000, seed);
    co_await writer->write(bytes);
    if (seed % 3 == 0) {
      writer->set_aside();
      co_await space_of(*writer);
    }
    co_await writer->finish();
  };
  const auto scenario = [&](BlobStore& blobs) -> Task<void> {
    for (int turns = 0; turns < 60; ++turns) {
      std::vector<Held> uploads;
      for (std::uint64_t i = 0; i < 6; ++i) uploads.push_back(upload(blobs, i));
      for (int turn = 0; turn < turns; ++turn) co_await yield();
      if (turns % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    // All memory is back: as many bytes as ever can be written.
    const Bytes bytes = make_bytes(2'000'000, 99);
    const BlobInfo info = co_await put(blobs, bytes);
    EXPECT_EQ(info.digest, independent_digest(bytes));
  };
  run(scenario(store()));
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

TEST_P(StoreContract, ManyWritersShareASmallBudget) {
  open(std::size_t{1} << 20);
  std::vector<Task<void>> tasks;
  const auto write = [](BlobStore& blobs, std::uint64_t seed) -> Task<void> {
    const Bytes bytes = make_bytes(seed % 10 == 0 ? 300'000 : 2'000, seed);
    const Sha256Digest expected = independent_digest(bytes);
    // In small portions with pauses, as a network gives them.
    std::unique_ptr<BlobWriter> writer = co_await blobs.create(bytes.size(), kOwner);
    for (ByteView rest = bytes; !rest.empty();) {
      const ByteView portion = rest.first(std::min<std::size_t>(rest.size(), 16'000));
      co_await writer->write(portion);
      co_await yield();
      rest = rest.subspan(portion.size());
    }
    const BlobInfo info = co_await writer->finish();
    EXPECT_EQ(info.digest, expected);
  };
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) tasks.push_back(write(store(), seed));
  run(all(std::move(tasks)));
  EXPECT_EQ(under_test_->count(), 1'000u);
  EXPECT_EQ(under_test_->leftovers(), 0u);
}

}  // namespace coffer::blobs::test
