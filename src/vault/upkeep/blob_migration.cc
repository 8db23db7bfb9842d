#include "vault/upkeep/blob_migration.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>

#include "base/log.h"
#include "blobs/caching_store.h"
#include "blobs/unavailable_error.h"
#include "vault/transfer/staged_blob.h"

// Why no move loses bytes.
//
// A copy is an upload like any other: it is durable before the transaction that changes the row,
// its place stands in the ledger until that transaction takes it out, and one in the data folder is
// held until then. The transaction changes the row of the digest only where it still names the
// bytes that were copied; whatever refers to the digest goes on to do so, and no count changes.
// Where it changes nothing, the copy is nobody's, and goes as that of an upload that failed.
//
// The old bytes. In the data folder: a removal begins before the transaction, and removes after it,
// as References says, with the transaction as its second step: the row does not need them any more.
// An upload of equal bytes into the data folder, of any time, either refers through the row, which
// has the copy's place; or makes a row anew, because the other was collected, and then was held
// (the removal spares its bytes), or comes later (it stores them anew). What was spared, or what a
// crash left, is a stored blob that no row without a place needs: the collector looks at it again,
// and the sweep finds it. Readers who have them open keep them, and who has read the row before
// looks at it again (stored_blobs.cc). In the bucket: the old place goes into moved_place in the
// transaction, and stays readable for the grace time; then it goes by the ledger.

namespace coffer::vault {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{256} << 10U;
constexpr const char* kOwner = "migration";  // as memory of uploads is counted

constexpr db::Statement kFind{
    "SELECT run, target, state, rate, moved_blobs, moved_bytes, left_blobs, left_bytes, problem"
    " FROM blob_migration WHERE id = 1"};
constexpr db::Statement kRequest{
    "INSERT INTO blob_migration (id, run, target, state, rate) VALUES (1, 1, $1, 0, $2)"
    " ON CONFLICT (id) DO UPDATE SET run = blob_migration.run + 1, state = 0, rate = $2,"
    " problem = NULL, left_blobs = NULL, left_bytes = NULL, target = $1,"
    " moved_blobs = CASE WHEN blob_migration.target = $1 THEN blob_migration.moved_blobs ELSE 0 "
    "END,"
    " moved_bytes = CASE WHEN blob_migration.target = $1 THEN blob_migration.moved_bytes ELSE 0 "
    "END"};
constexpr db::Statement kForgetUnmoved{"DELETE FROM unmoved_blob"};
constexpr db::Statement kStop{
    "UPDATE blob_migration SET state = 1, run = run + 1, problem = NULL"
    " WHERE id = 1 AND state IN (0, 3)"};
constexpr db::Statement kEnd{"DELETE FROM blob_migration WHERE id = 1"};
constexpr db::Statement kSetState{"UPDATE blob_migration SET state = $2 WHERE id = 1 AND run = $1"};
constexpr db::Statement kSetKind{
    "INSERT INTO blob_store (id, kind) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET kind = $1"};
constexpr db::Statement kWriteProgress{
    "UPDATE blob_migration SET moved_blobs = moved_blobs + $3, moved_bytes = moved_bytes + $4,"
    " left_blobs = CASE WHEN run = $1 THEN $5 ELSE left_blobs END,"
    " left_bytes = CASE WHEN run = $1 THEN $6 ELSE left_bytes END,"
    " problem = CASE WHEN run = $1 THEN $7 ELSE problem END WHERE id = 1 AND target = $2"};
constexpr db::Statement kUnmoved{
    "SELECT digest, problem FROM unmoved_blob ORDER BY digest LIMIT $1"};
constexpr db::Statement kCountUnmoved{"SELECT count(*) FROM unmoved_blob"};
constexpr db::Statement kNoteUnmoved{
    "INSERT INTO unmoved_blob (digest, problem) VALUES ($1, $2)"
    " ON CONFLICT (digest) DO UPDATE SET problem = $2"};
constexpr db::Statement kMovedAtLast{"DELETE FROM unmoved_blob WHERE digest = $1"};
constexpr db::Statement kPruneUnmoved{
    "DELETE FROM unmoved_blob WHERE digest NOT IN (SELECT digest FROM blob)"};
constexpr db::Statement kCountPlaced{
    "SELECT count(*), coalesce(sum(size), 0) FROM blob WHERE place IS NOT NULL"};
constexpr db::Statement kCountUnplaced{
    "SELECT count(*), coalesce(sum(size), 0) FROM blob WHERE place IS NULL"};
constexpr db::Statement kCountUnneeded{
    "SELECT (SELECT count(*) FROM unclaimed_place) + (SELECT count(*) FROM moved_place)"};
constexpr db::Statement kPlaced{
    "SELECT digest, size, place FROM blob WHERE digest > $1 AND place IS NOT NULL"
    " ORDER BY digest LIMIT $2"};
constexpr db::Statement kUnplaced{
    "SELECT digest, size, place FROM blob WHERE digest > $1 AND place IS NULL"
    " ORDER BY digest LIMIT $2"};
constexpr db::Statement kRow{"SELECT digest, size, place FROM blob WHERE digest = $1"};
constexpr db::Statement kToPlace{"UPDATE blob SET place = $2 WHERE digest = $1 AND place IS NULL"};
constexpr db::Statement kClaim{"DELETE FROM unclaimed_place WHERE place = $1"};
constexpr db::Statement kFromPlace{"UPDATE blob SET place = NULL WHERE digest = $1 AND place = $2"};
constexpr db::Statement kMovedBefore{
    "SELECT place FROM moved_place WHERE moved_at <= $1 ORDER BY moved_at LIMIT $2"};
constexpr db::Statement kForgetMoved{"DELETE FROM moved_place WHERE place = $1"};
constexpr db::Statement kUnclaim{"INSERT INTO unclaimed_place (place) VALUES ($1)"};
constexpr db::Statement kDropPublicObjects{
    "DELETE FROM public_object WHERE entry_id IN (SELECT entry_id FROM public_object LIMIT $1)"
    " RETURNING place"};
constexpr db::Statement kMovedAway{"INSERT INTO moved_place (place, moved_at) VALUES ($1, $2)"};

std::uint64_t unsigned_at(const db::Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

std::optional<std::uint64_t> optional_at(const db::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return unsigned_at(row, column);
}

BlobMigration migration_from(const db::Row& row) {
  return {.run = row.integer(0),
          .target = static_cast<StoreKind>(row.integer(1)),
          .state = static_cast<MigrationState>(row.integer(2)),
          .rate = unsigned_at(row, 3),
          .moved_blobs = unsigned_at(row, 4),
          .moved_bytes = unsigned_at(row, 5),
          .left_blobs = optional_at(row, 6),
          .left_bytes = optional_at(row, 7),
          .problem = row.optional_text(8)};
}

blobs::BlobRef ref_from(const db::Row& row) {
  return {Sha256Digest::from_bytes(row.bytes(0)).value(), unsigned_at(row, 1),
          blobs::Place(row.bytes(2))};
}

UnmovedBlob unmoved_from(const db::Row& row) {
  return {.digest = Sha256Digest::from_bytes(row.bytes(0)).value(),
          .problem = std::string(row.text(1))};
}

BlobTotals totals_from(const db::Row& row) {
  return {.blobs = unsigned_at(row, 0), .bytes = unsigned_at(row, 1)};
}

std::uint64_t count_from(const db::Row& row) { return unsigned_at(row, 0); }

// The first bytes of the slice.
void read_slice(const FileSlice& slice, ByteSpan into) {
  for (std::size_t filled = 0; filled < into.size();) {
    const ssize_t got = ::pread(slice.fd, into.data() + filled, into.size() - filled,
                                static_cast<off_t>(slice.offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw blobs::Error(std::string("it cannot be read: ") + std::strerror(errno));
    if (got == 0) throw blobs::Error("its file ends early");
    filled += static_cast<std::size_t>(got);
  }
}

// Bytes of a blob in their order, a block at a time.
class BlockReader {
 public:
  explicit BlockReader(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  bool is_at_end() const noexcept { return offset_ == content_->size(); }
  std::uint64_t offset() const noexcept { return offset_; }

  // REQUIRES: it is not at the end. Valid until the next call.
  Task<ByteView> next() {
    const std::uint64_t rest = content_->size() - offset_;
    piece_ = co_await content_->piece(offset_, std::min<std::uint64_t>(rest, kBlockBytes));
    ByteView block;
    if (const auto* const bytes = std::get_if<Bytes>(&piece_)) {
      block = *bytes;
    } else {
      const auto& slice = std::get<FileSlice>(piece_);
      block_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(slice.length, kBlockBytes)));
      read_slice(slice, block_);
      block = block_;
    }
    offset_ += block.size();
    co_return block;
  }

 private:
  const std::shared_ptr<const Content> content_;
  std::uint64_t offset_ = 0;
  Content::Piece piece_;
  Bytes block_;
};

}  // namespace

Task<std::optional<BlobMigration>> blob_migration(GuardedDatabase database) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<BlobMigration>> {
    co_return co_await tx.find(kFind, migration_from);
  };
  co_return co_await database.read(look);
}

Task<void> request_blob_migration(GuardedDatabase database, StoreKind target, std::uint64_t rate) {
  auto request = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kRequest, target, rate);
    co_await tx.execute(kForgetUnmoved);
  };
  co_await database.write(Actor::System{}, request);
}

Task<bool> stop_blob_migration(GuardedDatabase database) {
  auto stop = [&](db::Transaction& tx) -> Task<bool> {
    const std::uint64_t changed = co_await tx.execute(kStop);
    co_return changed > 0;
  };
  co_return co_await database.write(Actor::System{}, stop);
}

Task<void> end_blob_migration(GuardedDatabase database, StoreKind target) {
  auto end = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kEnd);
    co_await tx.execute(kForgetUnmoved);
    co_await tx.execute(kSetKind, target);
  };
  co_await database.write(Actor::System{}, end);
}

Task<void> set_migration_state(GuardedDatabase database, const BlobMigration& run,
                               MigrationState state) {
  auto set = [&](db::Transaction& tx) -> Task<void> {
    const std::uint64_t changed = co_await tx.execute(kSetState, run.run, state);
    if (changed > 0 && state == MigrationState::kMoved) co_await tx.execute(kSetKind, run.target);
  };
  co_await database.write(Actor::System{}, set);
}

Task<void> write_migration_progress(GuardedDatabase database, const BlobMigration& run,
                                    BlobTotals moved, BlobTotals left,
                                    std::optional<std::string> problem) {
  auto write = [&](db::Transaction& tx) -> Task<void> {
    co_await tx.execute(kWriteProgress, run.run, run.target, moved.blobs, moved.bytes, left.blobs,
                        left.bytes, problem);
  };
  co_await database.write(Actor::System{}, write);
}

Task<std::vector<UnmovedBlob>> unmoved_blobs(GuardedDatabase database, std::size_t limit) {
  auto look = [&](db::Transaction& tx) -> Task<std::vector<UnmovedBlob>> {
    co_return co_await tx.all(kUnmoved, unmoved_from, limit);
  };
  co_return co_await database.read(look);
}

Task<std::uint64_t> count_unmoved_blobs(GuardedDatabase database) {
  auto look = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    const auto count = co_await tx.find(kCountUnmoved, count_from);
    co_return count.value();
  };
  co_return co_await database.read(look);
}

Task<BlobTotals> blobs_outside(GuardedDatabase database, StoreKind target) {
  const db::Statement& statement = target == StoreKind::kS3 ? kCountUnplaced : kCountPlaced;
  auto look = [&](db::Transaction& tx) -> Task<BlobTotals> {
    const auto totals = co_await tx.find(statement, totals_from);
    co_return totals.value();
  };
  co_return co_await database.scan(look);
}

Task<bool> collect_moved_places(GuardedDatabase database, Time since, std::size_t limit) {
  auto hand_over = [&](db::Transaction& tx) -> Task<std::size_t> {
    const auto place_from = [](const db::Row& row) { return blobs::Place(row.bytes(0)); };
    const auto places = co_await tx.all(kMovedBefore, place_from, since, limit);
    for (const blobs::Place& place : places) {
      co_await tx.execute(kForgetMoved, place.bytes());
      co_await tx.execute(kUnclaim, place.bytes());
    }
    co_return places.size();
  };
  const std::size_t count = co_await database.write(Actor::System{}, hand_over);
  co_return count == limit;
}

Task<bool> drop_public_objects(GuardedDatabase database, std::size_t limit) {
  auto drop = [&](db::Transaction& tx) -> Task<std::size_t> {
    const auto place_from = [](const db::Row& row) { return blobs::Place(row.bytes(0)); };
    const auto places = co_await tx.all(kDropPublicObjects, place_from, limit);
    for (const blobs::Place& place : places) co_await tx.execute(kUnclaim, place.bytes());
    co_return places.size();
  };
  const std::size_t count = co_await database.write(Actor::System{}, drop);
  co_return count == limit;
}

Task<bool> has_unneeded_places(GuardedDatabase database) {
  auto look = [&](db::Transaction& tx) -> Task<bool> {
    const auto count = co_await tx.find(kCountUnneeded, count_from);
    co_return count.value() > 0;
  };
  co_return co_await database.read(look);
}

Task<std::vector<blobs::BlobRef>> BlobMover::left(StoreKind target,
                                                  std::optional<Sha256Digest> after,
                                                  std::size_t limit) {
  const db::Statement& statement = target == StoreKind::kS3 ? kUnplaced : kPlaced;
  const ByteView last = after ? ByteView(after->bytes) : ByteView();
  auto look = [&](db::Transaction& tx) -> Task<std::vector<blobs::BlobRef>> {
    co_return co_await tx.all(statement, ref_from, last, limit);
  };
  co_return co_await context_.database.scan(look);
}

Task<void> BlobMover::prune_unmoved() {
  auto prune = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kPruneUnmoved); };
  co_await context_.database.write(Actor::System{}, prune);
}

Task<BlobMover::Result> BlobMover::note_unmoved(blobs::BlobRef blob, std::string problem) {
  auto note = [&](db::Transaction& tx) -> Task<Result> {
    const auto row = co_await tx.find(kRow, ref_from, ByteView(blob.digest.bytes));
    if (!row || row->place != blob.place) co_return Result::kGone;
    co_await tx.execute(kNoteUnmoved, ByteView(blob.digest.bytes), problem);
    co_return Result::kUnmoved;
  };
  co_return co_await context_.database.write(Actor::System{}, note);
}

Task<std::expected<StagedBlob, std::string>> BlobMover::copy(blobs::BlobRef blob,
                                                             const BeforeBlock& before_block) {
  std::string problem;
  std::shared_ptr<const Content> content;
  try {
    content = co_await blobs::open_uncached(context_.blobs, blob);
    if (!content) problem = "the store does not have it";
  } catch (const blobs::UnavailableError&) {
    throw;
  } catch (const blobs::Error& error) {
    problem = error.what();
  }
  if (content && content->size() != blob.size) {
    problem = "it has another size than the database says";
  }
  if (!problem.empty()) co_return std::unexpected(std::move(problem));
  const auto writer = co_await context_.blobs.create(blob.size, kOwner);
  if (!writer) throw blobs::UnavailableError("too many blobs are being moved at once");
  BlockReader reader(std::move(content));
  while (!reader.is_at_end()) {
    before_block(static_cast<std::size_t>(
        std::min<std::uint64_t>(blob.size - reader.offset(), kBlockBytes)));
    ByteView block;
    try {
      block = co_await reader.next();
    } catch (const blobs::UnavailableError&) {
      throw;
    } catch (const blobs::Error& error) {
      problem = error.what();
    }
    if (!problem.empty()) co_return std::unexpected(std::move(problem));
    co_await writer->write(block);
  }
  auto durable = co_await writer->seal();
  StagedBlob staged(std::move(durable), Bytes(), nullptr, context_.dropped_blobs);
  if (staged.digest() != blob.digest || staged.size() != blob.size) {
    co_return std::unexpected(std::string("its bytes are not those of its digest"));
  }
  co_await staged.durable_blob()->reached();
  co_return staged;
}

Task<BlobMover::Result> BlobMover::move(blobs::BlobRef blob, StoreKind target,
                                        const BeforeBlock& before_block) {
  auto staged = co_await copy(blob, before_block);
  if (!staged) {
    // Throws where it is not this blob alone that the store does not give.
    co_await context_.blobs.check_present();
    co_return co_await note_unmoved(blob, std::move(staged.error()));
  }
  const auto removal = context_.blobs.begin_removal();
  const blobs::Place place = staged->durable_blob()->place();
  if (place.empty() != (target == StoreKind::kLocal)) {
    throw std::logic_error("blobs are moved to where no uploads go");
  }
  staged->begin_commit();
  auto refer = [&](db::Transaction& tx) -> Task<bool> {
    tx.wait_before_commit(staged->durable_blob());
    const ByteView digest = blob.digest.bytes;
    co_await tx.execute(kMovedAtLast, digest);
    std::uint64_t changed = 0;
    if (target == StoreKind::kS3) {
      changed = co_await tx.execute(kToPlace, digest, place.bytes());
      if (changed > 0) co_await tx.execute(kClaim, place.bytes());
    } else {
      changed = co_await tx.execute(kFromPlace, digest, blob.place.bytes());
      if (changed > 0) co_await tx.execute(kMovedAway, blob.place.bytes(), context_.clock.now());
    }
    co_return changed > 0;
  };
  const bool is_moved = co_await context_.database.write(Actor::System{}, refer);
  if (!is_moved) {
    staged->commit_refused();
    co_return Result::kGone;
  }
  if (target == StoreKind::kS3) co_await remove_old(*removal, blob.digest);
  co_return Result::kMoved;
}

Task<void> BlobMover::remove_old(blobs::Removal& removal, Sha256Digest digest) {
  try {
    const bool is_gone = co_await removal.remove(digest);
    if (!is_gone) context_.dropped_blobs->add(digest);
  } catch (const blobs::Error& error) {
    // The sweep tries again.
    log::warning("a blob that was moved could not be removed where it was",
                 {{"reason", error.what()}});
  }
}

}  // namespace coffer::vault
