// What tests of blob stores share.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"
#include "base/hash.h"
#include "base/task.h"
#include "blobs/blob_store.h"

namespace coffer::blobs::test {

// Who writes.
inline const std::string kOwner = "test";

// Bytes that look random and are the same for the same seed.
inline Bytes make_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = random();
    std::copy_n(reinterpret_cast<const std::byte*>(&word), std::min<std::size_t>(8, size - at),
                bytes.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return bytes;
}

// SHA-256 by another way than the program's.
inline Sha256Digest independent_digest(ByteView bytes) {
  Sha256Digest digest;
  unsigned length = 0;
  const int ok =
      EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.bytes.data()),
                 &length, EVP_sha256(), nullptr);
  EXPECT_EQ(ok, 1);
  return digest;
}

// Runs all tasks at once on the calling executor, which has one thread.
inline Task<void> all(std::vector<Task<void>> tasks) {
  struct Join {
    std::size_t left;
    std::coroutine_handle<> waiting;
    std::exception_ptr error;
    bool await_ready() const noexcept { return left == 0; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { waiting = handle; }
    void await_resume() const {
      if (error) std::rethrow_exception(error);
    }
  };
  Join join{tasks.size(), {}, {}};
  for (Task<void>& task : tasks) {
    start(std::move(task), [&join](std::exception_ptr error) {
      if (error) join.error = error;
      if (--join.left == 0 && join.waiting) join.waiting.resume();
    });
  }
  co_await join;
}

// A coroutine that runs at once and can be destroyed wherever it waits.
class Held {
 public:
  struct promise_type {
    Held get_return_object() noexcept {
      return Held(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
  explicit Held(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  Held(Held&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  ~Held() {
    if (handle_) handle_.destroy();
  }
  bool done() const noexcept { return handle_.done(); }

 private:
  std::coroutine_handle<promise_type> handle_;
};

// Gives what was posted before its turn, once.
inline Task<void> yield() {
  struct Awaiter {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
      Executor::current().post([handle] { handle.resume(); });
    }
    void await_resume() const noexcept {}
  };
  co_await Awaiter{};
}

// A client whose bytes the test has at hand, and which stays as long as it takes.
class NoClient final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
};

// Space for the writer's next bytes.
inline Task<ByteSpan> space_of(BlobWriter& writer) {
  NoClient client;
  const auto space = co_await writer.prepare(client);
  co_return space.value();
}

// Writes `bytes` as a blob, `portion` bytes a time.
inline Task<std::shared_ptr<DurableBlob>> seal(BlobStore& store, ByteView bytes) {
  const std::unique_ptr<BlobWriter> writer = co_await store.create(bytes.size(), kOwner);
  co_await writer->write(bytes);
  co_return co_await writer->seal();
}

// A blob that was stored, and how it is found again.
struct StoredBlob : BlobInfo {
  StoredBlob(const BlobInfo& info, const Place& where) : BlobInfo(info), place(where) {}
  BlobRef ref() const { return {digest, size, place}; }

  Place place;
};

// Ends the blob, and waits until it is durable.
inline Task<StoredBlob> finish(BlobWriter& writer) {
  const std::shared_ptr<DurableBlob> durable_blob = co_await writer.seal();
  const BlobInfo info = co_await durable_blob->reached();
  co_return StoredBlob(info, durable_blob->place());
}

inline Task<StoredBlob> put(BlobStore& store, ByteView bytes, std::size_t portion = 1 << 20) {
  Executor& home = Executor::current();
  std::unique_ptr<BlobWriter> writer = co_await store.create(bytes.size(), kOwner);
  EXPECT_EQ(Executor::current_or_null(), &home);
  while (!bytes.empty()) {
    const std::size_t count = std::min(portion, bytes.size());
    co_await writer->write(bytes.first(count));
    EXPECT_EQ(Executor::current_or_null(), &home);
    bytes = bytes.subspan(count);
  }
  const StoredBlob stored = co_await finish(*writer);
  EXPECT_EQ(Executor::current_or_null(), &home);
  co_return stored;
}

// Whether the blob is gone, and nobody held it.
inline Task<bool> remove(BlobStore& store, const Sha256Digest& digest) {
  const std::unique_ptr<Removal> removal = store.begin_removal();
  co_return co_await removal->remove(digest);
}

// The bytes from `offset` to the end, asked for `max` at a time.
inline Task<Bytes> read(const Content& content, std::uint64_t offset = 0,
                        std::uint64_t max = 1 << 20) {
  Bytes read;
  while (offset < content.size()) {
    Content::Piece piece = co_await content.piece(offset, max);
    Bytes bytes;
    if (const auto* slice = std::get_if<FileSlice>(&piece)) {
      bytes.resize(slice->length);
      const ssize_t got =
          ::pread(slice->fd, bytes.data(), bytes.size(), static_cast<off_t>(slice->offset));
      EXPECT_EQ(got, static_cast<ssize_t>(bytes.size()));
      if (got <= 0) break;
    } else {
      bytes = std::get<Bytes>(std::move(piece));
    }
    EXPECT_GE(bytes.size(), 1u);
    EXPECT_LE(bytes.size(), max);
    if (bytes.empty()) break;
    read.insert(read.end(), bytes.begin(), bytes.end());
    offset += bytes.size();
  }
  co_return read;
}

// All that is stored, `page` at a time. Each page must follow the one before.
inline Task<std::vector<BlobStore::Listed>> list_all(BlobStore& store, std::size_t page) {
  std::vector<BlobStore::Listed> found;
  std::optional<Sha256Digest> after;
  for (;;) {
    const std::vector<BlobStore::Listed> next = co_await store.list(after, page);
    EXPECT_LE(next.size(), page);
    for (const BlobStore::Listed& blob : next) {
      if (after) {
        EXPECT_LT(*after, blob.info.digest);
      }
      after = blob.info.digest;
      found.push_back(blob);
    }
    if (next.size() < page) co_return found;
  }
}

// A fresh, empty store and the place where it keeps its bytes.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual BlobStore& store() = 0;
  // Closes the store, which does what was asked of it first, and opens it again in the same place.
  virtual void reopen() = 0;
  // How many blobs are stored there.
  virtual std::size_t count() = 0;
  // Ends the store and tells how many unfinished blobs are left in its place.
  virtual std::size_t leftovers() = 0;
};

struct StoreKind {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>(const Clock&, std::size_t memory_budget)> make;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

// A folder that goes when the object does. `parent` must exist.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string name = (parent / "coffer-blobs-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a folder in " + name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
    EXPECT_FALSE(error) << error.message();
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::size_t count_entries(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                std::filesystem::directory_iterator()));
}

inline void remove_all_leftovers(BlobStore& store) {
  InlineExecutor executor;
  while (executor.run(store.remove_leftovers(7))) {
  }
}

// Whether nothing can be read there.
inline Task<bool> is_gone(BlobStore& store, BlobRef blob) {
  const std::shared_ptr<const Content> content = co_await store.open(blob);
  if (!content) co_return true;
  try {
    co_await content->piece(0, 1);
  } catch (const Error&) {
    co_return true;
  }
  co_return false;
}

}  // namespace coffer::blobs::test
