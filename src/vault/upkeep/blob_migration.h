// The move of all bytes of a vault from one blob store into the other, while it serves.
//
// The asking goes through the database, as that of reclaim.h does. Which blobs are still to move is
// seen by their rows: those without a place are in the data folder, those with one in the bucket.
// So a crash loses nothing of the way. docs/adr/0045.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "blobs/blob_store.h"
#include "vault/model/context.h"
#include "vault/model/guarded_database.h"
#include "vault/transfer/staged_blob.h"
#include "vault/upkeep/store_kind.h"

namespace coffer::vault {

// The numbers stand in the database.
enum class MigrationState : std::uint8_t {
  kRunning = 0,
  kStopped = 1,     // by an operator
  kMoved = 2,       // nothing was left; the next start makes sure
  kIncomplete = 3,  // what is left cannot be moved, as far as it was tried
};

struct BlobMigration {
  std::int64_t run = 0;  // another one for each time that it was asked for
  StoreKind target = StoreKind::kLocal;
  MigrationState state = MigrationState::kRunning;
  std::uint64_t rate = 0;  // bytes a second at most; 0: no limit
  std::uint64_t moved_blobs = 0;
  std::uint64_t moved_bytes = 0;
  // As last written down; nothing before it was counted.
  std::optional<std::uint64_t> left_blobs = {};
  std::optional<std::uint64_t> left_bytes = {};
  std::optional<std::string> problem = {};  // what keeps it from going on now
};

// A blob whose bytes the store does not give.
struct UnmovedBlob {
  Sha256Digest digest;
  std::string problem;
};

struct BlobTotals {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
};

// All of these are for whoever has the database, and for the server. Nothing: none was asked for,
// or a start has ended it.
Task<std::optional<BlobMigration>> blob_migration(GuardedDatabase database);
// Begins, or goes on. One to the other store is turned round.
Task<void> request_blob_migration(GuardedDatabase database, StoreKind target, std::uint64_t rate);
// Whether there was one to stop.
Task<bool> stop_blob_migration(GuardedDatabase database);
// It is done, for good: the vault is in the target.
Task<void> end_blob_migration(GuardedDatabase database, StoreKind target);
// Unless another run was asked for. kMoved makes the target the vault's store.
Task<void> set_migration_state(GuardedDatabase database, const BlobMigration& run,
                               MigrationState state);
// Adds what was moved. What is left, and the problem, count unless another run was asked for.
Task<void> write_migration_progress(GuardedDatabase database, const BlobMigration& run,
                                    BlobTotals moved, BlobTotals left,
                                    std::optional<std::string> problem);
// The first of them by digest, and how many there are.
Task<std::vector<UnmovedBlob>> unmoved_blobs(GuardedDatabase database, std::size_t limit);
Task<std::uint64_t> count_unmoved_blobs(GuardedDatabase database);

// What is not in `target`. Goes through all rows of blobs.
Task<BlobTotals> blobs_outside(GuardedDatabase database, StoreKind target);
// Hands over to the ledger, which has them cleared, up to `limit` places that blobs were moved away
// from before `since`; whether there may be more.
Task<bool> collect_moved_places(GuardedDatabase database, Time since, std::size_t limit);
// Drops up to `limit` public objects, for a vault that leaves the bucket; whether there may be
// more.
Task<bool> drop_public_objects(GuardedDatabase database, std::size_t limit);
// Whether there are places at which bytes may be that no blob needs.
Task<bool> has_unneeded_places(GuardedDatabase database);

// Moves blobs, for whoever decides when. REQUIRES: the context is the vault's, or a copy
// of it; its blob store has both stores, and uploads go to the target. Threads: any executor's.
class BlobMover {
 public:
  explicit BlobMover(Context& context) : context_(context) {}

  // Up to `limit` blobs that are not in `target` and follow `after` (nothing: from the first), in
  // order of digests. Fewer than `limit`: the end.
  Task<std::vector<blobs::BlobRef>> left(StoreKind target, std::optional<Sha256Digest> after,
                                         std::size_t limit);

  enum class Result : std::uint8_t {
    kMoved,
    kGone,     // it was deleted, or is not there any more, meanwhile
    kUnmoved,  // the store does not give its bytes: noted for unmoved_blobs()
  };
  // Copies the blob to where uploads go, compares it with its digest, and has its row refer to the
  // copy. `before_block` is told of the bytes of each block before they are copied; may block, and
  // throw. Throws what it throws, and what fails for want of something: a store that cannot be
  // reached, or is full.
  using BeforeBlock = std::function<void(std::size_t)>;
  Task<Result> move(blobs::BlobRef blob, StoreKind target, const BeforeBlock& before_block);

  // Forgets what stands for unmoved_blobs() of blobs that are there no more.
  Task<void> prune_unmoved();

  GuardedDatabase database() const { return context_.database; }

 private:
  // What cannot be copied, and why, or a blob that is durable.
  Task<std::expected<StagedBlob, std::string>> copy(blobs::BlobRef blob,
                                                    const BeforeBlock& before_block);
  Task<Result> note_unmoved(blobs::BlobRef blob, std::string problem);
  Task<void> remove_old(blobs::Removal& removal, Sha256Digest digest);

  Context& context_;
};

}  // namespace coffer::vault
