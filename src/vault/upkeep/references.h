// Which blobs are needed, and the removal of those that are not. The references are counted in
// vault/transfer/blob_rows.h.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "vault/model/context.h"

namespace coffer::vault {

// A blob that something refers to.
struct Referenced {
  Sha256Digest digest;
  std::uint64_t size = 0;
};

// Up to `limit` of them that follow `after` (nothing: from the first), in order of digests. Fewer
// than `limit`: the end. For whoever has the database and no vault.
Task<std::vector<Referenced>> referenced(db::Database& database,
                                         const std::optional<Sha256Digest>& after,
                                         std::size_t limit);

// What a removal took.
struct Freed {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
};

// Removes what nothing refers to. Threads: one at a time.
class References {
 public:
  explicit References(Context& context) : context_(context) {}

  // Removes up to `limit` blobs that nothing has referred to for the grace time; whether there may
  // be more.
  Task<bool> collect(std::size_t limit);

  // Looks at up to `limit` stored blobs after `after` and removes those older than the grace time
  // that the database does not know (their upload never committed). The last one looked at, or
  // nothing when the store's end was reached.
  Task<std::optional<Sha256Digest>> sweep(std::optional<Sha256Digest> after, std::size_t limit);

  // The same two without the grace time: what nothing has referred to since `since` or longer, and
  // what was last written by `written_by` (nothing: however new). Add to `freed` what they took.
  Task<bool> collect_unused(Time since, std::size_t limit, Freed& freed);
  Task<std::optional<Sha256Digest>> sweep_unknown(std::optional<Sha256Digest> after,
                                                  std::optional<Time> written_by, std::size_t limit,
                                                  Freed& freed);

  // Lets a store that keeps places remove up to `limit` blobs that no row refers to and no upload
  // holds; whether there may be more to do now.
  Task<bool> collect_leftovers(std::size_t limit);

  // Looks at up to `limit` blobs whose upload came to nothing (Context::dropped_blobs), and removes
  // those that the database does not know. Those that another upload still holds are looked at
  // again the next time. Whether there may be more to do now.
  Task<bool> collect_dropped(std::size_t limit);

 private:
  Time grace_began() const;

  Context& context_;
};

}  // namespace coffer::vault
