// Where the bytes of files live. Stores: blobs/local.
//
// A blob is immutable and named by the SHA-256 of its bytes. A store either finds it by that name,
// and keeps it once however often it is written; or it keeps places (keeps_places()): then each
// upload is stored at a place of its own, which is kept with the blob's row and given back to read
// and to remove it, and what no row refers to is found in a ledger (place_ledger.h). The store
// knows no references: who deletes asks the database first.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/durability_barrier.h"
#include "base/exhausted.h"
#include "base/hash.h"
#include "base/stream.h"
#include "base/task.h"
#include "blobs/place.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs {

class PublicObjects;

// The store failed: disk full, unreachable, corrupt. Nothing that a user's input can cause.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No room is left for more bytes: the disk is full, a quota of the file system is reached, or only
// the reserve is left. The writer is of no more use.
class NoSpaceError : public Error, public Exhausted {
 public:
  explicit NoSpaceError(const std::string& what)
      : Error(what), Exhausted(ExhaustedResource::kStorage) {}
};

// The process, or the machine, has no file descriptor left.
class NoDescriptorsError : public Error, public Exhausted {
 public:
  explicit NoDescriptorsError(const std::string& what)
      : Error(what), Exhausted(ExhaustedResource::kDescriptors) {}
};

// Another process, or another store of this one, has what the store keeps its bytes in.
class StoreInUseError : public Error {
 public:
  using Error::Error;
};

struct BlobInfo {
  Sha256Digest digest;
  std::uint64_t size = 0;
  // When no blob of this name was there before: when it came.
  std::optional<Time> new_at = {};
};

// A blob whose bytes are complete. It is reached when they are durable under their name; it throws
// Error or NoSpaceError when they will not be, and nothing is kept that anything may rely on.
// Threads: any, but for reached().
class DurableBlob : public DurabilityBarrier {
 public:
  DurableBlob(const Sha256Digest& digest, std::uint64_t size, const Place& place = {}) noexcept
      : digest_(digest), size_(size), place_(place) {}

  const Sha256Digest& digest() const noexcept { return digest_; }
  std::uint64_t size() const noexcept { return size_; }
  // Known before the bytes are durable. A transaction that refers to the blob takes it out of the
  // ledger, unless the bytes have a row that names another: then these are nobody's.
  const Place& place() const noexcept { return place_; }

  // wait() for a coroutine: goes on, on its executor, when it is reached. REQUIRES: one caller at a
  // time; the durable blob outlives the task.
  virtual Task<BlobInfo> reached() = 0;

  // Nobody will refer to the bytes on behalf of this one: when it is reached they are removed, on a
  // thread of the store's, unless they were stored before or somebody has written the same since.
  // Never blocks; what keeps it from being done leaves the bytes to the sweep. A store that is
  // closed does what was asked of it first. REQUIRES: called once, while the store lives; no
  // transaction that refers to the bytes has been committed, or may be.
  virtual void discard() noexcept = 0;

 private:
  const Sha256Digest digest_;
  const std::uint64_t size_;
  const Place place_;
};

// One blob being written. Holds at most 256 KiB of memory, out of a budget that all writers
// of a store share. Destroyed before it was ended: nothing is kept; before the durable blob is
// reached: nothing or the whole blob, of which nobody knows.
// It may be destroyed while one of its tasks waits, but must not outlive its store.
// Threads: one at a time, on the executor that created it.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;

  // Space for the next bytes, at least one; waits while the disk is behind or the budget is
  // spent. Refused when that takes too long or `client`, whose bytes these are, leaves: the writer
  // is of no more use then. The space is good until advance(), set_aside() or the end of the
  // writer. REQUIRES: whoever waits here holds no memory of another writer.
  virtual Task<std::expected<ByteSpan, Refusal>> prepare(InputStream& client) = 0;
  // Whether there is such space, which others may want: no reason to let it lie.
  virtual bool is_prepared() const noexcept = 0;

  // The first `count` bytes of the space are filled. REQUIRES: count <= its size.
  virtual void advance(std::size_t count) = 0;

  // How long the space may be kept from now on, full or not: less while uploads want much memory.
  // Then it is to be set aside. None left: 0.
  virtual std::chrono::milliseconds patience() const noexcept = 0;
  // Gives the memory back until the next prepare(): what it holds goes to the disk, but for less
  // than 4 KiB.
  virtual void set_aside() = 0;

  // Copies `data` in, however long it takes. Throws Error where it is refused.
  Task<void> write(ByteView data);

  // Ends the blob. When it returns, the bytes are durable, or will be by the time that one sync of
  // the disk takes, once somebody waits for them: short enough for a thread to do so. REQUIRES:
  // called once, last, and not right after set_aside(). Throws as the durable blob does.
  virtual Task<std::shared_ptr<DurableBlob>> seal() = 0;

  // seal(), and waits until the blob is durable.
  Task<BlobInfo> finish();
};

// Takes away blobs that nothing refers to, however new they are, beside writers. It must be made
// before the references are looked at: whoever wrote such a blob before that and has let its
// durable blob go by then has referred to it, or never will.
// Threads: one at a time. Must not outlive its store.
class Removal {
 public:
  virtual ~Removal() = default;

  // Removes the blob, unless a writer has named it or a durable blob of it has lived at any moment
  // since this was made. A writer that names it later finds it gone, and stores its bytes anew.
  // True when it is gone (also when it was never there). One with a place is removed in any case,
  // then taken out of the ledger: the upload that stored it has ended, and no other is there.
  virtual Task<bool> remove(BlobRef blob) = 0;
};

// Threads: any executor's.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Starts a blob. `expected_size`, when known, lets the store choose how to keep it; it need
  // not be right. `owner` is whom its memory is counted for (UploadBudget). Null where he has too
  // many under way already.
  virtual Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t> expected_size,
                                                   std::string owner) = 0;

  // Whether its blobs are found by their places only.
  virtual bool keeps_places() const noexcept { return false; }

  // Null where it has none; lives as long as the store.
  virtual PublicObjects* public_objects() noexcept { return nullptr; }

  // The blob's bytes, or null when there is none of that name. They stay readable while the
  // content and the store live, also when the blob is removed meanwhile; from a store that keeps
  // places they may end then, and that there is none may be found out when they are read.
  virtual Task<std::shared_ptr<const Content>> open(BlobRef blob) = 0;

  virtual std::unique_ptr<Removal> begin_removal() = 0;

  // A stored blob as the sweep sees it.
  struct Listed {
    BlobInfo info;
    Time written;  // last time its bytes were written or found written
  };

  // Up to `limit` blobs whose names follow `after` (nothing: from the first), in order of
  // names. Fewer than `limit`: the end. A store that keeps places lists nothing.
  virtual Task<std::vector<Listed>> list(std::optional<Sha256Digest> after, std::size_t limit) = 0;

  // Of a store that keeps places: removes up to `limit` blobs that no row refers to and no upload
  // holds, and takes them out of the ledger. Whether there may be more to do now. Threads: one at a
  // time.
  virtual Task<bool> remove_leftovers(std::size_t /*limit*/) { co_return false; }

  // What the memory of its writers is used for now.
  virtual UploadBudget::Load memory_load() const { return {}; }

  // Throws Error, with what is missing, unless the bytes are kept where they were when the store
  // was opened: a disk may have been unmounted, or a folder renamed.
  virtual Task<void> check_present() { co_return; }

  // Bytes that can still be stored, as far as the store can tell. 0 also when there is room for
  // bytes, but not for another file.
  virtual Task<std::uint64_t> free_bytes() = 0;
};

}  // namespace coffer::blobs
