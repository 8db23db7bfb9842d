// How fast blobs are written, and a full store is opened. Not part of each run:
// --gtest_also_run_disabled_tests --gtest_filter='*Throughput*'
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "blobs/buffer_pool.h"
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
  UploadBudget budget({.bytes = kBufferBytes, .max_request = kBufferBytes});
  const auto share = budget.open("test");
  BufferPool pool(0);
  const Buffer block = pool.take(budget.try_take(*share, kBufferBytes));
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
  std::size_t max = 0;
  const auto upload = [&]() -> Task<void> {
    std::unique_ptr<BlobWriter> writer = co_await store->create(kTotal, kOwner);
    for (std::uint64_t left = kTotal; left > 0;) {
      const ByteSpan space = co_await space_of(*writer);
      const std::size_t count = std::min<std::uint64_t>(space.size(), left);
      std::copy_n(pattern.begin(), count, space.begin());
      writer->advance(count);
      left -= count;
      max = std::max(max, resident_bytes());
    }
    co_await writer->finish();
  };
  const std::size_t before = resident_bytes();
  const double storing = gigabytes_per_second([&] { executor.run(upload()); });
  fmt::print("GB/s: sha256 {:.2f}, write {:.2f}, store {:.2f}; memory grew by {:.1f} MiB\n",
             hashing, writing, storing, static_cast<double>(max - before) / (1 << 20));
  EXPECT_LT(max - before, std::size_t{8} << 20);
  // One thread hashes while another writes.
  EXPECT_GT(storing, 0.5 * std::min(hashing, writing));
}

// Runs `count` writers at once until `total` blobs of `size` bytes are stored; how many a second.
double blobs_per_second(BlobStore& store, std::size_t writers, std::uint64_t total,
                        std::size_t size, std::vector<double>* milliseconds = nullptr) {
  InlineExecutor executor;
  std::uint64_t next = 0;
  const auto write = [&]() -> Task<void> {
    while (next < total) {
      const Bytes bytes = make_bytes(size, next++);
      const auto before = std::chrono::steady_clock::now();
      co_await put(store, bytes);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - before;
      if (milliseconds) milliseconds->push_back(took.count());
    }
  };
  std::vector<Task<void>> tasks;
  for (std::size_t i = 0; i < writers; ++i) tasks.push_back(write());
  const auto before = std::chrono::steady_clock::now();
  executor.run(all(std::move(tasks)));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  return static_cast<double>(total) / took.count();
}

// The same with a file for each blob: written, synced, named, its folder synced.
double files_per_second(const std::filesystem::path& root, std::size_t writers, std::uint64_t total,
                        std::size_t size) {
  const auto disk = posix_disk(root);
  disk->make_folder("tmp");
  for (int i = 0; i < 256; ++i) disk->make_folder(fmt::format("{:02x}", i));
  std::atomic<std::uint64_t> next = 0;
  std::vector<std::thread> threads;
  const auto before = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < writers; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t number = next++; number < total; number = next++) {
        const Bytes bytes = make_bytes(size, number);
        const std::string name = Sha256::of(bytes).hex();
        const std::string temporary = fmt::format("tmp/{}", number);
        const OpenFile file = disk->create(temporary);
        disk->write(file, bytes, 0);
        disk->sync(file);
        disk->rename(temporary, name.substr(0, 2) + "/" + name);
        disk->sync_folder(name.substr(0, 2));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
  return static_cast<double>(total) / took.count();
}

TEST(Throughput, DISABLED_SmallBlobs) {
  for (const std::size_t writers : {1uz, 16uz, 64uz}) {
    const std::uint64_t total = writers == 1 ? 3'000 : 60'000;
    std::vector<double> ratios;
    for (int round = 0; round < 3; ++round) {
      TemporaryFolder folder;
      const double files = files_per_second(folder.path(), writers, total / 6, 4'096);
      const auto store =
          open_local_store({.root = folder.path() / "store", .clock = system_clock()});
      std::vector<double> times;
      const double blobs = blobs_per_second(*store, writers, total, 4'096, &times);
      std::ranges::sort(times);
      fmt::print("{:2} writers: {:7.0f} blobs/s, p50 {:.2f} ms, p99 {:.2f} ms; files {:6.0f}/s\n",
                 writers, blobs, times[times.size() / 2], times[times.size() * 99 / 100], files);
      ratios.push_back(blobs / files);
    }
    std::ranges::sort(ratios);
    fmt::print("{:2} writers: {:.1f} times files (median)\n", writers, ratios[1]);
    if (writers == 64) {
      EXPECT_GT(ratios[1], 3);
    }
  }
}

TEST(Throughput, DISABLED_OpeningAMillion) {
  constexpr std::uint64_t kBlobs = 1'000'000;
  TemporaryFolder folder;
  const LocalOptions where{.root = folder.path(), .clock = system_clock()};
  {
    const auto store = open_local_store(where);
    fmt::print("filled with {:.0f} blobs/s\n", blobs_per_second(*store, 256, kBlobs, 1'000));
  }
  InlineExecutor executor;
  for (const bool with_indexes : {true, true, false}) {
    if (!with_indexes) {
      for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "segments")) {
        if (entry.path().extension() == ".idx") std::filesystem::remove(entry.path());
      }
    }
    const std::size_t memory = resident_bytes();
    const auto before = std::chrono::steady_clock::now();
    const auto store = open_local_store(where);
    const std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - before;
    fmt::print("opened in {:.0f} ms, {}; {:.0f} MiB more\n", took.count(),
               with_indexes ? "with indexes" : "without",
               static_cast<double>(resident_bytes() - memory) / (1 << 20));
    const auto listing = std::chrono::steady_clock::now();
    EXPECT_EQ(executor.run(list_all(*store, 1'000)).size(), kBlobs);
    const std::chrono::duration<double, std::milli> listed =
        std::chrono::steady_clock::now() - listing;
    fmt::print("listed in {:.0f} ms\n", listed.count());
    if (with_indexes) {
      EXPECT_LT(took.count(), 1'000);
    }
  }
}

}  // namespace
}  // namespace coffer::blobs::test
