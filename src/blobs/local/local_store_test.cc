#include "blobs/local/local_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "blobs/contract_suite.h"

namespace coffer::blobs::test {
namespace {

namespace fs = std::filesystem;

class LocalUnderTest final : public StoreUnderTest {
 public:
  LocalUnderTest(const fs::path& parent, LocalOptions options)
      : folder_(parent), options_(std::move(options)) {
    options_.root = folder_.path();
    reopen();
  }

  BlobStore& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    store_ = open_local_store(options_);
  }
  std::size_t count() override {
    InlineExecutor executor;
    return executor.run(list_all(*store_, 100)).size();
  }
  std::size_t leftovers() override {
    store_.reset();
    return count_entries(folder_.path() / "blobs" / "tmp");
  }

 private:
  TemporaryFolder folder_;
  LocalOptions options_;
  std::unique_ptr<BlobStore> store_;
};

StoreKind local_in(std::string name, fs::path parent,
                   std::uint64_t segment_bytes = std::uint64_t{64} << 20) {
  return {std::move(name), [parent, segment_bytes](const Clock& clock, std::size_t memory_budget) {
            return std::make_unique<LocalUnderTest>(
                parent, LocalOptions{.root = {},
                                     .clock = clock,
                                     .memory = std::make_shared<UploadMemory>(
                                         UploadMemory::Options{.bytes = memory_budget}),
                                     .segment_bytes = segment_bytes});
          }};
}

// A memory file system may refuse to be written past the page cache. Segments of a few kilobytes
// are sealed and rewritten all the time.
const auto kKinds =
    testing::Values(local_in("Disk", fs::temp_directory_path()), local_in("Memory", "/dev/shm"),
                    local_in("ShortSegments", "/dev/shm", 8 * 1024));
std::string name_of(const testing::TestParamInfo<StoreKind>& tested) { return tested.param.name; }
INSTANTIATE_TEST_SUITE_P(Local, StoreContract, kKinds, name_of);
INSTANTIATE_TEST_SUITE_P(Local, DigestStoreContract, kKinds, name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PlacedStoreContract);

class LocalStore : public testing::Test {
 protected:
  std::unique_ptr<BlobStore> open() {
    return open_local_store({.root = folder_.path(), .clock = clock_});
  }
  fs::path file_of(const Sha256Digest& digest) const {
    const std::string name = digest.hex();
    return folder_.path() / "blobs" / name.substr(0, 2) / name;
  }

  TemporaryFolder folder_;
  ManualClock clock_{from_micros(1'700'000'000'000'000)};
  InlineExecutor executor_;
};

TEST_F(LocalStore, FilesAreWhereTheDocumentSays) {
  const auto store = open();
  const Bytes bytes = make_bytes(200'000, 1);
  const Sha256Digest digest = executor_.run(put(*store, bytes)).digest;
  EXPECT_EQ(fs::file_size(file_of(digest)), bytes.size());
}

TEST_F(LocalStore, OpeningAnOldStoreIsQuickAndRemovesLeftovers) {
  const Bytes bytes = make_bytes(1'000, 2);
  const Sha256Digest digest = executor_.run(put(*open(), bytes)).digest;
  for (const char* name : {"1", "2"}) std::ofstream(folder_.path() / "blobs" / "tmp" / name) << "x";
  const auto before = std::chrono::steady_clock::now();
  const auto store = open();
  const auto took = std::chrono::steady_clock::now() - before;
  // Ten milliseconds are meant; the rest is for a busy machine, and for sanitizers.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  EXPECT_LT(took, std::chrono::milliseconds(1'000));
#else
  EXPECT_LT(took, std::chrono::milliseconds(100));
#endif
  EXPECT_EQ(count_entries(folder_.path() / "blobs" / "tmp"), 0u);
  EXPECT_TRUE(executor_.run(store->open(digest)));
}

// The bytes of files that are open and have no name any more.
std::uint64_t bytes_without_a_name() {
  std::uint64_t sum = 0;
  for (const auto& link : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(link, gone);
    if (!gone && target.string().ends_with(" (deleted)")) sum += fs::file_size(link, gone);
  }
  return sum;
}

TEST_F(LocalStore, ARemovedBlobGivesItsRoomBack) {
  const auto store = open();
  const Sha256Digest digest = executor_.run(put(*store, make_bytes(3'000'000, 6))).digest;
  EXPECT_TRUE(executor_.run(store->open(digest)));
  EXPECT_TRUE(executor_.run(store->open(digest))) << "again, from what is kept open";
  const std::uint64_t before = bytes_without_a_name();
  EXPECT_TRUE(executor_.run(remove(*store, digest)));
  EXPECT_EQ(bytes_without_a_name(), before);
  EXPECT_FALSE(executor_.run(store->open(digest)));
}

TEST_F(LocalStore, DamagedBlobIsReplacedWhenItsBytesComeAgain) {
  const auto store = open();
  const Bytes bytes = make_bytes(500'000, 3);
  const Sha256Digest digest = executor_.run(put(*store, bytes)).digest;
  EXPECT_TRUE(executor_.run(store->open(digest))) << "so that it is kept open";
  fs::resize_file(file_of(digest), 10);
  executor_.run(put(*store, bytes));
  EXPECT_EQ(executor_.run(read(*executor_.run(store->open(digest)))), bytes);
}

TEST_F(LocalStore, ForeignFilesAreNotListedNorTouched) {
  const auto store = open();
  const Sha256Digest digest = executor_.run(put(*store, make_bytes(200'000, 5))).digest;
  const fs::path folder = file_of(digest).parent_path();
  std::string upper = digest.hex();
  std::ranges::transform(upper, upper.begin(),
                         [](char c) { return c >= 'a' ? static_cast<char>(c - 32) : c; });
  std::ofstream(folder / "README") << "x";
  std::ofstream(folder / upper) << "x";
  std::ofstream(folder / std::string(64, folder.filename() == "00" ? '1' : '0')) << "x";
  EXPECT_EQ(executor_.run(list_all(*store, 10)).size(), 1u);
  EXPECT_TRUE(fs::exists(folder / "README"));
}

TEST_F(LocalStore, OneStoreUsesTheFoldersByWhateverNames) {
  auto store = open();
  EXPECT_THROW(open(), StoreInUseError);
  for (const char* name : {"blobs", "segments"}) {
    const TemporaryFolder other;
    fs::create_directory_symlink(folder_.path() / name, other.path() / name);
    const LocalOptions options{.root = other.path(), .clock = clock_};
    EXPECT_THROW(open_local_store(options), StoreInUseError) << name;
    executor_.run(put(*store, make_bytes(200'000, 8)));
    store.reset();
    EXPECT_NO_THROW(open_local_store(options)) << name;
    store = open();
  }
}

TEST_F(LocalStore, BothFoldersMayBeOne) {
  fs::create_directory(folder_.path() / "one");
  for (const char* name : {"blobs", "segments"}) {
    fs::create_directory_symlink(folder_.path() / "one", folder_.path() / name);
  }
  const auto store = open();
  for (const std::size_t size : {1'000u, 200'000u}) {
    const Sha256Digest digest = executor_.run(put(*store, make_bytes(size, 9))).digest;
    EXPECT_TRUE(executor_.run(store->open(digest)));
  }
  EXPECT_NO_THROW(executor_.run(store->check_present()));
}

TEST_F(LocalStore, SaysThatAFolderIsGoneOrAnother) {
  const auto store = open();
  EXPECT_NO_THROW(executor_.run(store->check_present()));
  for (const char* name : {"blobs", "segments", "blobs/tmp"}) {
    const fs::path path = folder_.path() / name;
    fs::rename(path, folder_.path() / "away");
    EXPECT_THROW(executor_.run(store->check_present()), Error) << name;
    if (path.filename() != "tmp") {
      fs::create_directory(path);
      EXPECT_THROW(executor_.run(store->check_present()), Error) << name;
      fs::remove(path);
    }
    fs::rename(folder_.path() / "away", path);
    EXPECT_NO_THROW(executor_.run(store->check_present())) << name;
  }
}

TEST_F(LocalStore, FolderThatCannotBeIsAnError) {
  std::ofstream(folder_.path() / "file") << "x";
  EXPECT_THROW(open_local_store({.root = folder_.path() / "file" / "store", .clock = clock_}),
               Error);
}

TEST_F(LocalStore, ContentMayBeLetGoOfAfterTheStore) {
  std::vector<std::shared_ptr<const Content>> contents;
  auto store = open();
  for (const std::size_t size : {5'000u, 500'000u}) {
    const Sha256Digest digest = executor_.run(put(*store, make_bytes(size, 4))).digest;
    contents.push_back(executor_.run(store->open(digest)));
    EXPECT_TRUE(contents.back());
  }
  store.reset();
  contents.clear();
}

}  // namespace
}  // namespace coffer::blobs::test
