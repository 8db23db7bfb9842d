#include "vault/tree/entries.h"

#include <memory>
#include <utility>

#include "base/fingerprint.h"
#include "base/hash.h"
#include "base/read_prefix.h"
#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/snapshot_cache.h"
#include "vault/model/sql.h"
#include "vault/model/stored_blobs.h"
#include "vault/tree/asset_rows.h"
#include "vault/tree/collections.h"
#include "vault/tree/entry_changes.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND owner_id = $2 AND is_folder = 0",
        kIsLive);
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindByUuidText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND owner_id = $2 AND is_folder = 0",
        kIsLive);
constexpr db::Statement kFindByUuid{kFindByUuidText.data()};

constexpr auto kFindByShareText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE share = $1 AND owner_id = $2 AND is_folder = 0", kIsLive);
constexpr db::Statement kFindByShare{kFindByShareText.data()};

constexpr auto kFindByDigestText =
    sql("SELECT id FROM entry WHERE owner_id = $1 AND digest = $2 AND is_folder = 0", kIsLive,
        " ORDER BY id LIMIT 1");
constexpr db::Statement kFindByDigest{kFindByDigestText.data()};

// The part that a file of parts begins with.
constexpr db::Statement kFirstPart{"SELECT digest FROM part WHERE multipart_id = $1 AND start = 0"};

constexpr std::size_t kCachedEntries = 128;  // by one thread; the largest takes 50 KB

// The question that every download asks, often of the same files.
Task<Result<Entry>> recall(GuardedDatabase& database, AccountId owner, EntryId id) {
  using SharedEntry = std::shared_ptr<const Entry>;
  auto body = [&](db::Transaction& tx) -> Task<SharedEntry> {
    thread_local SnapshotCache<std::int64_t, SharedEntry> cache(kCachedEntries);
    const SharedEntry* known = cache.find(tx.state(), id.value);
    if (known && (*known)->owner == owner) co_return *known;
    auto found = co_await find_file(tx, owner, id);
    if (!found) co_return nullptr;
    auto entry = std::make_shared<const Entry>(std::move(*found));
    cache.add(tx.state(), id.value, entry);
    co_return entry;
  };
  const SharedEntry entry = co_await database.read(body);
  if (!entry) co_return no_such_file();
  co_return *entry;
}

template <class... Args>
Task<Result<Entry>> find_one(GuardedDatabase& database, const db::Statement& statement,
                             Args... args) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(statement, entry_from, args...);
  };
  auto entry = co_await database.read(body);
  if (!entry) co_return no_such_file();
  co_return std::move(*entry);
}

// Gives the tags the form in which they are kept.
void check_entry_fields(EntryChanges& changes, Faults& faults) {
  if (changes.name) check_file_name(*changes.name, faults);
  if (changes.title && *changes.title) check_title(**changes.title, faults);
  if (changes.description && *changes.description) check_description(**changes.description, faults);
  if (changes.tags) changes.tags = check_tags(*changes.tags, faults);
}

// What a file is under another name.
struct Retyped {
  FileType type;
  std::string content_tag;  // of the bytes that it was told by
};

// The first bytes of the file; nothing where the store has lost them.
Task<std::optional<Bytes>> read_head(Context& context, const Entry& entry) {
  std::optional<Sha256Digest> digest = entry.checksum;
  if (entry.manifest) {
    const auto digest_from = [](const db::Row& row) {
      return Sha256Digest::from_bytes(row.bytes(0)).value();
    };
    auto body = [&](db::Transaction& tx) -> Task<std::optional<Sha256Digest>> {
      co_return co_await tx.find(kFirstPart, digest_from, *entry.manifest);
    };
    digest = co_await context.database.read(body);
    if (!digest) co_return Bytes();  // all of its parts are empty
  }
  const auto content = co_await open_blob(context, *digest);
  if (!content) co_return std::nullopt;
  co_return co_await read_prefix(*content, kHeadBytes);
}

// The type that `entry` would have had if it had come as `name`. Its bytes are read only where the
// two names, by themselves, say different things.
Task<Retyped> retype(Context& context, const Entry& entry, const std::string& name) {
  Retyped retyped{.type = entry.type, .content_tag = entry.content_tag()};
  if (context.classify(entry.name, {}) == context.classify(name, {})) co_return retyped;
  const auto head = co_await read_head(context, entry);
  if (head) retyped.type = context.classify(name, *head);
  co_return retyped;
}

}  // namespace

Task<std::optional<Entry>> find_file(db::Transaction& transaction, AccountId owner, EntryId id) {
  co_return co_await transaction.find(kFind, entry_from, id, owner);
}

std::string state_tag(const Entry& file, std::span<const CollectionId> collections) {
  // At once: dozens of short pieces would cost more than they weigh.
  std::string text;
  const auto add = [&](std::string_view part) {
    text += std::to_string(part.size());
    text += ':';
    text += part;
  };
  const auto add_number = [&](auto number) { add(std::to_string(number)); };
  const auto add_optional = [&](const auto& value, const auto& add_value) {
    add(value ? "1" : "0");
    if (value) add_value(*value);
  };
  add(file.content_tag());
  add(file.name);
  add(file.type.media_type);
  add(name_of(file.type.kind));
  add_number(file.size);
  add_optional(file.title, add);
  add_optional(file.description, add);
  add_number(file.tags.size());
  for (const std::string& tag : file.tags) add(tag);
  for (const CollectionId id : collections) add_number(id.value);
  add_number(file.owner.value);
  add_number(to_micros(file.updated_at));
  const Sha256Digest digest = Sha256::of(as_bytes(text));
  static_assert(kSetTagLength % 2 == 0);
  std::string tag = to_hex(ByteView(digest.bytes).first(kSetTagLength / 2));
  // What is found later: of files of several parts the digest too.
  std::string found;
  if (file.manifest && file.checksum) found = file.checksum->hex();
  if (file.media) found += '/' + encode_media(*file.media);
  constexpr std::size_t kFoundTagLength = 16;
  if (!found.empty()) tag += '-' + fingerprint({found}).substr(0, kFoundTagLength);
  return tag;
}

Task<Result<void>> check_state(db::Transaction& transaction, const Entry& file,
                               const Precondition& precondition) {
  if (!precondition) co_return Result<void>{};
  const auto collections = co_await collections_of_file(transaction, file.id);
  co_return check_precondition(precondition, state_tag(file, collections));
}

std::unexpected<Failure> no_such_file() {
  return fail(FailureCode::kNotFound, "there is no such file");
}

Task<Result<Entry>> Entries::find(AccountId owner, EntryId id) {
  return recall(context_.database, owner, id);
}

Task<Result<Entry>> Entries::find(AccountId owner, Uuid uuid) {
  return find_one(context_.database, is_token(uuid) ? kFindByShare : kFindByUuid, uuid, owner);
}

Task<std::vector<std::optional<EntryId>>> Entries::find_by_digests(
    AccountId owner, std::vector<Sha256Digest> digests) {
  using Found = std::vector<std::optional<EntryId>>;
  auto body = [&](db::Transaction& tx) -> Task<Found> {
    Found found;
    for (const Sha256Digest& digest : digests) {
      found.push_back(co_await tx.find(
          kFindByDigest, [](const db::Row& row) { return row.id<EntryId>(0); }, owner,
          ByteView(digest.bytes)));
    }
    co_return found;
  };
  auto found = co_await context_.database.scan(owner.value, body);
  co_return found;
}

std::vector<FieldFault> Entries::faults_of(EntryChanges changes) {
  Faults faults;
  check_entry_fields(changes, faults);
  return faults.take();
}

Task<Result<Entry>> Entries::update(Actor actor, EntryId id, EntryChanges changes) {
  const AccountId owner = actor.account();
  Faults faults;
  check_entry_fields(changes, faults);
  if (faults.any()) co_return faults.failure();
  const bool nothing =
      !changes.name && !changes.parent && !changes.title && !changes.description && !changes.tags;
  if (nothing && !changes.precondition) co_return co_await find(owner, id);

  for (;;) {
    std::optional<Retyped> retyped;
    if (changes.name) {
      const auto current = co_await find(owner, id);
      if (!current) co_return std::unexpected(current.error());
      retyped = co_await retype(context_, *current, *changes.name);
    }
    bool is_stale = false;
    auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
      auto found = co_await find_file(tx, owner, id);
      if (!found) co_return no_such_file();
      auto allowed = co_await check_state(tx, *found, changes.precondition);
      if (!allowed) co_return std::unexpected(std::move(allowed.error()));
      if (nothing) co_return std::move(*found);
      is_stale = retyped && retyped->content_tag != found->content_tag();
      if (is_stale) co_return std::move(*found);  // it has got other bytes meanwhile
      Entry& entry = *found;
      const Entry old = entry;
      const std::optional<EntryId> parent = changes.parent.value_or(entry.parent);
      const bool renamed = changes.name && *changes.name != entry.name;
      if (renamed || parent != entry.parent) {
        if (renamed) {
          entry.name = *changes.name;
          entry.type = retyped->type;
        }
        const auto place = co_await find_place(tx, entry.space, parent);
        if (!place) co_return no_such_folder();
        co_await settle_key(tx, entry, *place);
      }
      if (changes.title) entry.title = *changes.title;
      if (changes.description) entry.description = *changes.description;
      if (changes.tags) entry.tags = *changes.tags;
      const bool is_same = !renamed && entry.parent == old.parent && entry.title == old.title &&
                           entry.description == old.description && entry.tags == old.tags;
      if (is_same) co_return std::move(entry);
      auto stored = co_await store_changes(tx, old, entry, context_.clock.now());
      if (!stored) co_return std::unexpected(std::move(stored.error()));
      if (entry.parent != old.parent) co_await place_asset(tx, entry);
      co_return std::move(entry);
    };
    auto updated = co_await context_.database.write(actor, body);
    if (!is_stale) co_return updated;
  }
}

}  // namespace coffer::vault
