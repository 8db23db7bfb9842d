// Files as entries: find, list, change. Their bytes: transfer/files.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The last two are for the files of one collection: their order in it, and when they were added.
enum class EntrySort : std::uint8_t { kCreated, kName, kSize, kPosition, kAdded };

struct EntryQuery {
  AccountId owner = {};
  std::optional<FileKind> kind = {};
  std::optional<std::string> text = {};  // part of name, title, description or tags, any case
  std::optional<std::string> tag = {};   // the whole tag, any case
  std::optional<CollectionId> collection = {};  // one of the owner's
  EntrySort sort = EntrySort::kCreated;         // kPosition, kAdded: with a collection only
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
  Precondition precondition = {};                     // of state_tag()
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

  // For each of `digests` a file with these bytes, the oldest; nothing where the owner has none.
  // What others have changes neither the answer nor its time. A file of parts is not found before
  // its digest is worked out.
  Task<std::vector<std::optional<EntryId>>> find_by_digests(AccountId owner,
                                                            std::vector<Sha256Digest> digests);

  // Event `entry.updated`. kNotFound, with a fault of `parent` without that folder; kInvalid;
  // kQuotaExceeded when the texts grow; kPreconditionFailed. A new name or place gives a new key,
  // and a new name the type of a file that comes under it.
  Task<Result<Entry>> update(Actor actor, EntryId id, EntryChanges changes);

 private:
  Context& context_;
};

// Names the state of a file that is in these collections: the same as long as nothing about it
// changes, its bytes, texts and collections, and another when something does. Printable ASCII
// without quotes.
std::string state_tag(const Entry& file, std::span<const CollectionId> collections);

// For the other parts of the core, inside their transactions.

// Nothing where `owner` has no such file.
Task<std::optional<Entry>> find_file(db::Transaction& transaction, AccountId owner, EntryId id);
// kPreconditionFailed where the precondition does not allow the file's state_tag().
Task<Result<void>> check_state(db::Transaction& transaction, const Entry& file,
                               const Precondition& precondition);
std::unexpected<Failure> no_such_file();

}  // namespace coffer::vault
