// What tests of segments share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "blobs/local/local_store.h"
#include "blobs/test_support.h"

namespace coffer::blobs::test {

class SegmentStore : public testing::Test {
 protected:
  static constexpr Time kStart = from_micros(1'700'000'000'000'000);

  std::unique_ptr<BlobStore> open(std::uint64_t segment_bytes = std::uint64_t{64} << 20) {
    return open_local_store(
        {.root = folder_.path(), .clock = clock_, .segment_bytes = segment_bytes});
  }
  template <class T>
  T run(Task<T> task) {
    return executor_.run(std::move(task));
  }
  Sha256Digest add(BlobStore& store, ByteView bytes) { return run(put(store, bytes)).digest; }
  std::optional<Bytes> find(BlobStore& store, const Sha256Digest& digest) {
    const std::shared_ptr<const Content> content = run(store.open(digest));
    if (!content) return std::nullopt;
    return run(read(*content));
  }
  std::map<Sha256Digest, Time> times(BlobStore& store) {
    std::map<Sha256Digest, Time> found;
    for (const BlobStore::Listed& blob : run(list_all(store, 100))) {
      found[blob.info.digest] = blob.written;
    }
    return found;
  }

  std::vector<std::filesystem::path> files(const std::string& suffix) const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "segments")) {
      if (entry.path().extension() == suffix) found.push_back(entry.path());
    }
    std::ranges::sort(found);
    return found;
  }
  void remove_indexes() {
    for (const std::filesystem::path& file : files(".idx")) std::filesystem::remove(file);
  }
  std::uint64_t segment_bytes() const { return bytes_in(folder_.path() / "segments"); }
  static std::uint64_t bytes_in(const std::filesystem::path& segments) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(segments)) {
      std::error_code gone;
      const std::uint64_t size = entry.path().extension() == ".seg" ? entry.file_size(gone) : 0;
      if (!gone) bytes += size;
    }
    return bytes;
  }

  TemporaryFolder folder_;
  ManualClock clock_{kStart};
  InlineExecutor executor_;
};

inline Bytes content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return {as_bytes(text).begin(), as_bytes(text).end()};
}

inline void overwrite(const std::filesystem::path& file, std::uint64_t at, ByteView bytes) {
  std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
  out.seekp(static_cast<std::streamoff>(at));
  out.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
}

inline void add_to_end(const std::filesystem::path& file, ByteView bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out.write(as_text(bytes).data(), static_cast<std::streamsize>(bytes.size()));
}

inline void flip(const std::filesystem::path& file, std::uint64_t at) {
  const Bytes bytes = content_of(file);
  const std::byte flipped = bytes.at(at) ^ std::byte{0x40};
  overwrite(file, at, {&flipped, 1});
}

// Where `part` stands in the file.
inline std::uint64_t position_of(const std::filesystem::path& file, ByteView part) {
  const Bytes bytes = content_of(file);
  const auto found = std::ranges::search(bytes, part);
  EXPECT_FALSE(found.empty());
  return static_cast<std::uint64_t>(found.begin() - bytes.begin());
}

template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 2'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace coffer::blobs::test
