// Files: find, list, change, replace, delete, read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/stream.h"
#include "base/task.h"
#include "vault/context.h"
#include "vault/failure.h"
#include "vault/page.h"
#include "vault/types.h"
#include "vault/uploads.h"

namespace coffer::vault {

enum class EntrySort : std::uint8_t { kCreated, kName, kSize };

struct EntryQuery {
  AccountId owner = {};
  std::optional<FileKind> kind = {};
  std::optional<std::string> text = {};  // part of name, title, description or tags, any case
  std::optional<std::string> tag = {};   // the whole tag, any case
  EntrySort sort = EntrySort::kCreated;
  bool descending = true;
  std::uint64_t offset = 0;
  std::uint64_t limit = 20;
};

struct EntryPage {
  // What people wrote into these has kTextBytes, or little more; rarely that is not the whole page.
  static constexpr std::size_t kTextBytes = std::size_t{32} << 10U;
  std::vector<Entry> entries;
  std::vector<EntryId> rest;  // of the page, behind them
  std::uint64_t total = 0;    // of all pages
};

// Only what is set changes; an empty optional inside clears.
struct EntryChanges {
  std::optional<std::string> name = {};  // 1–255 characters
  // The folder to move to, in the same space; an empty one: out of all folders.
  std::optional<std::optional<EntryId>> parent = {};
  std::optional<std::optional<std::string>> title = {};        // at most 255 characters
  std::optional<std::optional<std::string>> description = {};  // at most 10,000 characters
  std::optional<std::vector<std::string>> tags = {};  // at most 50 of 1–64 characters; doubles fold
};

// All are about the files that `owner`, or the actor, owns, in whatever spaces: others do not
// exist, and folders are none. Threads: any executor's.
class Entries {
 public:
  explicit Entries(Context& context) : context_(context) {}

  // kNotFound. A UUID may be the file's own or its share token.
  Task<Result<Entry>> find(AccountId owner, EntryId id);
  Task<Result<Entry>> find(AccountId owner, Uuid uuid);

  // Costs the same however many entries there are, unless it filters by text or tag, starts deep
  // inside the list, or something of the owner is being cleared away: those run off the serving
  // core, and are kBusy where too many do. Names sort bytewise; what sorts equal comes in order of
  // creation, so pages never overlap.
  Task<Result<EntryPage>> list(EntryQuery query);

  // Files with ids above `after`, in order of ids, which no change of a file alters.
  Task<Page<Entry>> walk(AccountId owner, EntryId after, PageLimit limit = {});

  // Event `entry.updated`. kNotFound, with a fault of `parent` without that folder; kInvalid;
  // kQuotaExceeded when the texts grow. A new name or place gives a new key.
  Task<Result<Entry>> update(Actor actor, EntryId id, EntryChanges changes);

  // Gives the file other bytes; its type follows them, its ids, share token and names stay. The
  // quota is charged with the difference. Event `entry.updated`. kNotFound, kForbidden (a group
  // that the actor has left), kQuotaExceeded; after a failure `received` is discarded.
  Task<Result<Entry>> replace(Actor actor, EntryId id, StagedBlob received);

  // Gives the bytes back to the quota; the blob goes when nothing refers to it for the grace
  // time. Event `entry.deleted`. kNotFound. Reads under way go on.
  Task<Result<void>> remove(Actor actor, EntryId id);

  // The file's bytes. Throws when the store has lost them. REQUIRES: a file.
  Task<std::shared_ptr<const Content>> open(const Entry& entry);

 private:
  Task<Result<Entry>> try_replace(Actor actor, EntryId id, const StagedBlob& received);

  Context& context_;
};

}  // namespace coffer::vault
