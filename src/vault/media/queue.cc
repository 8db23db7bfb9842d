#include "vault/media/queue.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "vault/events/events.h"
#include "vault/media/derived_rows.h"
#include "vault/model/sql.h"
#include "vault/model/stored_blobs.h"
#include "vault/transfer/manifests.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// After the first try that was ended from outside; twice as long after each further one, up to:
constexpr std::chrono::seconds kRetrySoon{1};
constexpr std::uint32_t kMaxDoublings = 5;
// Pictures of a digest that go in one transaction.
constexpr std::size_t kDropStep = 100;
// Jobs without a file that one lease() drops.
constexpr int kMaxDropped = 64;

// Another name than that of earlier versions, which passed over drawings.
constexpr char kPosition[] = "media_and_drawings";
constexpr std::int64_t kCaughtUp = std::numeric_limits<std::int64_t>::max();

constexpr db::Statement kNextOwner{
    "SELECT owner_id FROM media_facts WHERE state = 0 AND owner_id > $1 AND due <= $2"
    " ORDER BY owner_id LIMIT 1"};
constexpr db::Statement kNextJob{
    "SELECT source, tries, failed_tries FROM media_facts WHERE state = 0 AND owner_id = $1 AND due "
    "<= $2"
    " ORDER BY due LIMIT 1"};
constexpr db::Statement kLeaseJob{
    "UPDATE media_facts SET due = $2, tries = tries + 1 WHERE source = $1"};
constexpr db::Statement kRetryLater{
    "UPDATE media_facts SET due = $2, failed_tries = failed_tries + 1 WHERE source = $1"
    " AND state = 0"};
constexpr db::Statement kRetryKilled{
    "UPDATE media_facts SET due = $2 WHERE source = $1 AND state = 0"};
constexpr db::Statement kGiveBack{
    "UPDATE media_facts SET due = $2, tries = tries - 1 WHERE source = $1 AND state = 0"
    " AND tries > 0"};
constexpr db::Statement kReleaseAll{"UPDATE media_facts SET due = $1 WHERE state = 0 AND due > $1"};
constexpr db::Statement kState{"SELECT state, taken_at FROM media_facts WHERE source = $1"};
constexpr db::Statement kSettle{
    "UPDATE media_facts SET state = $2, failure = $3, taken_at = $4, facts = $5"
    " WHERE source = $1"};
constexpr db::Statement kDateFiles{
    "UPDATE entry SET taken_at = $2, dated_at = coalesce(CAST($2 AS BIGINT), created_at)"
    " WHERE digest = $1 AND kind <= 2"};
constexpr auto kFilesText =
    sql("SELECT id, uuid, space_id, owner_id, kind FROM entry WHERE digest = $1 AND ", kHasFacts,
        kIsLive, " LIMIT $2");
constexpr db::Statement kFiles{kFilesText.data()};

constexpr auto kIsUsedText =
    sql("SELECT 1 FROM entry WHERE digest = $1 AND ", kHasFacts,
        " UNION ALL SELECT 1 FROM trash WHERE digest = $1 AND ", kHasFacts, " LIMIT 1");
constexpr db::Statement kIsUsed{kIsUsedText.data()};
constexpr db::Statement kManifest{
    "SELECT manifest_id, size FROM entry WHERE digest = $1 AND manifest_id IS NOT NULL"
    " UNION ALL SELECT manifest_id, size FROM trash WHERE digest = $1"
    " AND manifest_id IS NOT NULL LIMIT 1"};

constexpr db::Statement kUnused{
    "SELECT source FROM media_facts WHERE unused_since IS NOT NULL ORDER BY unused_since"
    " LIMIT $1"};
constexpr db::Statement kIsInUse{"UPDATE media_facts SET unused_since = NULL WHERE source = $1"};
constexpr db::Statement kForget{"DELETE FROM media_facts WHERE source = $1"};

// By versions that had no pictures of PDF.
constexpr db::Statement kMarkUndrawn{
    "UPDATE media_facts SET failure = $2 WHERE source = $1 AND state = 1 AND failure = $3"};
constexpr db::Statement kUndrawn{
    "SELECT source FROM media_facts WHERE source > $1 AND state = 1 AND failure = $2"
    " ORDER BY source LIMIT $3"};
constexpr db::Statement kDrawNow{
    "UPDATE media_facts SET state = 0, tries = 0, failed_tries = 0, due = $2, failure = NULL,"
    " facts = '' WHERE source = $1 AND state = 1 AND failure = $3"};

constexpr db::Statement kReadPosition{"SELECT position FROM job_position WHERE name = $1"};
constexpr db::Statement kWritePosition{
    "INSERT INTO job_position (name, position) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET position = $2"};
constexpr db::Statement kWalk{
    "SELECT id, owner_id, kind, media_type, digest FROM entry WHERE id > $1 ORDER BY id LIMIT $2"};

constexpr db::Statement kWaiting{"SELECT count(*) FROM media_facts WHERE state = 0"};
constexpr db::Statement kCountStates{
    "SELECT state, failure, count(*) FROM media_facts GROUP BY state, failure"};
constexpr db::Statement kCountPictures{
    "SELECT CASE WHEN kind = 'thumbnail' THEN 1 ELSE 0 END, count(*), sum(size) FROM derived_blob"
    " GROUP BY 1"};
constexpr auto kCountUnqueuedText =
    sql("SELECT count(*) FROM entry WHERE id > $1 AND digest IS NOT NULL AND ", kHasFacts);
constexpr db::Statement kCountUnqueued{kCountUnqueuedText.data()};
constexpr db::Statement kRetryFailed{
    "UPDATE media_facts SET state = 0, tries = 0, failed_tries = 0, due = $1, failure = NULL, "
    "facts = ''"
    " WHERE source IN (SELECT source FROM media_facts WHERE state = 2 LIMIT $2)"};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

Sha256Digest digest_from(const db::Row& row) {
  return Sha256Digest::from_bytes(row.bytes(0)).value();
}

MediaJob job_from(const db::Row& row) {
  return {.digest = digest_from(row),
          .tries = static_cast<std::uint32_t>(row.integer(1)),
          .failed_tries = static_cast<std::uint32_t>(row.integer(2))};
}

Entry file_from(const db::Row& row) {
  Entry file;
  file.id = row.id<EntryId>(0);
  file.uuid = Uuid::from_bytes(row.bytes(1)).value();
  file.space = row.id<SpaceId>(2);
  file.owner = row.id<AccountId>(3);
  file.type.kind = static_cast<FileKind>(row.integer(4));
  return file;
}

struct Walked {
  EntryId id;
  AccountId owner;
  FileType type;
  std::optional<Sha256Digest> digest;
};

Walked walked_from(const db::Row& row) {
  Walked walked{.id = row.id<EntryId>(0), .owner = row.id<AccountId>(1), .type = {}, .digest = {}};
  walked.type.kind = static_cast<FileKind>(row.integer(2));
  walked.type.media_type = row.text(3);
  if (!row.is_null(4)) walked.digest = Sha256Digest::from_bytes(row.bytes(4)).value();
  return walked;
}

struct ManifestOf {
  ManifestId id;
  std::uint64_t size = 0;
};

ManifestOf manifest_from(const db::Row& row) {
  return {.id = row.id<ManifestId>(0), .size = static_cast<std::uint64_t>(row.integer(1))};
}

struct State {
  MediaState state = MediaState::kProcessing;
  std::optional<Time> taken_at;
};

State state_from(const db::Row& row) {
  return {.state = static_cast<MediaState>(row.integer(0)), .taken_at = row.optional_time(1)};
}

Task<bool> is_used(db::Transaction& tx, const Sha256Digest& digest) {
  const auto any = co_await tx.find(kIsUsed, integer_from, ByteView(digest.bytes));
  co_return any.has_value();
}

Task<std::optional<AccountId>> next_owner(db::Transaction& tx, std::int64_t last, Time now) {
  const auto from = [](const db::Row& row) { return row.id<AccountId>(0); };
  auto owner = co_await tx.find(kNextOwner, from, last, now);
  // All of them once more.
  if (!owner) {
    owner = co_await tx.find(kNextOwner, from, std::numeric_limits<std::int64_t>::min(), now);
  }
  co_return owner;
}

// What is known of the bytes from now on, for all files that have them.
Task<void> write_media(db::Transaction& tx, const Sha256Digest& digest, const State& old,
                       const Media& media, Time now) {
  const ByteView source = digest.bytes;
  const std::string facts = encode_media(media);
  const std::optional<Time> taken_at = media.facts.taken_at;
  co_await tx.execute(kSettle, source, media.state, media.failure, taken_at, facts);
  if (taken_at != old.taken_at) co_await tx.execute(kDateFiles, source, taken_at);
  const auto files = co_await tx.all(kFiles, file_from, source, MediaQueue::kEvents);
  for (const Entry& file : files) {
    const Event event = event_about(file, EventType::kEntryUpdated, file.owner);
    co_await append_event(tx, now, event);
  }
}

// Drops the row of bytes that no file has, with its pictures. Whether there may be more of those:
// then the row is still there.
Task<bool> drop_media(db::Transaction& tx, const Sha256Digest& digest, Time now) {
  const bool has_more = co_await drop_derived(tx, digest, now, kDropStep);
  if (!has_more) co_await tx.execute(kForget, ByteView(digest.bytes));
  co_return has_more;
}

Task<std::int64_t> position_of(db::Transaction& tx) {
  const auto position = co_await tx.find(kReadPosition, integer_from, kPosition);
  co_return position.value_or(0);
}

}  // namespace

Task<std::optional<MediaJob>> MediaQueue::lease() {
  const Time now = context_.clock.now();
  const std::int64_t last = last_owner_;
  // Nothing is written where there is nothing to do.
  auto look = [&](db::Transaction& tx) -> Task<std::optional<AccountId>> {
    auto owner = co_await next_owner(tx, last, now);
    co_return owner;
  };
  const auto any = co_await context_.database.read(look);
  if (!any) co_return std::nullopt;
  auto body = [&](db::Transaction& tx) -> Task<std::optional<MediaJob>> {
    for (int dropped = 0; dropped < kMaxDropped;) {
      const auto owner = co_await next_owner(tx, last, now);
      if (!owner) co_return std::nullopt;
      auto job = co_await tx.find(kNextJob, job_from, *owner, now);
      const bool used = co_await is_used(tx, job->digest);
      if (!used) {
        ++dropped;
        const bool has_more = co_await drop_media(tx, job->digest, now);
        if (has_more) break;
        continue;
      }
      const ByteView source = job->digest.bytes;
      // Each ended with the program, or a worker.
      const bool is_blamed = job->was_begun_enough();
      ++job->tries;
      if (is_blamed) {
        const Media gone{.state = MediaState::kFailed, .failure = MediaFailure::kCrashed};
        const State old;
        co_await write_media(tx, job->digest, old, gone, now);
        continue;
      }
      const Time until = now + kLease;
      co_await tx.execute(kLeaseJob, source, until);
      last_owner_ = owner->value;
      co_return job;
    }
    co_return std::nullopt;
  };
  auto job = co_await context_.database.write(Actor::System{}, body);
  co_return job;
}

Task<MediaBytes> MediaQueue::open(Sha256Digest digest) {
  std::optional<ManifestOf> manifest;
  auto look = [&](db::Transaction& tx) -> Task<bool> {
    const bool used = co_await is_used(tx, digest);
    if (used) manifest = co_await tx.find(kManifest, manifest_from, ByteView(digest.bytes));
    co_return used;
  };
  const bool used = co_await context_.database.read(look);
  MediaBytes bytes;
  if (!used) co_return bytes;
  bytes.content = co_await open_blob(context_, digest);
  if (!bytes.content && manifest) {
    bytes.content = open_manifest(context_, manifest->id, manifest->size);
    bytes.is_in_parts = true;
  }
  if (bytes.content) co_return bytes;
  throw blobs::Error("the store has lost the bytes of " + digest.hex());
}

Task<bool> MediaQueue::settle(MediaJob job, Media media, std::optional<MadePicture> thumbnail) {
  std::optional<StagedBlob> staged;
  if (thumbnail) {
    StagedBlob blob = co_await stage_picture(context_, thumbnail->bytes);
    staged.emplace(std::move(blob));
    media.thumbnail = Thumbnail{.digest = staged->digest(),
                                .size = staged->size(),
                                .width = thumbnail->width,
                                .height = thumbnail->height};
    staged->begin_commit();
  }
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const auto old = co_await tx.find(kState, state_from, ByteView(job.digest.bytes));
    if (!old || old->state != MediaState::kProcessing) co_return false;
    const Time now = context_.clock.now();
    const bool used = co_await is_used(tx, job.digest);
    if (!used) {
      // More pictures than go at once are left to collect().
      co_await drop_media(tx, job.digest, now);
      co_return false;
    }
    if (staged) {
      const DerivedRow row{.digest = staged->digest(),
                           .size = staged->size(),
                           .width = thumbnail->width,
                           .height = thumbnail->height,
                           .used_at = now};
      co_await put_derived(tx, job.digest, kThumbnailKind, row, *staged);
    } else {
      co_await drop_derived(tx, job.digest, kThumbnailKind, now);
    }
    co_await write_media(tx, job.digest, *old, media, now);
    co_return true;
  };
  const bool settled = co_await context_.database.write(Actor::System{}, body);
  if (!settled && staged) staged->commit_refused();
  co_return settled;
}

Task<void> MediaQueue::retry_later(MediaJob job) {
  const Time due = context_.clock.now() + kRetryAfter;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kRetryLater, ByteView(job.digest.bytes), due);
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<void> MediaQueue::retry_soon(MediaJob job) {
  const Time due =
      context_.clock.now() + kRetrySoon * (1u << std::min(job.tries - 1, kMaxDoublings));
  auto body = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kRetryKilled, ByteView(job.digest.bytes), due);
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<void> MediaQueue::give_back(MediaJob job, std::chrono::seconds delay) {
  const Time due = context_.clock.now() + delay;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kGiveBack, ByteView(job.digest.bytes), due);
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<void> MediaQueue::release_all() {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kReleaseAll, now); };
  co_await context_.database.write(Actor::System{}, body);
}

Task<bool> MediaQueue::catch_up(std::size_t limit) {
  if (is_caught_up_) co_return false;
  auto look = [&](db::Transaction& tx) -> Task<std::int64_t> {
    const auto position = co_await position_of(tx);
    co_return position;
  };
  const std::int64_t known = co_await context_.database.read(look);
  if (known == kCaughtUp) {
    is_caught_up_ = true;
    co_return false;
  }
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const std::int64_t position = co_await position_of(tx);
    if (position == kCaughtUp) co_return false;
    const auto files = co_await tx.all(kWalk, walked_from, position, limit);
    const Time now = context_.clock.now();
    for (const Walked& file : files) {
      if (!file.digest || !has_facts(file.type)) continue;
      if (!is_dated(file.type)) {
        co_await tx.execute(kMarkUndrawn, ByteView(file.digest->bytes), MediaFailure::kPdfOff,
                            MediaFailure::kNoPicture);
      }
      const auto media = co_await want_media(tx, *file.digest, file.type, file.owner, now);
      if (media.taken_at) co_await date_file(tx, file.id, media.taken_at);
    }
    // Those that came after the last one have queued themselves.
    const bool more = files.size() == limit;
    co_await tx.execute(kWritePosition, kPosition, more ? files.back().id.value : kCaughtUp);
    co_return more;
  };
  const bool more = co_await context_.database.write(Actor::System{}, body);
  if (!more) is_caught_up_ = true;
  co_return more;
}

Task<std::optional<Sha256Digest>> MediaQueue::queue_undrawn(MediaFailure off, Sha256Digest after,
                                                            std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    auto found = co_await tx.all(kUndrawn, digest_from, ByteView(after.bytes), off, limit);
    co_return found;
  };
  const auto undrawn = co_await context_.database.scan(look);
  if (undrawn.empty()) co_return std::nullopt;
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<void> {
    for (const Sha256Digest& digest : undrawn) {
      co_await tx.execute(kDrawNow, ByteView(digest.bytes), now, off);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
  co_return undrawn.back();
}

Task<std::uint64_t> MediaQueue::waiting() {
  auto look = [&](db::Transaction& tx) -> Task<std::int64_t> {
    const auto count = co_await tx.find(kWaiting, integer_from);
    co_return count.value();
  };
  const std::int64_t count = co_await context_.database.scan(look);
  co_return static_cast<std::uint64_t>(count);
}

Task<bool> MediaQueue::collect(std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<bool> {
    const auto any = co_await tx.find(kUnused, digest_from, 1);
    co_return any.has_value();
  };
  const bool any = co_await context_.database.read(look);
  if (!any) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const auto unused = co_await tx.all(kUnused, digest_from, limit);
    const Time now = context_.clock.now();
    for (const Sha256Digest& digest : unused) {
      const ByteView source = digest.bytes;
      const bool used = co_await is_used(tx, digest);
      if (used) {
        co_await tx.execute(kIsInUse, source);
        continue;
      }
      const bool has_more = co_await drop_media(tx, digest, now);
      if (has_more) co_return true;
    }
    co_return unused.size() == limit;
  };
  const bool more = co_await context_.database.write(Actor::System{}, body);
  co_return more;
}

Task<MediaCounts> media_counts(GuardedDatabase database) {
  auto look = [&](db::Transaction& tx) -> Task<MediaCounts> {
    MediaCounts counts;
    const auto add_state = [&](const db::Row& row) {
      const auto count = static_cast<std::uint64_t>(row.integer(2));
      switch (static_cast<MediaState>(row.integer(0))) {
        case MediaState::kProcessing: counts.waiting += count; break;
        case MediaState::kReady: counts.ready += count; break;
        case MediaState::kFailed: {
          counts.failed += count;
          const auto failure = static_cast<std::size_t>(row.integer(1));
          if (failure < counts.failures.size()) counts.failures[failure] += count;
          break;
        }
      }
    };
    const auto add_pictures = [&](const db::Row& row) {
      const bool thumbnails = row.boolean(0);
      (thumbnails ? counts.thumbnails : counts.pictures) =
          static_cast<std::uint64_t>(row.integer(1));
      (thumbnails ? counts.thumbnail_bytes : counts.picture_bytes) =
          static_cast<std::uint64_t>(row.integer(2));
    };
    co_await tx.for_each(kCountStates, add_state);
    co_await tx.for_each(kCountPictures, add_pictures);
    const std::int64_t position = co_await position_of(tx);
    if (position != kCaughtUp) {
      const auto left = co_await tx.find(kCountUnqueued, integer_from, position);
      counts.unqueued = static_cast<std::uint64_t>(left.value());
    }
    co_return counts;
  };
  auto counts = co_await database.scan(look);
  co_return counts;
}

Task<std::size_t> retry_failed_media(GuardedDatabase database, Time now, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::size_t> {
    const auto changed = co_await tx.execute(kRetryFailed, now, limit);
    co_return static_cast<std::size_t>(changed);
  };
  const std::size_t count = co_await database.write(Actor::System{}, body);
  co_return count;
}

}  // namespace coffer::vault
