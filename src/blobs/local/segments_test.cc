// Small blobs: what their files hold, how they come back at the next start, how their room is
// given back.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "blobs/local/layout.h"
#include "blobs/local/segment_format.h"
#include "blobs/local/segments.h"
#include "blobs/local/test_disks.h"
#include "blobs/local/test_segments.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

TEST_F(SegmentStore, FileIsWhatTheDocumentSays) {
  const Bytes bytes = make_bytes(1'001, 1);
  const Sha256Digest digest = add(*open(), bytes);
  EXPECT_EQ(count_entries(folder_.path() / "blobs"), 1u) << "tmp/";
  const Bytes file = content_of(folder_.path() / "segments" / "00000001.seg");
  ASSERT_EQ(file.size(), 64u + 64u + 1'008u);
  EXPECT_EQ(as_text(ByteView(file).first(8)), "CofferSg");
  EXPECT_EQ(to_hex(ByteView(file).subspan(8, 8)), "0100000001000000");
  EXPECT_EQ(to_hex(ByteView(file).subspan(72, 8)), "01000000e9030000");
  EXPECT_TRUE(std::ranges::equal(ByteView(file).subspan(16, 8), ByteView(file).subspan(64, 8)));
  EXPECT_TRUE(std::ranges::equal(ByteView(file).subspan(88, 32), digest.bytes));
  const Sha256Digest check = independent_digest(ByteView(file).subspan(64, 56));
  EXPECT_TRUE(std::ranges::equal(ByteView(file).subspan(120, 8), ByteView(check.bytes).first(8)));
  EXPECT_TRUE(std::ranges::equal(ByteView(file).subspan(128, 1'001), bytes));
}

TEST_F(SegmentStore, SizeDecidesWhereABlobGoes) {
  const auto store = open();
  add(*store, make_bytes(kSmallBytes - 1, 1));
  EXPECT_EQ(count_entries(folder_.path() / "blobs"), 1u) << "tmp/";
  add(*store, make_bytes(kSmallBytes, 2));
  EXPECT_EQ(count_entries(folder_.path() / "blobs"), 2u);
}

// With a good index, without one, with one that tells of a part, and with damaged ones.
TEST_F(SegmentStore, ComesBackWhateverItsIndexIs) {
  std::set<Sha256Digest> kept;
  std::vector<Sha256Digest> removed;
  Sha256Digest touched;
  Bytes old_index;
  for (std::uint64_t start = 0; start < 3; ++start) {
    const auto store = open();
    for (std::uint64_t i = 0; i < 100; ++i) {
      const Sha256Digest digest = add(*store, make_bytes(i * 17, start * 100 + i));
      if (i == 50) touched = digest;
      if (i % 3 == 0) {
        removed.push_back(digest);
        EXPECT_TRUE(run(remove(*store, digest)));
      } else {
        kept.insert(digest);
      }
    }
    clock_.advance(seconds(10));
    add(*store, make_bytes(50 * 17, start * 100 + 50));
    if (start == 1) old_index = content_of(files(".idx").at(0));
  }
  const Time written = clock_.now();
  const fs::path index = files(".idx").at(0);
  const Bytes good = content_of(index);
  const std::vector<std::function<void()>> damages{
      [] {},
      [&] { fs::remove(index); },
      [&] { std::ofstream(index, std::ios::binary | std::ios::trunc); },
      [&] { fs::resize_file(index, good.size() - 48); },
      [&] { overwrite(index, 0, old_index), fs::resize_file(index, old_index.size()); },
      [&] { flip(index, 9); },
      [&] { flip(index, 17); },
      [&] { flip(index, 26); },
      [&] { flip(index, 40); },
      [&] { flip(index, 100); },
      [&] { flip(index, good.size() - 1); },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    SCOPED_TRACE(i);
    damages[i]();
    const auto store = open();
    const auto found = times(*store);
    ASSERT_EQ(found.size(), kept.size());
    for (const Sha256Digest& digest : kept) {
      const std::optional<Bytes> bytes = find(*store, digest);
      ASSERT_TRUE(bytes);
      EXPECT_EQ(independent_digest(*bytes), digest);
    }
    for (const Sha256Digest& digest : removed) EXPECT_FALSE(find(*store, digest));
    EXPECT_EQ(found.at(touched), written);
  }
  EXPECT_EQ(content_of(index), good) << "it was made again";
}

TEST_F(SegmentStore, TornTailIsCut) {
  std::vector<Sha256Digest> kept;
  const std::vector<std::function<Bytes(ByteView)>> tails{
      [](ByteView) { return make_bytes(1, 1); },
      [](ByteView) { return make_bytes(5'000, 2); },
      [](ByteView) { return Bytes(10'000); },
      // A whole record with a byte of its payload changed, and one that ends in mid-payload.
      [](ByteView record) {
        Bytes bytes(record.begin(), record.end());
        bytes[100] ^= std::byte{1};
        return bytes;
      },
      [](ByteView record) { return Bytes(record.begin(), record.end() - 8); },
  };
  for (std::size_t i = 0; i < tails.size(); ++i) {
    SCOPED_TRACE(i);
    const Bytes last = make_bytes(1'000, 100 + i);
    kept.push_back(add(*open(), last));
    const fs::path segment = files(".seg").at(0);
    const std::uint64_t size = fs::file_size(segment);
    const Bytes whole = content_of(segment);
    add_to_end(segment, tails[i](ByteView(whole).last(64 + 1'000)));
    if (i % 2) remove_indexes();
    const auto store = open();
    EXPECT_EQ(fs::file_size(segment), size);
    for (const Sha256Digest& digest : kept) {
      const auto bytes = find(*store, digest);
      ASSERT_TRUE(bytes);
      EXPECT_EQ(independent_digest(*bytes), digest);
    }
  }
  EXPECT_EQ(files(".seg").size(), 1u);
}

TEST_F(SegmentStore, DamageInTheMiddleCostsNothingElse) {
  const Bytes first = make_bytes(2'000, 1);
  const Bytes in_payload = make_bytes(2'000, 2);
  const Bytes in_header = make_bytes(2'000, 3);
  const Bytes last = make_bytes(2'000, 4);
  {
    const auto store = open();
    for (const Bytes& bytes : {first, in_payload, in_header, last}) add(*store, bytes);
  }
  const fs::path segment = files(".seg").at(0);
  flip(segment, position_of(segment, in_payload) + 100);
  flip(segment, position_of(segment, in_header) - 30);
  remove_indexes();
  for (int start = 0; start < 2; ++start) {
    const auto store = open();
    EXPECT_EQ(find(*store, independent_digest(first)), first);
    EXPECT_EQ(find(*store, independent_digest(last)), last);
    EXPECT_FALSE(find(*store, independent_digest(in_payload))) << "it is not what its name says";
    EXPECT_FALSE(find(*store, independent_digest(in_header)));
  }
  const auto store = open();
  add(*store, in_payload);
  EXPECT_EQ(find(*store, independent_digest(in_payload)), in_payload);
}

// Bytes that a client sends look like a record that voids another.
TEST_F(SegmentStore, PayloadIsNeverTakenForARecord) {
  const Bytes victim = make_bytes(500, 1);
  const Sha256Digest digest = independent_digest(victim);
  Bytes forged(64);
  encode(
      Record{.kind = RecordKind::kRemoval,
             .digest = digest,
             .value = static_cast<std::int64_t>(RecordLocation{.segment = 1, .unit = 8}.packed())},
      0x0123'4567'89ab'cdef, forged);
  {
    const auto store = open();
    add(*store, victim);
    add(*store, forged);
  }
  const fs::path segment = files(".seg").at(0);
  flip(segment, position_of(segment, forged) - 30);
  remove_indexes();
  EXPECT_EQ(find(*open(), digest), victim);
}

TEST_F(SegmentStore, NewerFormatIsRefusedAndLeftAlone) {
  add(*open(), make_bytes(500, 1));
  const fs::path segment = files(".seg").at(0);
  std::array<std::byte, kHeaderBytes> header{};
  encode(SegmentHeader{.version = kSegmentVersion + 1, .number = 1, .nonce = 7}, header);
  overwrite(segment, 0, header);
  const Bytes before = content_of(segment);
  try {
    open();
    FAIL() << "it opened";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("newer version"), std::string::npos) << error.what();
  }
  EXPECT_EQ(content_of(segment), before);
}

TEST_F(SegmentStore, DamagedHeaderCostsNothingWhileThereIsAnIndex) {
  const Bytes bytes = make_bytes(500, 1);
  const Sha256Digest digest = add(*open(), bytes);
  const fs::path segment = files(".seg").at(0);
  flip(segment, 20);
  EXPECT_EQ(find(*open(), digest), bytes);
  remove_indexes();
  const auto store = open();
  EXPECT_FALSE(find(*store, digest));
  EXPECT_TRUE(fs::exists(segment)) << "somebody may be able to save it";
  add(*store, bytes);
  EXPECT_EQ(find(*store, digest), bytes);
}

TEST_F(SegmentStore, BeginningOfASegmentThatACrashLeftIsRemoved) {
  open();
  std::ofstream(folder_.path() / "segments" / "00000001.seg");
  std::ofstream(folder_.path() / "segments" / "00000002.seg") << std::string(64, '\0');
  std::ofstream(folder_.path() / "segments" / "00000003.idx") << "x";
  std::ofstream(folder_.path() / "segments" / "README") << "x";
  open();
  EXPECT_EQ(count_entries(folder_.path() / "segments"), 1u);
}

TEST_F(SegmentStore, RoomOfRemovedBlobsIsGivenBack) {
  constexpr std::uint64_t kSegment = 128 * 1024;
  std::set<Sha256Digest> kept;
  std::vector<std::pair<std::shared_ptr<const Content>, Bytes>> open_before;
  {
    const auto store = open(kSegment);
    for (std::uint64_t i = 0; i < 400; ++i) {
      const Bytes bytes = make_bytes(4'000, i);
      const Sha256Digest digest = add(*store, bytes);
      if (i % 20 == 0) open_before.emplace_back(run(store->open(digest)), bytes);
      if (i % 10 == 0) kept.insert(digest);
    }
    EXPECT_GT(files(".seg").size(), 10u);
    for (const auto& [digest, time] : times(*store)) {
      if (!kept.contains(digest)) {
        EXPECT_TRUE(run(remove(*store, digest)));
      }
    }
    EXPECT_TRUE(eventually([&] { return segment_bytes() < 3 * kSegment; })) << segment_bytes();
    for (const auto& [content, bytes] : open_before) EXPECT_EQ(run(read(*content)), bytes);
  }
  for (const bool with_index : {true, false}) {
    if (!with_index) remove_indexes();
    const auto store = open(kSegment);
    const auto found = times(*store);
    EXPECT_EQ(found.size(), kept.size()) << "what was removed stays so";
    for (const Sha256Digest& digest : kept) {
      EXPECT_EQ(found.at(digest), kStart);
      const auto bytes = find(*store, digest);
      ASSERT_TRUE(bytes);
      EXPECT_EQ(independent_digest(*bytes), digest);
    }
  }
}

TEST_F(SegmentStore, DamagedBlobIsNotGivenUpWithItsSegment) {
  constexpr std::uint64_t kSegment = 64 * 1024;
  const Bytes damaged = make_bytes(4'000, 0);
  std::vector<Sha256Digest> others;
  const auto store = open(kSegment);
  const Sha256Digest digest = add(*store, damaged);
  const fs::path segment = files(".seg").at(0);
  flip(segment, position_of(segment, damaged));
  for (std::uint64_t i = 1; i < 60; ++i) others.push_back(add(*store, make_bytes(4'000, i)));
  for (const Sha256Digest& other : others) run(remove(*store, other));
  EXPECT_TRUE(eventually([&] { return segment_bytes() < 3 * kSegment; }));
  EXPECT_TRUE(fs::exists(segment));
  EXPECT_EQ(find(*store, digest)->size(), damaged.size());
}

// Everybody works on the same few blobs while segments fill and are rewritten all the time.
TEST_F(SegmentStore, RewritingDisturbsNobody) {
  constexpr std::uint64_t kSegment = 32 * 1024;
  auto store = open(kSegment);
  const auto bytes_of = [](std::uint64_t i) { return make_bytes(500 + i * 13, i); };
  constexpr std::uint64_t kLasting = 40;
  for (std::uint64_t i = 0; i < kLasting; ++i) add(*store, bytes_of(i));
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {  // lasting blobs are always there
    InlineExecutor here;
    for (std::uint64_t i = 0; !stop; ++i, ++reads) {
      const Bytes expected = bytes_of(i % kLasting);
      const auto content = here.run(store->open(independent_digest(expected)));
      ASSERT_TRUE(content);
      ASSERT_EQ(here.run(read(*content)), expected);
    }
  });
  for (std::uint64_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {  // passing ones come and go
      InlineExecutor here;
      std::mt19937_64 random(writer);
      while (!stop) {
        const Bytes bytes = make_bytes(1'500, 1'000 + random() % 30);
        here.run(seal(*store, bytes))->discard();
        here.run(put(*store, bytes_of(random() % kLasting)));
      }
    });
  }
  threads.emplace_back([&] {  // who discards what was there before takes nothing
    InlineExecutor here;
    while (!stop) {
      for (std::uint64_t i = 0; i < kLasting; ++i) {
        const auto found = here.run(seal(*store, bytes_of(i)));
        found->wait();
        found->discard();
      }
      std::this_thread::yield();
    }
  });
  const auto last = [&] { return files(".seg").back().stem().string(); };
  const std::string before = last();
  EXPECT_TRUE(eventually([&] { return reads > 300 && last() > before && last() > "00000020"; }))
      << last();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  store.reset();
  remove_indexes();
  store = open(kSegment);
  for (std::uint64_t i = 0; i < kLasting; ++i) {
    EXPECT_EQ(find(*store, independent_digest(bytes_of(i))), bytes_of(i));
  }
  EXPECT_TRUE(eventually([&] { return files(".seg").size() < 8; })) << files(".seg").size();
}

// A store from a time when each blob had a file of its own.
TEST_F(SegmentStore, SmallFilesOfOldAreServedListedAndRemoved) {
  open();
  const Bytes bytes = make_bytes(700, 1);
  const Sha256Digest digest = independent_digest(bytes);
  const fs::path file = folder_.path() / blob_name(digest);
  fs::create_directories(file.parent_path());
  add_to_end(file, bytes);
  auto store = open();
  EXPECT_EQ(find(*store, digest), bytes);
  auto made = run(seal(*store, bytes));
  made->wait();
  EXPECT_EQ(run(list_all(*store, 10)).size(), 1u);
  made->discard();
  made.reset();
  store.reset();
  store = open();
  EXPECT_EQ(find(*store, digest), bytes) << "whoever relies on the file still has it";
  EXPECT_TRUE(run(remove(*store, digest)));
  EXPECT_FALSE(find(*store, digest));
}

// Each call to the disk fails once while a segment is filled, sealed and rewritten.
TEST_F(SegmentStore, AnyOneCallMayFailWhileRoomIsGivenBack) {
  constexpr std::uint64_t kSegment = 16 * 1024;
  for (int call = 0;; ++call) {
    TemporaryFolder place;
    const LocalOptions where{.root = place.path(), .clock = clock_, .segment_bytes = kSegment};
    const auto plan = std::make_shared<FaultPlan>();
    std::set<Sha256Digest> kept;
    std::set<Sha256Digest> removed;
    {
      const auto store = open_local_store(std::make_unique<FailingDisk>(place.path(), plan), where);
      plan->calls_until_fault = call;
      for (std::uint64_t i = 0; i < 24; ++i) {
        try {
          const Sha256Digest digest = add(*store, make_bytes(1'500, i));
          kept.insert(digest);
          if (i % 4 == 0) continue;
          kept.erase(digest);
          run(remove(*store, digest));
        } catch (const Error&) {
          EXPECT_TRUE(plan->failed);
        }
      }
      const fs::path segments = place.path() / "segments";
      EXPECT_TRUE(eventually([&] { return plan->failed || bytes_in(segments) < kSegment; }));
    }
    const char* failed = plan->failed;
    SCOPED_TRACE(fmt::format("call {} ({})", call, failed ? failed : "none"));
    if (call % 2) {
      for (const auto& entry : fs::directory_iterator(place.path() / "segments")) {
        if (entry.path().extension() == ".idx") fs::remove(entry.path());
      }
    }
    const auto store = open_local_store(where);
    for (const Sha256Digest& digest : kept) {
      const auto bytes = find(*store, digest);
      ASSERT_TRUE(bytes);
      EXPECT_EQ(independent_digest(*bytes), digest);
    }
    for (const BlobStore::Listed& blob : run(list_all(*store, 100))) {
      EXPECT_EQ(independent_digest(*find(*store, blob.info.digest)), blob.info.digest);
    }
    if (!failed) {
      EXPECT_GT(call, 40) << "the workload makes that many calls";
      break;
    }
  }
}

// The power goes while segments are rewritten: what was moved is in its new place or its old.
TEST_F(SegmentStore, PowerLossDuringRewriteLosesNothing) {
  constexpr std::uint64_t kSegment = 16 * 1024;
  for (int round = 0; round < 12; ++round) {
    TemporaryFolder place;
    const LocalOptions where{.root = place.path(), .clock = clock_, .segment_bytes = kSegment};
    const auto memory = std::make_shared<Volatile>();
    memory->root = place.path();
    std::set<Sha256Digest> kept;
    {
      const auto store = open_local_store(std::make_unique<ForgetfulDisk>(memory), where);
      for (std::uint64_t i = 0; i < 40; ++i) {
        const Sha256Digest digest = add(*store, make_bytes(1'500, i));
        if (i % 5 == 0) {
          kept.insert(digest);
        } else {
          run(remove(*store, digest));
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(round * 20));
    }
    if (round % 2) {
      memory->lose_bytes();
    } else {
      memory->lose_first_page();
    }
    memory->lose_names();
    const auto store = open_local_store(where);
    for (const Sha256Digest& digest : kept) {
      const auto bytes = find(*store, digest);
      ASSERT_TRUE(bytes) << round;
      EXPECT_EQ(independent_digest(*bytes), digest);
    }
  }
}

}  // namespace
}  // namespace coffer::blobs::test
