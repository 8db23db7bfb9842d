// The contract about what is stored: reading, listing, removing.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "blobs/contract/fixture.h"

namespace coffer::blobs::test {

TEST_P(DigestStoreContract, UnknownBlobIsNull) {
  EXPECT_EQ(run(store().open(independent_digest(as_bytes("never written")))), nullptr);
}

TEST_P(StoreContract, ReadsFromAnyOffset) {
  const Bytes bytes = make_bytes(300'007, 6);
  const StoredBlob blob = run(put(store(), bytes));
  const std::shared_ptr<const Content> content = run(store().open(blob.ref()));
  ASSERT_TRUE(content);
  EXPECT_EQ(content->size(), bytes.size());
  for (const std::uint64_t offset : {0u, 1u, 4095u, 131'072u, 300'006u}) {
    const Bytes rest = run(read(*content, offset, 99'991));
    EXPECT_TRUE(std::ranges::equal(rest, ByteView(bytes).subspan(offset))) << offset;
  }
}

TEST_P(DigestStoreContract, RemovedBlobStaysReadableWhileOpen) {
  const Bytes bytes = make_bytes(200'000, 7);
  const BlobInfo info = run(put(store(), bytes));
  const std::shared_ptr<const Content> content = run(store().open(info.digest));
  ASSERT_TRUE(content);
  EXPECT_TRUE(run(remove(store(), info.digest)));
  EXPECT_EQ(run(store().open(info.digest)), nullptr);
  EXPECT_EQ(run(read(*content)), bytes);
  EXPECT_EQ(run(put(store(), bytes)).digest, info.digest);
  EXPECT_EQ(stored(info.digest), bytes);
}

TEST_P(DigestStoreContract, AListTellsWhenABlobWasWrittenLast) {
  using std::chrono::seconds;
  const Bytes bytes = make_bytes(1'000, 8);
  EXPECT_TRUE(run(put(store(), bytes)).new_at);
  EXPECT_EQ(run(store().list(std::nullopt, 10)).at(0).written, kStart);
  clock_.advance(seconds(100));
  EXPECT_FALSE(run(put(store(), bytes)).new_at) << "it was there";
  EXPECT_EQ(run(store().list(std::nullopt, 10)).at(0).written, kStart + seconds(100));
}

// The sizes of the following are of both kinds of blob that a store may keep apart.

TEST_P(DigestStoreContract, ADiscardedBlobGoes) {
  for (const std::size_t size : {1'000uz, 140'000uz}) {
    const Bytes bytes = make_bytes(size, 4);
    auto durable_blob = run(seal(store(), bytes));
    const Sha256Digest digest = durable_blob->digest();
    durable_blob->wait();
    durable_blob->discard();
    durable_blob.reset();
    // Also before it is durable, and when no caller waits for it.
    const Bytes others = make_bytes(size, 5);
    const Sha256Digest other = independent_digest(others);
    run(seal(store(), others))->discard();
    under_test_->reopen();
    EXPECT_FALSE(run(store().open(digest))) << size;
    EXPECT_FALSE(run(store().open(other))) << size;
    EXPECT_EQ(run(put(store(), bytes)).digest, digest);
    EXPECT_EQ(stored(digest), bytes) << "stored anew";
  }
}

TEST_P(DigestStoreContract, ADiscardSparesWhatSomebodyElseHasWritten) {
  for (const std::size_t size : {1'000uz, 140'000uz}) {
    const Bytes bytes = make_bytes(size, 6);
    const Sha256Digest digest = independent_digest(bytes);
    const auto first = run(seal(store(), bytes));
    first->wait();
    // The clock tells nothing: it may be set back meanwhile.
    clock_.advance(std::chrono::seconds(-100));
    run(put(store(), bytes));
    first->discard();
    under_test_->reopen();
    EXPECT_EQ(stored(digest), bytes) << "written again since";
    const auto again = run(seal(store(), bytes));
    again->wait();
    again->discard();
    under_test_->reopen();
    EXPECT_EQ(stored(digest), bytes) << "it was there before";
  }
}

TEST_P(DigestStoreContract, ADiscardOfOneOfManyAtOnceSparesTheOthers) {
  constexpr int kRounds = 20;
  std::vector<Bytes> written;
  for (int round = 0; round < kRounds; ++round) {
    const Bytes& bytes =
        written.emplace_back(make_bytes(round % 2 ? 1'000 : 140'000, 900 + unsigned(round)));
    const auto unwanted = run(seal(store(), bytes));
    std::jthread discarding([&] { unwanted->discard(); });
    run(put(store(), bytes));
  }
  under_test_->reopen();
  for (const Bytes& bytes : written) EXPECT_EQ(stored(independent_digest(bytes)), bytes);
}

TEST_P(DigestStoreContract, ARemovalTakesHoweverNewABlobIs) {
  for (const std::size_t size : {std::size_t{1'000}, std::size_t{140'000}}) {
    const Bytes bytes = make_bytes(size, 10);
    const Sha256Digest digest = run(put(store(), bytes)).digest;
    const auto removal = store().begin_removal();
    EXPECT_TRUE(run(removal->remove(digest)));
    EXPECT_EQ(run(store().open(digest)), nullptr);
    EXPECT_TRUE(run(removal->remove(digest))) << "gone already";
  }
}

TEST_P(DigestStoreContract, ARemovalSparesWhatSomebodyHasHeldSinceItBegan) {
  for (const std::size_t size : {std::size_t{1'000}, std::size_t{140'000}}) {
    const Bytes bytes = make_bytes(size, 11);
    run(put(store(), bytes));
    auto durable_blob = run(seal(store(), bytes));
    const Sha256Digest digest = durable_blob->digest();
    auto removal = store().begin_removal();
    // The clock tells nothing: it may be set back meanwhile.
    clock_.advance(std::chrono::seconds(-100));
    EXPECT_FALSE(run(removal->remove(digest)));
    durable_blob->wait();
    durable_blob = nullptr;
    EXPECT_FALSE(run(removal->remove(digest))) << "a reference may have been made meanwhile";

    removal = store().begin_removal();
    run(put(store(), bytes));
    EXPECT_FALSE(run(removal->remove(digest))) << "written again since it began";
    EXPECT_EQ(stored(digest), bytes);

    removal = store().begin_removal();
    EXPECT_TRUE(run(removal->remove(digest)));
    run(put(store(), bytes));
    EXPECT_EQ(stored(digest), bytes) << "stored anew";
    removal = store().begin_removal();
    EXPECT_TRUE(run(removal->remove(digest)));
  }
}

TEST_P(StoreContract, ADurableBlobMayOutliveItsStore) {
  const Bytes bytes = make_bytes(1'000, 13);
  const auto durable_blob = run(seal(store(), bytes));
  durable_blob->wait();
  open(std::size_t{16} << 20);
}

// A collector and uploads of the same bytes: whoever has a durable blob can read them.
TEST_P(DigestStoreContract, ARemovalNeverTakesWhatAWriterReliesOn) {
  for (int round = 0; round < 100; ++round) {
    const Bytes bytes = make_bytes(round % 2 ? 1'000 : 140'000, 12);
    const Sha256Digest digest = run(put(store(), bytes)).digest;
    std::thread collector([&] {
      InlineExecutor other;
      const auto removal = store().begin_removal();
      other.run(removal->remove(digest));
    });
    const auto durable_blob = run(seal(store(), bytes));
    durable_blob->wait();
    collector.join();
    ASSERT_EQ(stored(digest), bytes) << round;
  }
}

TEST_P(DigestStoreContract, ListsEverythingInOrderByPages) {
  std::vector<Sha256Digest> written;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Bytes bytes = make_bytes(i, i);
    written.push_back(run(put(store(), bytes)).digest);
  }
  std::ranges::sort(written);
  for (const std::size_t page : {1uz, 2uz, 99uz, 100uz, 1'000uz}) {
    const std::vector<BlobStore::Listed> listed = run(list_all(store(), page));
    ASSERT_EQ(listed.size(), written.size());
    for (std::size_t i = 0; i < listed.size(); ++i) {
      EXPECT_EQ(listed[i].info.digest, written[i]);
      EXPECT_EQ(listed[i].written, kStart);
      if (page == 1'000) {
        EXPECT_EQ(stored(written[i]).size(), listed[i].info.size);
      }
    }
  }
  Sha256Digest last;
  last.bytes.fill(std::byte{0xff});
  EXPECT_TRUE(run(store().list(last, 10)).empty());
}

TEST_P(StoreContract, ReportsRoom) { EXPECT_GT(run(store().free_bytes()), 0u); }

}  // namespace coffer::blobs::test
