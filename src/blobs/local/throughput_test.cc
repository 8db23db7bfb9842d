// How fast one large blob is written and what memory it takes. Not part of each run:
// --gtest_also_run_disabled_tests --gtest_filter='*Throughput*'
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

#include "blobs/local/buffer_pool.h"
#include "blobs/local/local_store.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {
namespace {

constexpr std::uint64_t kTotal = std::uint64_t{1} << 30;

template <class Work>
double gigabytes_per_second(Work work) {
  const auto before = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  return static_cast<double>(kTotal) / 1e9 / took.count();
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(Throughput, DISABLED_LargeBlobTakesLittleMemory) {
  BufferPool pool(kBufferBytes, 0);
  const Buffer block = pool.try_take();
  const Bytes pattern = make_bytes(kBufferBytes, 1);
  std::ranges::copy(pattern, block.span().begin());

  const double hashing = gigabytes_per_second([&] {
    Sha256 hash;
    for (std::uint64_t at = 0; at < kTotal; at += kBufferBytes) hash.update(block.span());
    hash.finish();
  });

  TemporaryFolder folder;
  const double writing = gigabytes_per_second([&] {
    const OpenFile file(
        ::open((folder.path() / "raw").c_str(), O_WRONLY | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
    for (std::uint64_t at = 0; at < kTotal; at += kBufferBytes) {
      ASSERT_EQ(::pwrite(file.fd(), block.span().data(), kBufferBytes, static_cast<off_t>(at)),
                static_cast<ssize_t>(kBufferBytes));
    }
    ASSERT_EQ(::fdatasync(file.fd()), 0);
  });

  const auto store = open_local_store({.root = folder.path() / "store", .clock = system_clock()});
  InlineExecutor executor;
  std::size_t most = 0;
  const auto upload = [&]() -> Task<void> {
    std::unique_ptr<BlobWriter> writer = co_await store->create(kTotal);
    for (std::uint64_t left = kTotal; left > 0;) {
      const ByteSpan room = co_await writer->room();
      const std::size_t count = std::min<std::uint64_t>(room.size(), left);
      std::copy_n(pattern.begin(), count, room.begin());
      writer->advance(count);
      left -= count;
      most = std::max(most, resident_bytes());
    }
    co_await writer->finish();
  };
  const std::size_t before = resident_bytes();
  const double storing = gigabytes_per_second([&] { executor.run(upload()); });
  fmt::print("GB/s: sha256 {:.2f}, write {:.2f}, store {:.2f}; memory grew by {:.1f} MiB\n",
             hashing, writing, storing, static_cast<double>(most - before) / (1 << 20));
  EXPECT_LT(most - before, std::size_t{8} << 20);
  // Hashing and writing take turns on one thread.
  EXPECT_GT(storing, 0.5 / (1 / hashing + 1 / writing));
}

}  // namespace
}  // namespace coffer::blobs::test
