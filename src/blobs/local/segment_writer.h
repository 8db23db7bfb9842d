// Adds records to the active segment: one thread that gathers what comes into one write and one
// sync.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "blobs/blob_store.h"
#include "blobs/buffer_pool.h"
#include "blobs/local/disk.h"
#include "blobs/local/disk_space.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_files.h"
#include "blobs/local/wake_signal.h"

namespace coffer::blobs {

class SegmentWriter {
 public:
  // Called once on the writer's thread, with the failure if there was one. False: nobody wants
  // the blob any more, and if it is new it is removed again, unless somebody else has written the
  // same. Must not throw.
  using Done = std::move_only_function<bool(std::exception_ptr, const BlobInfo&)>;

  struct Request {
    Record record;                            // a blob's `value` is set when it is written
    ByteView payload = {};                    // good until `done` was called
    Buffer buffer = {};                       // may hold the payload
    std::optional<RecordLocation> from = {};  // a stored blob is to move from here; else it is new
    Done done = {};  // none: a note that nobody waits for, and that may be lost with the power
  };

  // Which of all that were submitted.
  using Ticket = std::uint64_t;

  struct Options {
    // A segment that is as long is sealed, and `sealed` rung.
    std::uint64_t segment_bytes;
    // How long a batch may wait for more when many have come together.
    std::chrono::microseconds gather_time;
  };

  // All outlive it.
  SegmentWriter(Disk& disk, DiskSpace& space, const Clock& clock, PackedIndex& index,
                SegmentFiles& files, WakeSignal& sealed, Options options);
  // Ends what was submitted, then seals the active segment.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Threads: any.
  Ticket submit(Request request);
  // Somebody waits for it: its batch waits for no more. Threads: any.
  void flush_soon(Ticket ticket);

 private:
  // What becomes of one request of a batch.
  struct AppendResult {
    BlobInfo info;
    std::optional<RecordLocation> written_at = {};
    bool is_twin = false;  // of a blob that the same batch writes
  };
  struct DigestHash {
    std::size_t operator()(const Sha256Digest& digest) const noexcept;
  };

  void work();
  bool take_batch();
  void process();
  void refuse_without_space();
  void make_room();
  void lay_out();
  AppendResult lay_out_blob(Request& request);
  RecordLocation lay_out_record(const Record& record, ByteView payload);
  void write_out();
  void take_back(bool sync_failed);
  void publish();
  void publish(const Request& request, const AppendResult& outcome);
  void remove_again(const BlobInfo& info);
  void fail_batch(std::exception_ptr error);
  static void fail(Request& request, const std::exception_ptr& error);
  void clear_ahead();
  bool cut_at_end();
  void roll();

  Disk& disk_;
  DiskSpace& space_;
  const Clock& clock_;
  PackedIndex& index_;
  SegmentFiles& files_;
  WakeSignal& sealed_;
  const Options options_;

  // The thread's own.
  std::optional<ActiveSegment> active_;
  std::vector<Request> batch_;
  std::vector<AppendResult> outcomes_;
  std::unordered_map<Sha256Digest, Time, DigestHash> fresh_;  // blobs that the batch writes
  Bytes buffer_;

  std::mutex mutex_;  // guards all below
  std::condition_variable wake_;
  std::deque<Request> queue_;
  Ticket next_ticket_ = 0;
  bool flush_soon_ = false;  // somebody waits for one that is in the queue
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace coffer::blobs
