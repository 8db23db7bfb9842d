// A blob on its way to the disk: written as its bytes come, named at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/hash.h"
#include "blobs/blob_store.h"
#include "blobs/local/store_context.h"

namespace coffer::blobs {

// Everything here blocks, so it is for the I/O threads. After an error only discard() makes
// sense. Threads: one at a time.
class TempBlob {
 public:
  explicit TempBlob(StoreContext& context) noexcept : context_(context) {}
  ~TempBlob() { discard(); }
  TempBlob(const TempBlob&) = delete;
  TempBlob& operator=(const TempBlob&) = delete;

  // Adds a block. One of kBufferBytes goes past the page cache where that is possible; a shorter
  // one is of a slow client and not worth the wait. REQUIRES: `block` and its length are aligned to
  // kAlignment.
  void append(ByteView block);

  // Fills `into` with the blob's first bytes. REQUIRES: as many were added, in short blocks.
  void read_back(ByteSpan into);

  // Adds the last bytes, any number, and ends the blob, all of which hashes to `digest`: when it
  // returns, the blob is durable under its name, in a file of its own. REQUIRES: `tail` is at most
  // kBufferBytes long and aligned to kAlignment.
  BlobInfo commit(const Sha256Digest& digest, ByteView tail);

  // Removes what is on the disk without a name. Harmless after commit().
  void discard() noexcept;

  // Whether discard() has nothing to do.
  bool is_clean() const noexcept { return temporary_.empty(); }

 private:
  void begin();
  void bypass_cache(bool on);
  void write(ByteView data);
  void write_tail(ByteView tail);
  bool settle_on_existing(const std::string& name);
  std::optional<Time> publish(const Sha256Digest& digest, const std::string& name);

  StoreContext& context_;
  OpenFile file_;
  std::string temporary_;  // empty: no file of ours without a name is on the disk
  bool bypasses_cache_ = false;
  bool can_bypass_cache_ = true;
  std::uint64_t size_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t unsynced_ = 0;  // bytes in the page cache since the last sync
};

}  // namespace coffer::blobs
