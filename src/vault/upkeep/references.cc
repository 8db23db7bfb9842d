#include "vault/upkeep/references.h"

#include <exception>

#include "base/log.h"
#include "vault/upkeep/blob_migration.h"

// A digest has one row, which counts the entries and parts that refer to its bytes; the count
// changes in the transactions that make and drop them.
//
// Why no blob goes that somebody needs. An upload has its durable blob before the store looks
// whether it has the bytes, and until its transaction has ended. A removal
//   1. begins (blobs::Removal);
//   2. finds in a transaction that the digest has no row, or deletes its row if nothing refers
//      to it;
//   3. has the store remove the bytes, unless a durable blob of them has lived at any moment
//      since 1; the store asks for that under the lock under which it looks for uploads whether
//      bytes are there.
// An upload whose durable blob had gone by 1 had ended: 2 sees its reference. One whose durable
// blob lived at 1, or came before the store looked in 3, is spared there. One that comes later
// finds nothing, and stores its bytes anew. No clock takes part: the grace time is there for people
// and for readers. A crash between 2 and 3 leaves a blob without a row, which the sweep removes.
//
// In a store that keeps places no upload finds the bytes of another: it stores its own, and refers
// in its transaction to those of the row, if there is one, or makes the row. So 2 alone decides; it
// writes the place into the ledger, from which 3 takes it out once the bytes are gone. What never
// got a row stands in the ledger from before it was stored (blobs/places.h).
//
// While blobs move between the two kinds of store (blob_migration.cc), bytes in the store that
// finds them by digest are needed by a row without a place only: in 2, and wherever stored bytes
// are compared with rows, a row with a place is none.

namespace coffer::vault {
namespace {

constexpr db::Statement kForget{"DELETE FROM blob WHERE digest = $1 AND refs = 0"};
constexpr db::Statement kUnclaim{"INSERT INTO unclaimed_place (place) VALUES ($1)"};
constexpr db::Statement kRemember{
    "INSERT INTO blob (digest, size, refs, unused_since) VALUES ($1, $2, 0, $3)"
    " ON CONFLICT (digest) DO NOTHING"};
constexpr db::Statement kUnused{
    "SELECT digest, size, place FROM blob WHERE unused_since IS NOT NULL AND unused_since <= $1"
    " ORDER BY unused_since LIMIT $2"};
constexpr db::Statement kFindWithoutPlace{
    "SELECT digest, size FROM blob WHERE digest = $1 AND place IS NULL"};
constexpr db::Statement kReferenced{
    "SELECT digest, size FROM blob WHERE refs > 0 AND place IS NULL AND digest > $1"
    " ORDER BY digest LIMIT $2"};

blobs::BlobRef unused_from(const db::Row& row) {
  return {Sha256Digest::from_bytes(row.bytes(0)).value(),
          static_cast<std::uint64_t>(row.integer(1)), blobs::Place(row.bytes(2))};
}

Referenced blob_from(const db::Row& row) {
  return {Sha256Digest::from_bytes(row.bytes(0)).value(),
          static_cast<std::uint64_t>(row.integer(1))};
}

}  // namespace

Task<std::vector<Referenced>> referenced(db::Database& database,
                                         const std::optional<Sha256Digest>& after,
                                         std::size_t limit) {
  const ByteView last = after ? ByteView(after->bytes) : ByteView();
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Referenced>> {
    co_return co_await tx.all(kReferenced, blob_from, last, limit);
  };
  co_return co_await database.read(look);
}

Time References::grace_began() const { return context_.clock.now() - context_.policy.blob_grace; }

Task<bool> References::collect(std::size_t limit) {
  Freed freed;
  const Time since = grace_began();
  const bool more_unused = co_await collect_unused(since, limit, freed);
  const bool more_moved = co_await collect_moved_places(context_.database, since, limit);
  co_return more_unused || more_moved;
}

Task<std::optional<Sha256Digest>> References::sweep(std::optional<Sha256Digest> after,
                                                    std::size_t limit) {
  Freed freed;
  const auto last = co_await sweep_unknown(after, grace_began(), limit, freed);
  co_return last;
}

Task<bool> References::collect_leftovers(std::size_t limit) {
  return context_.blobs.remove_leftovers(limit);
}

Task<bool> References::collect_dropped(std::size_t limit) {
  const auto dropped = context_.dropped_blobs->take(limit);
  if (dropped.empty()) co_return false;
  const auto removal = context_.blobs.begin_removal();
  // A write, though it changes nothing: it sees every commit before it.
  auto look = [&](db::Transaction& tx) -> Task<std::vector<Sha256Digest>> {
    std::vector<Sha256Digest> unknown;
    for (const Sha256Digest& digest : dropped) {
      const auto row = co_await tx.find(kFindWithoutPlace, blob_from, ByteView(digest.bytes));
      if (!row) unknown.push_back(digest);
    }
    co_return unknown;
  };
  std::vector<Sha256Digest> unknown;
  std::exception_ptr error;
  try {
    unknown = co_await context_.database.write(Actor::System{}, look);
  } catch (...) {
    error = std::current_exception();
  }
  if (error) {
    for (const Sha256Digest& digest : dropped) context_.dropped_blobs->add(digest);
    std::rethrow_exception(error);
  }
  bool is_any_gone = false;
  for (const Sha256Digest& digest : unknown) {
    try {
      if (co_await removal->remove(digest)) {
        is_any_gone = true;
      } else if (co_await context_.blobs.open(digest)) {
        context_.dropped_blobs->add(digest);
      }
    } catch (const blobs::Error& failure) {
      // The sweep tries again.
      log::warning("a blob that nothing refers to could not be removed",
                   {{"reason", failure.what()}});
    }
  }
  co_return is_any_gone&& dropped.size() == limit;
}

Task<bool> References::collect_unused(Time since, std::size_t limit, Freed& freed) {
  const auto removal = context_.blobs.begin_removal();
  auto forget = [&](db::Transaction& tx) -> Task<std::vector<blobs::BlobRef>> {
    auto unused = co_await tx.all(kUnused, unused_from, since, limit);
    for (const blobs::BlobRef& blob : unused) {
      co_await tx.execute(kForget, ByteView(blob.digest.bytes));
      if (!blob.place.empty()) co_await tx.execute(kUnclaim, blob.place.bytes());
    }
    co_return unused;
  };
  const auto forgotten = co_await context_.database.write(Actor::System{}, forget);
  std::vector<blobs::BlobRef> failed;
  std::exception_ptr error;
  for (const blobs::BlobRef& blob : forgotten) {
    try {
      if (!co_await removal->remove(blob)) continue;
    } catch (...) {
      error = std::current_exception();
      // A place stands in the ledger, and is tried again.
      if (blob.place.empty()) failed.push_back(blob);
      continue;
    }
    ++freed.blobs;
    freed.bytes += blob.size;
  }
  if (!error) co_return forgotten.size() == limit;
  // Their bytes are still there: somebody may have referred to them again meanwhile, or they are
  // tried again.
  auto remember = [&](db::Transaction& tx) -> Task<void> {
    for (const blobs::BlobRef& blob : failed) {
      co_await tx.execute(kRemember, ByteView(blob.digest.bytes), blob.size, since);
    }
  };
  co_await context_.database.write(Actor::System{}, remember);
  std::rethrow_exception(error);
}

Task<std::optional<Sha256Digest>> References::sweep_unknown(std::optional<Sha256Digest> after,
                                                            std::optional<Time> written_by,
                                                            std::size_t limit, Freed& freed) {
  const auto removal = context_.blobs.begin_removal();
  const auto stored = co_await context_.blobs.list(after, limit);
  // A write, though it changes nothing: it sees every commit before it.
  auto look = [&](db::Transaction& tx) -> Task<std::vector<blobs::BlobInfo>> {
    std::vector<blobs::BlobInfo> unknown;
    for (const auto& blob : stored) {
      if (written_by && blob.written > *written_by) continue;
      const auto row =
          co_await tx.find(kFindWithoutPlace, blob_from, ByteView(blob.info.digest.bytes));
      if (!row) unknown.push_back(blob.info);
    }
    co_return unknown;
  };
  const auto unknown = co_await context_.database.write(Actor::System{}, look);
  for (const blobs::BlobInfo& blob : unknown) {
    try {
      if (!co_await removal->remove(blob.digest)) continue;
    } catch (const blobs::Error& error) {
      // The next sweep tries again; the others go now.
      log::warning("a blob that nothing refers to could not be removed",
                   {{"reason", error.what()}});
      continue;
    }
    ++freed.blobs;
    freed.bytes += blob.size;
  }
  if (stored.size() < limit) co_return std::nullopt;
  co_return stored.back().info.digest;
}

}  // namespace coffer::vault
