// Collections: lists of an account's own files, each in an order of its own. A file may be in many.
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

inline constexpr std::size_t kCollectionNameMax = 255;    // characters
inline constexpr std::uint64_t kCollectionMax = 10'000;   // files of one collection
inline constexpr std::uint64_t kCollectionsMax = 10'000;  // collections of one account
inline constexpr std::uint64_t kCollectionsOfFileMax = 100;

struct Collection {
  CollectionId id = {};
  AccountId owner = {};
  std::string name;
  std::optional<std::string> description = {};
  std::uint64_t files = 0;
  Time created_at = {};
  Time updated_at = {};  // of names and contents

  // Names its state: another when something about it or in it changes. Printable ASCII without
  // quotes.
  std::string state_tag() const;

  std::size_t text_bytes() const noexcept {
    return name.size() + (description ? description->size() : 0);
  }
};

// Only what is set changes; an empty optional inside clears.
struct CollectionChanges {
  std::optional<std::string> name = {};
  std::optional<std::optional<std::string>> description = {};
  Precondition precondition = {};  // of Collection::state_tag()
};

// All are about the collections of `owner`, or of the actor: others do not exist. Their files are
// listed by Entries::list(). Threads: any executor's.
class Collections {
 public:
  explicit Collections(Context& context) : context_(context) {}

  // Event `collection.created`. kInvalid for a name that is not 1 to kCollectionNameMax characters
  // long, and for a description as in Entries::update(); kQuotaExceeded, also above
  // kCollectionsMax.
  Task<Result<Collection>> create(Actor actor, std::string name,
                                  std::optional<std::string> description);
  // What create() and update() find wrong with the fields: see Accounts::faults_of().
  static std::vector<FieldFault> faults_of(const CollectionChanges& changes);

  // kNotFound.
  Task<Result<Collection>> find(AccountId owner, CollectionId id);

  // How many there are: kCollectionsMax at most.
  Task<std::uint64_t> count(AccountId owner);

  // Those with ids above `after`, in order of ids, the oldest first, but for the first `skip`.
  Task<Page<Collection>> list(AccountId owner, CollectionId after, PageLimit limit = {},
                              std::uint64_t skip = 0);

  // Event `collection.updated`. kNotFound; kPreconditionFailed; kInvalid and kQuotaExceeded as for
  // create().
  Task<Result<Collection>> update(Actor actor, CollectionId id, CollectionChanges changes);

  // Its files stay, its share links end. Event `collection.deleted`. kNotFound;
  // kPreconditionFailed.
  Task<Result<void>> remove(Actor actor, CollectionId id, Precondition precondition = {});

  // Adds the files at the end, in their order; those that are in it already stay where they are.
  // All or none. Event `collection.updated`. kNotFound, with a fault of `files` where one of the
  // files is not the actor's; kPreconditionFailed; kInvalid with a fault of `files` for more than
  // kCollectionMax of them; kQuotaExceeded, also where the collection would have more than
  // kCollectionMax, or a file be in more than kCollectionsOfFileMax. All preconditions here are of
  // Collection::state_tag().
  Task<Result<Collection>> add(Actor actor, CollectionId id, std::vector<EntryId> files,
                               Precondition precondition = {});

  // Takes the file out of it; the file stays. Event `collection.updated`. kNotFound, also for a
  // file that is not in it; kPreconditionFailed.
  Task<Result<Collection>> take_out(Actor actor, CollectionId id, EntryId file,
                                    Precondition precondition = {});

  // Puts the file right before another one; nothing: at the end. Event `collection.updated`.
  // kNotFound, with a fault of `file` or `before` where that is not in it; kPreconditionFailed.
  Task<Result<Collection>> move(Actor actor, CollectionId id, EntryId file,
                                std::optional<EntryId> before, Precondition precondition = {});

  // The collections that each of the files is in, oldest first; in the order of `files`. Costs
  // next to nothing for accounts that have no collection.
  Task<std::vector<std::vector<CollectionId>>> of(AccountId owner, std::span<const EntryId> files);

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions: takes a file that goes, or changes
// its owner, out of all collections of its owner. Event `collection.updated` of each, as done by
// `caller`.
Task<void> take_out_of_collections(db::Transaction& transaction, const Entry& file,
                                   AccountId caller, Time now);

// The collections that the file is in, oldest first.
Task<std::vector<CollectionId>> collections_of_file(db::Transaction& transaction, EntryId file);

// Removes one of the account's collections; false: it has none.
Task<bool> remove_some_collection(db::Transaction& transaction, AccountId owner, Time now);

}  // namespace coffer::vault
