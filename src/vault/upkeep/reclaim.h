// Frees what nothing refers to before the grace time is over: when an operator asks for it, and by
// itself while the disk is full or has just been too full for an upload.
//
// The asking goes through the database: a command beside the server has no store, and whoever may
// write to the data folder may ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/exhausted.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/task.h"
#include "db/database.h"
#include "vault/model/guarded_database.h"
#include "vault/upkeep/references.h"

namespace coffer::vault {

// One run, in short steps. Threads: one at a time. Must not outlive the references.
class Reclaim {
 public:
  // Takes what has been unused since `before` or longer, and stored blobs that the database does
  // not know, however new both are. References says why no upload loses its bytes. REQUIRES:
  // whoever has read before that moment who a file's blob is has opened it by now.
  Reclaim(References& references, Time before) : references_(references), before_(before) {}

  // Whether there is more to do.
  Task<bool> step();

  const Freed& freed() const noexcept { return freed_; }

 private:
  References& references_;
  const Time before_;
  Freed freed_;
  bool is_collected_ = false;
  std::optional<Sha256Digest> swept_;
};

using ReclaimId = Id<struct ReclaimTag>;

// Asks the server of the folder for it.
Task<ReclaimId> request_reclaim(db::Database& database, Time now);
// What came of that; nothing: it is not done yet.
Task<std::optional<Freed>> finished_reclaim(db::Database& database, ReclaimId id);

// All that were asked for until `id` are done, and this came of it. Forgets what is long done.
Task<void> finish_reclaim(GuardedDatabase database, ReclaimId id, const Freed& freed);

// The server's part. Threads: one at a time.
class Reclaims {
 public:
  Reclaims(Context& context, References& references) : context_(context), references_(references) {}

  // A step of what was asked for; with nothing asked for, of making room: while the blob store has
  // none, and for a minute after something was refused for want of it. Whether there is more to do
  // now.
  Task<bool> step();

 private:
  Task<bool> make_room();

  struct Running {
    ReclaimId id;
    Reclaim reclaim;
  };

  Context& context_;
  References& references_;
  std::optional<Running> running_;
  // For want of room, that have been looked at.
  std::uint64_t refusals_ = Exhausted::count(ExhaustedResource::kStorage);
  Time making_room_until_{};
};

}  // namespace coffer::vault
