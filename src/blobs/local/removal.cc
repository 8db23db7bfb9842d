#include "blobs/local/removal.h"

#include <mutex>
#include <optional>
#include <string>

namespace coffer::blobs {
namespace {

// Removes the blob's file unless `is_spared(what it is)`, asked while nobody can find it again.
// Whether it is gone.
template <class IsSpared>
bool remove_file(StoreContext& context, const Sha256Digest& digest, IsSpared is_spared) {
  const std::string name = blob_name(digest);
  std::lock_guard lock(context.folders[folder_of(digest)].naming);
  const std::optional<Disk::FileInfo> info = context.disk->info(name);
  if (!info) return true;
  if (is_spared(*info)) return false;
  // Without a sync: a name that comes back after a power loss is swept again.
  context.disk->remove(name);
  context.open_blobs.forget(digest);
  return true;
}

// A writer holds the name before it looks whether the blob is there, and this asks who held it
// while nobody can look: so the writer is seen here, or finds the blob gone.
class LocalRemoval final : public Removal {
 public:
  explicit LocalRemoval(StoreContext& context) : context_(context), watch_(context.holds) {}

  Task<bool> remove(BlobRef blob) override {
    co_return co_await context_.io.run([this, digest = blob.digest] {
      if (context_.segments->remove_unseen(digest, watch_) == PackedIndex::Removal::kSpared) {
        return false;
      }
      return remove_file(context_, digest,
                         [&](const Disk::FileInfo&) { return watch_.saw(digest); });
    });
  }

 private:
  StoreContext& context_;
  const Holds::Watch watch_;
};

}  // namespace

bool remove_older(StoreContext& context, const Sha256Digest& digest, Time cutoff) {
  switch (context.segments->remove_older(digest, cutoff)) {
    case PackedIndex::Removal::kSpared: return false;
    // Of a file of that name, from a time when there were no segments, the sweep takes care: who
    // made the record and does not want it any more must not take that along.
    case PackedIndex::Removal::kRemoved: return true;
    case PackedIndex::Removal::kAbsent: break;
  }
  return remove_file(context, digest,
                     [&](const Disk::FileInfo& info) { return info.modified > cutoff; });
}

std::unique_ptr<Removal> begin_removal(StoreContext& context) {
  return std::make_unique<LocalRemoval>(context);
}

}  // namespace coffer::blobs
