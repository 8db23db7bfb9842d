// Small blobs, many to a file (docs/blob-store.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "blobs/buffer_pool.h"
#include "blobs/local/compactor.h"
#include "blobs/local/disk.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_files.h"
#include "blobs/local/segment_writer.h"
#include "blobs/local/wake_signal.h"

namespace coffer::blobs {

// Shorter blobs are packed. What is longer is sent a third faster from a file of its own, where its
// bytes start with a page, and gains less from a shared sync.
inline constexpr std::size_t kSmallBytes = 32 * 1024;
static_assert(kSmallBytes <= kPackedBytes);

// Threads: any.
class Segments {
 public:
  struct Options {
    SegmentWriter::Options appending;
    bool reclaim;                // give back the room of removed blobs, in the background
    std::size_t max_open = 256;  // segments that are kept open for reading
  };

  // Blocks while it reads what is there. `disk`, `space` and `clock` outlive it.
  Segments(Disk& disk, DiskSpace& space, const Clock& clock, Options options);
  ~Segments();
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;

  // Stores the first `count` bytes of `buffer`, whose name is `digest`, and calls `done` when
  // they are durable: from within, or on a thread of its own. `count` is less than kPackedBytes.
  // Gives what to call flush_soon() with, nothing when `done` was called.
  std::optional<SegmentWriter::Ticket> add(const Sha256Digest& digest, Buffer buffer,
                                           std::size_t count, SegmentWriter::Done done);
  // Somebody waits for `done`.
  void flush_soon(SegmentWriter::Ticket ticket) { segment_writer_->flush_soon(ticket); }

  std::optional<PackedBlob> find(const Sha256Digest& digest) const { return index_.find(digest); }

  // The file that the blob is in. `may_block`: else null also when the disk has to be asked.
  // Null: look the blob up again, it has moved or gone.
  std::shared_ptr<const OpenFile> file_of(const PackedBlob& blob, bool may_block);

  // As PackedIndex.
  PackedIndex::Removal remove_older(const Sha256Digest& digest, Time cutoff);
  PackedIndex::Removal remove_unseen(const Sha256Digest& digest, const Holds::Watch& watch);

  std::vector<PackedBlob> after(const std::optional<Sha256Digest>& after, std::size_t limit) const {
    return index_.after(after, limit);
  }

 private:
  void note(const Record& record);
  // Of the blob that stood at `place`.
  void note_removal(const Sha256Digest& digest, RecordLocation place);

  const Clock& clock_;
  WakeSignal wake_;
  PackedIndex index_;
  SegmentFiles files_;
  std::optional<SegmentWriter> segment_writer_;
  std::optional<Compactor> compactor_;
};

}  // namespace coffer::blobs
