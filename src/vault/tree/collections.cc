#include "vault/tree/collections.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/collection_rows.h"
#include "vault/tree/entries.h"
#include "vault/tree/share_link_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// New files come so far behind the last one; a file goes half way between two others. Where no
// number is left between them, some get new ones, this far apart at least.
constexpr std::int64_t kStep = std::int64_t{1} << 20U;
constexpr std::int64_t kMinStep = std::int64_t{1} << 10U;
constexpr std::uint64_t kDeep = 1000;  // rows to pass over: above, off the serving core

constexpr auto kFindText =
    sql("SELECT ", kCollectionColumns, " FROM collection WHERE id = $1 AND owner_id = $2");
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kListText = sql("SELECT ", kCollectionColumns,
                               " FROM collection WHERE owner_id = $1 AND id > $2"
                               " ORDER BY id LIMIT $3 OFFSET $4");
constexpr db::Statement kList{kListText.data()};
// Not more than $2, however many there are.
constexpr db::Statement kCount{
    "SELECT count(*) FROM (SELECT 1 FROM collection WHERE owner_id = $1 LIMIT $2) AS some"};
constexpr db::Statement kInsert{
    "INSERT INTO collection (owner_id, name, description, files, charged, created_at, updated_at)"
    " VALUES ($1, $2, $3, 0, $4, $5, $5)"};
constexpr db::Statement kUpdate{
    "UPDATE collection SET name = $2, description = $3, charged = charged + $4, updated_at = $5"
    " WHERE id = $1"};
constexpr db::Statement kAddFiles{
    "UPDATE collection SET files = files + $2, charged = charged + $3, updated_at = $4"
    " WHERE id = $1"};
constexpr db::Statement kCharged{"SELECT charged FROM collection WHERE id = $1"};
constexpr db::Statement kRemoveFiles{"DELETE FROM collection_entry WHERE collection_id = $1"};
constexpr db::Statement kRemove{"DELETE FROM collection WHERE id = $1"};

constexpr db::Statement kLast{
    "SELECT max(position) FROM collection_entry WHERE collection_id = $1"};
constexpr db::Statement kPosition{
    "SELECT position FROM collection_entry WHERE collection_id = $1 AND entry_id = $2"};
constexpr db::Statement kBefore{
    "SELECT max(position) FROM collection_entry WHERE collection_id = $1 AND position < $2"};
constexpr db::Statement kAdd{
    "INSERT INTO collection_entry (collection_id, entry_id, position, added_at)"
    " VALUES ($1, $2, $3, $4) ON CONFLICT (collection_id, entry_id) DO NOTHING"};
constexpr db::Statement kTakeOut{
    "DELETE FROM collection_entry WHERE collection_id = $1 AND entry_id = $2"};
constexpr db::Statement kMove{
    "UPDATE collection_entry SET position = $3 WHERE collection_id = $1 AND entry_id = $2"};
// The row that has $3 rows between itself and $2, on either side of it.
constexpr db::Statement kFarBefore{
    "SELECT position FROM collection_entry WHERE collection_id = $1 AND position < $2"
    " ORDER BY position DESC LIMIT 1 OFFSET $3"};
constexpr db::Statement kFarBehind{
    "SELECT position FROM collection_entry WHERE collection_id = $1 AND position >= $2"
    " ORDER BY position LIMIT 1 OFFSET $3"};
constexpr db::Statement kCountBetween{
    "SELECT count(*) FROM collection_entry"
    " WHERE collection_id = $1 AND position > $2 AND position < $3"};
// Numbers those between $2 and $3 anew, in their order, $4 apart from $2 on. Negative first, since
// no two may have the same at any time.
constexpr db::Statement kSpread{
    "UPDATE collection_entry SET position = -($2 + $4 * ordered.number)"
    " FROM (SELECT entry_id, row_number() OVER (ORDER BY position) AS number"
    " FROM collection_entry WHERE collection_id = $1 AND position > $2 AND position < $3)"
    " AS ordered"
    " WHERE collection_entry.collection_id = $1 AND collection_entry.entry_id = ordered.entry_id"};
constexpr db::Statement kEndSpread{
    "UPDATE collection_entry SET position = -position WHERE collection_id = $1 AND position < 0"};
constexpr db::Statement kOfFile{
    "SELECT collection_id FROM collection_entry WHERE entry_id = $1 ORDER BY collection_id"};
constexpr db::Statement kAny{"SELECT id FROM collection WHERE owner_id = $1 LIMIT 1"};
// What is left of one while some of its files are being cleared away.
constexpr auto kCountVisibleText =
    sql("SELECT count(*) FROM collection_entry AS c JOIN entry ON entry.id = c.entry_id"
        " WHERE entry.owner_id = $1 AND c.collection_id = $2",
        kIsNotHidden);
constexpr db::Statement kCountVisible{kCountVisibleText.data()};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }
CollectionId id_from(const db::Row& row) { return row.id<CollectionId>(0); }

std::unexpected<Failure> no_such_collection() {
  return fail(FailureCode::kNotFound, "there is no such collection");
}

std::unexpected<Failure> fault_of(FailureCode code, std::string field, std::string message) {
  Faults faults;
  faults.add(std::move(field), std::move(message));
  return faults.failure(code);
}

void check_collection_fields(const CollectionChanges& changes, Faults& faults) {
  if (changes.name) check_display_name(*changes.name, kCollectionNameMax, faults);
  if (changes.description && *changes.description) check_description(**changes.description, faults);
}

std::int64_t charge_of_texts(const Collection& collection) {
  return static_cast<std::int64_t>(collection.text_bytes());
}

std::int64_t charge_of_files(std::uint64_t files) {
  return static_cast<std::int64_t>(files * kListedCharge);
}

Event event_of(CollectionId id, AccountId owner, EventType type, AccountId caller) {
  Event event;
  event.type = type;
  event.account = caller;
  event.owner = owner;
  event.collection = id;
  return event;
}

// What its owner did.
Task<void> report(db::Transaction& tx, const Collection& collection, EventType type, Time now) {
  const Event event = event_of(collection.id, collection.owner, type, collection.owner);
  co_await append_event(tx, now, event);
}

// Its files changed by `added`, now.
Task<void> count_files(db::Transaction& tx, Collection& collection, std::int64_t added, Time now) {
  collection.files =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(collection.files) + added);
  collection.updated_at = now;
  const std::int64_t charged = added * static_cast<std::int64_t>(kListedCharge);
  co_await tx.execute(kAddFiles, collection.id, added, charged, now);
}

Task<void> count_visible(db::Transaction& tx, Collection& collection) {
  const auto visible =
      co_await tx.find(kCountVisible, integer_from, collection.owner, collection.id);
  collection.files = static_cast<std::uint64_t>(visible.value_or(0));
}

// As callers see it: without the files that are being cleared away.
Task<Result<void>> check_state(db::Transaction& tx, const Collection& collection,
                               const Precondition& precondition) {
  if (!precondition) co_return Result<void>{};
  Collection seen = collection;
  const bool hidden = co_await has_hidden(tx, collection.owner);
  if (hidden) co_await count_visible(tx, seen);
  co_return check_precondition(precondition, seen.state_tag());
}

Task<void> remove_collection(db::Transaction& tx, const Collection& collection, Time now) {
  co_await drop_share_links(tx, collection.owner, collection.id);
  const auto charged = co_await tx.find(kCharged, integer_from, collection.id);
  co_await give_back(tx, collection.owner, {.charged = charged.value()});
  co_await tx.execute(kRemoveFiles, collection.id);
  co_await tx.execute(kRemove, collection.id);
  co_await report(tx, collection, EventType::kCollectionDeleted, now);
}

// A number right before `next`, behind the one that stands before that; nothing where there is
// none.
Task<std::optional<std::int64_t>> free_position(db::Transaction& tx, CollectionId id,
                                                std::int64_t next) {
  const auto previous = co_await tx.find(
      kBefore, [](const db::Row& row) { return row.optional_integer(0).value_or(0); }, id, next);
  const std::int64_t low = previous.value_or(0);
  if (next - low < 2) co_return std::nullopt;
  co_return low + (next - low) / 2;
}

Task<std::int64_t> last_position(db::Transaction& tx, CollectionId id) {
  const auto last = co_await tx.find(
      kLast, [](const db::Row& row) { return row.optional_integer(0).value_or(0); }, id);
  co_return last.value_or(0);
}

// Makes room before the file at `next` by numbering those around it anew: as few as will do, so
// that nobody else who writes waits for a whole collection, and cursors elsewhere in it stay good.
Task<void> make_room(db::Transaction& tx, CollectionId id, std::int64_t next) {
  for (std::int64_t around = 32;; around *= 4) {
    const auto before = co_await tx.find(kFarBefore, integer_from, id, next, around);
    const auto behind = co_await tx.find(kFarBehind, integer_from, id, next, around);
    const std::int64_t low = before.value_or(0);
    std::int64_t high = behind.value_or(0);
    if (!behind) high = co_await last_position(tx, id) + kStep;
    const auto count = co_await tx.find(kCountBetween, integer_from, id, low, high);
    const std::int64_t places = count.value() + 1;
    if (!before && !behind) high = std::max(high, places * kStep);
    const std::int64_t step = (high - low) / places;
    if (step < kMinStep && (before || behind)) continue;
    co_await tx.execute(kSpread, id, low, high, step);
    co_await tx.execute(kEndSpread, id);
    co_return;
  }
}

}  // namespace

Collection collection_from(const db::Row& row) {
  Collection collection;
  collection.id = row.id<CollectionId>(0);
  collection.owner = row.id<AccountId>(1);
  collection.name = row.text(2);
  collection.description = row.optional_text(3);
  collection.files = static_cast<std::uint64_t>(row.integer(4));
  collection.created_at = row.time(5);
  collection.updated_at = row.time(6);
  return collection;
}

std::string Collection::state_tag() const {
  const std::string numbers = fmt::format("{} {} {} {} {}", id.value, files, to_micros(updated_at),
                                          name.size(), description.has_value());
  Sha256 hash;
  hash.update(as_bytes(numbers));
  hash.update(as_bytes(name));
  hash.update(as_bytes(description.value_or("")));
  return hash.finish().hex().substr(0, 32);
}

Task<std::vector<CollectionId>> collections_of_file(db::Transaction& transaction, EntryId file) {
  auto collections = co_await transaction.all(kOfFile, id_from, file);
  co_return collections;
}

Task<Result<Collection>> Collections::create(Actor actor, std::string name,
                                             std::optional<std::string> description) {
  Faults faults;
  check_collection_fields({.name = name, .description = description}, faults);
  if (faults.any()) co_return faults.failure();
  Collection made;
  made.owner = actor.account();
  made.name = std::move(name);
  made.description = std::move(description);
  made.created_at = made.updated_at = context_.clock.now();
  const std::int64_t charged = static_cast<std::int64_t>(kEntryCharge) + charge_of_texts(made);
  auto body = [&](db::Transaction& tx) -> Task<Result<CollectionId>> {
    const auto count = co_await tx.find(kCount, integer_from, made.owner, kCollectionsMax);
    if (static_cast<std::uint64_t>(count.value()) >= kCollectionsMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     fmt::format("an account has at most {} collections", kCollectionsMax));
    }
    const auto fits = co_await charge_account(tx, made.owner, {.charged = charged});
    if (!fits) co_return std::unexpected(fits.error());
    const auto id = co_await tx.insert<CollectionId>(kInsert, made.owner, made.name,
                                                     made.description, charged, made.created_at);
    Collection stored = made;
    stored.id = id.value();
    co_await report(tx, stored, EventType::kCollectionCreated, made.created_at);
    co_return *id;
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  made.id = *id;
  co_return made;
}

std::vector<FieldFault> Collections::faults_of(const CollectionChanges& changes) {
  Faults faults;
  check_collection_fields(changes, faults);
  return faults.take();
}

Task<Result<Collection>> Collections::find(AccountId owner, CollectionId id) {
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<std::optional<Collection>> {
    auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (found && hidden) co_await count_visible(tx, *found);
    co_return found;
  };
  auto found =
      co_await read_list<std::optional<Collection>>(context_.database, {.owner = owner}, body);
  if (!found) co_return no_such_collection();
  co_return std::move(*found);
}

Task<std::uint64_t> Collections::count(AccountId owner) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kCount, integer_from, owner, kCollectionsMax);
  };
  const auto count = co_await context_.database.read(body);
  co_return static_cast<std::uint64_t>(count.value());
}

Task<Page<Collection>> Collections::list(AccountId owner, CollectionId after, PageLimit limit,
                                         std::uint64_t skip) {
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<Page<Collection>> {
    auto page = co_await read_page(tx, kList, limit, collection_from, &Collection::text_bytes,
                                   owner, after, limit.to_fetch(), skip);
    if (hidden) {
      for (Collection& collection : page.items) co_await count_visible(tx, collection);
    }
    co_return page;
  };
  const ListRead how{.owner = owner, .serving = skip <= kDeep, .on_behalf = owner.value};
  auto page = co_await read_list<Page<Collection>>(context_.database, how, body);
  co_return page;
}

Task<Result<Collection>> Collections::update(Actor actor, CollectionId id,
                                             CollectionChanges changes) {
  const AccountId owner = actor.account();
  Faults faults;
  check_collection_fields(changes, faults);
  if (faults.any()) co_return faults.failure();
  const bool nothing = !changes.name && !changes.description;
  if (nothing && !changes.precondition) co_return co_await find(owner, id);
  auto body = [&](db::Transaction& tx) -> Task<Result<Collection>> {
    auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (!found) co_return no_such_collection();
    auto allowed = co_await check_state(tx, *found, changes.precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    if (nothing) co_return std::move(*found);
    const std::int64_t before = charge_of_texts(*found);
    if (changes.name) found->name = *changes.name;
    if (changes.description) found->description = *changes.description;
    found->updated_at = context_.clock.now();
    const std::int64_t more = charge_of_texts(*found) - before;
    if (more != 0) {
      const auto fits = co_await charge_account(tx, owner, {.charged = more});
      if (!fits) co_return std::unexpected(fits.error());
    }
    co_await tx.execute(kUpdate, id, found->name, found->description, more, found->updated_at);
    co_await report(tx, *found, EventType::kCollectionUpdated, found->updated_at);
    co_return std::move(*found);
  };
  const auto updated = co_await context_.database.write(actor, body);
  if (!updated) co_return std::unexpected(updated.error());
  co_return co_await find(owner, id);
}

Task<Result<void>> Collections::remove(Actor actor, CollectionId id, Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (!found) co_return no_such_collection();
    auto allowed = co_await check_state(tx, *found, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    co_await remove_collection(tx, *found, context_.clock.now());
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Collection>> Collections::add(Actor actor, CollectionId id, std::vector<EntryId> files,
                                          Precondition precondition) {
  const AccountId owner = actor.account();
  if (files.size() > kCollectionMax) {
    co_return fault_of(FailureCode::kInvalid, "files",
                       fmt::format("a collection holds at most {}", kCollectionMax));
  }
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (!found) co_return no_such_collection();
    auto allowed = co_await check_state(tx, *found, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    const Time now = context_.clock.now();
    std::int64_t position = co_await last_position(tx, id);
    std::int64_t added = 0;
    for (const EntryId file : files) {
      const auto entry = co_await find_file(tx, owner, file);
      if (!entry) co_return fault_of(FailureCode::kNotFound, "files", "there is no such file");
      const auto rows = co_await tx.execute(kAdd, id, file, position + kStep, now);
      if (rows == 0) continue;
      position += kStep;
      ++added;
      const auto others = co_await tx.all(kOfFile, id_from, file);
      if (others.size() > kCollectionsOfFileMax) {
        co_return fail(FailureCode::kQuotaExceeded,
                       fmt::format("a file is in at most {} collections; take it out of one",
                                   kCollectionsOfFileMax));
      }
    }
    if (added == 0) co_return Result<void>{};
    if (found->files + static_cast<std::uint64_t>(added) > kCollectionMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     fmt::format("a collection holds at most {} files", kCollectionMax));
    }
    const Cost cost{.charged = charge_of_files(static_cast<std::uint64_t>(added))};
    const auto fits = co_await charge_account(tx, owner, cost);
    if (!fits) co_return std::unexpected(fits.error());
    co_await count_files(tx, *found, added, now);
    co_await report(tx, *found, EventType::kCollectionUpdated, now);
    co_return Result<void>{};
  };
  const auto done = co_await context_.database.write(actor, body);
  if (!done) co_return std::unexpected(done.error());
  co_return co_await find(owner, id);
}

Task<Result<Collection>> Collections::take_out(Actor actor, CollectionId id, EntryId file,
                                               Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (!found) co_return no_such_collection();
    auto allowed = co_await check_state(tx, *found, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    const auto rows = co_await tx.execute(kTakeOut, id, file);
    if (rows == 0) co_return fail(FailureCode::kNotFound, "the collection has no such file");
    const Time now = context_.clock.now();
    co_await give_back(tx, owner, {.charged = charge_of_files(1)});
    co_await count_files(tx, *found, -1, now);
    co_await report(tx, *found, EventType::kCollectionUpdated, now);
    co_return Result<void>{};
  };
  const auto done = co_await context_.database.write(actor, body);
  if (!done) co_return std::unexpected(done.error());
  co_return co_await find(owner, id);
}

Task<Result<Collection>> Collections::move(Actor actor, CollectionId id, EntryId file,
                                           std::optional<EntryId> before,
                                           Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    auto found = co_await tx.find(kFind, collection_from, id, owner);
    if (!found) co_return no_such_collection();
    auto allowed = co_await check_state(tx, *found, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    const auto own = co_await tx.find(kPosition, integer_from, id, file);
    if (!own) co_return fault_of(FailureCode::kNotFound, "file", "is not in the collection");
    if (before == file) co_return Result<void>{};
    std::optional<std::int64_t> position;
    if (!before) {
      position = co_await last_position(tx, id) + kStep;
    } else {
      auto next = co_await tx.find(kPosition, integer_from, id, *before);
      if (!next) co_return fault_of(FailureCode::kNotFound, "before", "is not in the collection");
      position = co_await free_position(tx, id, *next);
      if (!position) {
        co_await make_room(tx, id, *next);
        next = co_await tx.find(kPosition, integer_from, id, *before);
        position = co_await free_position(tx, id, next.value());
      }
    }
    const Time now = context_.clock.now();
    co_await tx.execute(kMove, id, file, position.value());
    co_await count_files(tx, *found, 0, now);
    co_await report(tx, *found, EventType::kCollectionUpdated, now);
    co_return Result<void>{};
  };
  const auto done = co_await context_.database.write(actor, body);
  if (!done) co_return std::unexpected(done.error());
  co_return co_await find(owner, id);
}

Task<std::vector<std::vector<CollectionId>>> Collections::of(AccountId owner,
                                                             std::span<const EntryId> files) {
  auto body = [&](db::Transaction& tx) -> Task<std::vector<std::vector<CollectionId>>> {
    std::vector<std::vector<CollectionId>> all(files.size());
    const auto any = co_await tx.find(kAny, id_from, owner);
    if (!any) co_return all;
    for (std::size_t i = 0; i < files.size(); ++i) {
      all[i] = co_await tx.all(kOfFile, id_from, files[i]);
    }
    co_return all;
  };
  co_return co_await context_.database.read(body);
}

Task<void> take_out_of_collections(db::Transaction& transaction, const Entry& file,
                                   AccountId caller, Time now) {
  const auto collections = co_await transaction.all(kOfFile, id_from, file.id);
  for (const CollectionId id : collections) {
    co_await transaction.execute(kTakeOut, id, file.id);
    co_await transaction.execute(kAddFiles, id, -1, -charge_of_files(1), now);
    const Event event = event_of(id, file.owner, EventType::kCollectionUpdated, caller);
    co_await append_event(transaction, now, event);
  }
  if (collections.empty()) co_return;
  co_await give_back(transaction, file.owner, {.charged = charge_of_files(collections.size())});
}

Task<bool> remove_some_collection(db::Transaction& transaction, AccountId owner, Time now) {
  const auto some = co_await transaction.all(kList, collection_from, owner, CollectionId{},
                                             std::size_t{1}, std::uint64_t{0});
  if (some.empty()) co_return false;
  co_await remove_collection(transaction, some.front(), now);
  co_return true;
}

}  // namespace coffer::vault
