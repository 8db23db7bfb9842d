// Files as entries: find, list, change. Their bytes: vault/transfer/files.h.
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

enum class EntrySort : std::uint8_t {
  kCreated,
  kName,
  kSize,
  kTaken,      // when they were taken; those that do not say, when they came; others before these
  kPosition,   // in the collection; with one only
  kAdded,      // to the collection; with one only
  kRelevance,  // with a text only, the best first: SearchTerms::rank_of(), then the newest first
};

// A place in a sorted list: right behind an entry, also where that has gone meanwhile.
struct EntryPosition {
  EntryId id = {};
  std::int64_t number = 0;  // of sorts by anything but names: what they sort by, before the id
  std::string name = {};    // of the sort by names

  friend bool operator==(const EntryPosition&, const EntryPosition&) = default;
};

struct EntryQuery {
  AccountId owner = {};
  std::optional<FileKind> kind = {};
  std::optional<std::string> text = {};  // words; each is part of name, title, description or a tag
  std::optional<std::string> tag = {};   // the whole tag, any case
  std::optional<CollectionId> collection = {};  // one of the owner's
  std::optional<Time> created_from = {};        // those created then or later
  std::optional<Time> created_before = {};
  std::optional<Time> taken_from = {};  // those that say that they were taken then or later
  std::optional<Time> taken_before = {};
  EntrySort sort = EntrySort::kCreated;
  bool descending = true;
  std::uint64_t offset = 0;
  std::uint64_t limit = 20;
  // In place of the offset: what comes behind that position. Then nothing is counted.
  std::optional<EntryPosition> after = {};
  // With it, what was counted for the first page: how to look for this one, and no more than that.
  std::uint64_t counted = 0;
  bool counted_is_less = false;
};

struct EntryPage {
  // What people wrote into these has kTextBytes, or little more; rarely that is not the whole page.
  static constexpr std::size_t kTextBytes = std::size_t{32} << 10U;
  // Totals of lists that are filtered by more than the kind are exact up to this.
  static constexpr std::uint64_t kTotalMax = 10'000;
  std::vector<Entry> entries;
  std::vector<EntryId> rest;          // of the page, behind them
  std::optional<EntryPosition> next;  // where the next page begins; nothing: this is the last one
  std::uint64_t total = 0;            // of all pages
  bool total_is_more = false;         // there are more than the total says
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

  // Costs the same however many entries there are, also behind any position, unless it filters by
  // anything but the kind, starts at a deep offset, or something of the owner is being cleared
  // away: those run off the serving core, and are kBusy where too many do. A collection in its own
  // order costs as little without another filter, at any offset. Names sort bytewise; what sorts
  // equal comes in order of creation. Pages that begin at the position where the one before ended
  // have every entry once that is in the list all the while and keeps its place in it.
  Task<Result<EntryPage>> list(EntryQuery query);

  // Files with ids above `after`, in order of ids, which no change of a file alters.
  Task<Page<Entry>> walk(AccountId owner, EntryId after, PageLimit limit = {});

  // For each of `digests` a file with these bytes, the oldest; nothing where the owner has none.
  // What others have changes neither the answer nor its time. A file of parts is not found before
  // its digest is worked out.
  Task<std::vector<std::optional<EntryId>>> find_by_digests(AccountId owner,
                                                            std::vector<Sha256Digest> digests);

  // Event `entry.updated`, unless all is the same already. kNotFound, with a fault of `parent`
  // without that folder; kInvalid; kQuotaExceeded when the texts grow; kPreconditionFailed. A new
  // name or place gives a new key, and a new name the type of a file that comes under it.
  Task<Result<Entry>> update(Actor actor, EntryId id, EntryChanges changes);
  // What update() finds wrong with the fields: see Accounts::faults_of().
  static std::vector<FieldFault> faults_of(EntryChanges changes);

 private:
  Context& context_;
};

// Names the state of a file that is in these collections: the same as long as nothing about it
// changes, its bytes, texts, collections and what was found in its bytes, and another when
// something does. Printable ASCII without quotes. Its first kSetTagLength characters are the same
// as long as nobody changes anything: whatever is found in the bytes meanwhile.
inline constexpr std::size_t kSetTagLength = 32;
std::string state_tag(const Entry& file, std::span<const CollectionId> collections);

// For the other parts of the core, inside their transactions.

// Nothing where `owner` has no such file.
Task<std::optional<Entry>> find_file(db::Transaction& transaction, AccountId owner, EntryId id);
// kPreconditionFailed where the precondition does not allow the file's state_tag().
Task<Result<void>> check_state(db::Transaction& transaction, const Entry& file,
                               const Precondition& precondition);
std::unexpected<Failure> no_such_file();

}  // namespace coffer::vault
