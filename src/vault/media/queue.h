// Which bytes are still to be looked into, and what comes of it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/hash.h"
#include "base/stream.h"
#include "base/task.h"
#include "vault/media/pictures.h"
#include "vault/model/context.h"
#include "vault/model/guarded_database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Bytes that are being looked into.
struct MediaJob {
  Sha256Digest digest;
  std::uint32_t tries = 0;         // with this one
  std::uint32_t failed_tries = 0;  // of them, with a failure of the file that may pass

  // Whether such a failure is the last one.
  bool has_failed_enough() const noexcept { return failed_tries + 1 >= kTries; }
  // Whether a try that was ended from outside is the last one.
  bool was_begun_enough() const noexcept { return tries >= kMaxBeginnings; }

  static constexpr std::uint32_t kTries = 2;
  static constexpr std::uint32_t kMaxBeginnings = 10;
};

// The bytes of a job.
struct MediaBytes {
  std::shared_ptr<const Content> content;  // null: no file has them any more
  bool is_in_parts = false;                // they are several blobs, one after another
};

// How many digests are in each state.
struct MediaCounts {
  std::uint64_t waiting = 0;
  std::uint64_t ready = 0;
  std::uint64_t failed = 0;
  std::array<std::uint64_t, kMediaFailures> failures = {};  // of `failed`, by MediaFailure
  std::uint64_t thumbnails = 0;
  std::uint64_t thumbnail_bytes = 0;
  std::uint64_t pictures = 0;  // that were made on request
  std::uint64_t picture_bytes = 0;
  // Files that were stored before anything was looked into and are still to be queued.
  std::uint64_t unqueued = 0;
};

// The jobs are rows, so that they survive the end of the program, and several servers share them: a
// job is leased for a time, and whoever settles it first has done it. Accounts take turns, and each
// one's bytes come in the order in which they were stored. Threads: any executor's.
class MediaQueue {
 public:
  // Longer than a job takes.
  static constexpr std::chrono::seconds kLease{90};
  static constexpr std::chrono::seconds kRetryAfter{60};

  explicit MediaQueue(Context& context) : context_(context) {}

  // The next job, which nobody else is given for kLease; nothing: none is due. Jobs whose bytes no
  // file has any more are dropped on the way, some tens of them at once.
  Task<std::optional<MediaJob>> lease();

  // Throws where the store has lost them.
  Task<MediaBytes> open(Sha256Digest digest);

  // Ends the job: what was found is that of all files with these bytes, from now on. `media`
  // without a thumbnail; `thumbnail`: as it was made. Each file gets an event `entry.updated`, but
  // for those beyond kEvents. False: somebody else has ended it, or no file has these bytes any
  // more and their row is gone. REQUIRES: media.state is not kProcessing.
  Task<bool> settle(MediaJob job, Media media, std::optional<MadePicture> thumbnail);
  static constexpr std::size_t kEvents = 1000;

  // It is due again in kRetryAfter, for a failure of the file that may pass. REQUIRES: not
  // job.has_failed_enough().
  Task<void> retry_later(MediaJob job);
  // It was ended from outside, and is due again soon, later with each time.
  Task<void> retry_soon(MediaJob job);
  // It was not tried, and is due again after `delay`.
  Task<void> give_back(MediaJob job, std::chrono::seconds delay);

  // Every job is due now: what the last run of the program had in hand. REQUIRES: nobody else works
  // on the database.
  Task<void> release_all();

  // Queues files that were stored before anything was looked into, in order of their ids, up to
  // `limit` looked at. Whether there may be more. Costs nothing once all of them are queued.
  Task<bool> catch_up(std::size_t limit);

  // Queues files that were looked into while pictures of their format were switched off, of which
  // `off` is kPdfOff or kSvgOff: up to `limit` of those whose digests are above `after`. They are
  // processed again, without facts until then. The last of them; nothing: there are no more.
  Task<std::optional<Sha256Digest>> queue_undrawn(MediaFailure off, Sha256Digest after,
                                                  std::size_t limit);

  // How many jobs are still to be done.
  Task<std::uint64_t> waiting();

  // Removes up to `limit` rows, with their pictures, whose bytes no file has any more. Whether
  // there may be more.
  Task<bool> collect(std::size_t limit);

 private:
  Context& context_;
  std::atomic<std::int64_t> last_owner_ = 0;  // whose turn it was
  std::atomic<bool> is_caught_up_ = false;
};

// For whoever has the database and no vault.

Task<MediaCounts> media_counts(GuardedDatabase database);
// Up to `limit` digests that failed are tried again from now on, as if for the first time; how
// many.
Task<std::size_t> retry_failed_media(GuardedDatabase database, Time now, std::size_t limit);

}  // namespace coffer::vault
