#include "vault/uploads.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "base/text.h"
#include "vault/checks.h"
#include "vault/entries.h"
#include "vault/entry_rows.h"
#include "vault/events.h"
#include "vault/keys.h"
#include "vault/references.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kNameless = "file";

constexpr db::Statement kQuota{
    "SELECT a.quota, a.used FROM space s JOIN account a ON a.id = s.owner_id WHERE s.id = $1"};
// The only place where the quota is decided: what no upload may pass is in the condition.
constexpr db::Statement kCharge{
    "UPDATE account SET used = used + $2"
    " WHERE id = (SELECT owner_id FROM space WHERE id = $1)"
    " AND (quota IS NULL OR used + $2 <= quota)"};
constexpr db::Statement kInsert{
    "INSERT INTO entry (uuid, space_id, creator_id, key, name, media_type, kind, size, digest,"
    " blob_id, title, description, tags, created_at, updated_at, search)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15)"
    " ON CONFLICT (space_id, key) DO NOTHING RETURNING id"};
constexpr db::Statement kAdd{
    "INSERT INTO space_total (space_id, kind, files, bytes) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT (space_id, kind) DO UPDATE"
    " SET files = space_total.files + 1, bytes = space_total.bytes + excluded.bytes"};

struct Allowance {
  std::optional<std::uint64_t> left;  // bytes; nothing: no limit
};

Allowance allowance_from(const db::Row& row) {
  const auto quota = row.optional_integer(0);
  if (!quota) return {};
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(*quota - row.integer(1), 0))};
}

EntryId id_from(const db::Row& row) { return row.id<EntryId>(0); }

std::unexpected<Failure> no_such_space() {
  return fail(FailureCode::kNotFound, "there is no such space");
}

std::unexpected<Failure> quota_exceeded() {
  return fail(FailureCode::kQuotaExceeded, "there is not enough room left for this file");
}

// An entry as far as it is known before its transaction, and the columns that follow from it.
struct Draft {
  Entry entry;
  std::string tags;
  std::string search;
  Time received_at;
};

Task<EntryId> insert_entry(db::Transaction& tx, Entry& entry, const Draft& draft, BlobId blob) {
  for (;;) {
    const auto id = co_await tx.find(kInsert, id_from, entry.uuid, entry.space, entry.creator,
                                     as_bytes(entry.key), as_bytes(entry.name),
                                     entry.type.media_type, entry.type.kind, entry.size,
                                     ByteView(entry.checksum.bytes), blob, entry.title,
                                     entry.description, draft.tags, entry.created_at, draft.search);
    if (id) co_return *id;
    entry.key = co_await free_key(tx, entry.space, entry.key);
  }
}

// Makes the drafted entry one of the space, but for what it costs.
Task<Entry> add_entry(db::Transaction& tx, const Draft& draft, Time now) {
  Entry entry = draft.entry;
  entry.created_at = entry.updated_at = now;
  const BlobId blob = co_await add_reference(tx, entry.checksum, entry.size);
  entry.id = co_await insert_entry(tx, entry, draft, blob);
  co_await insert_tags(tx, entry);
  co_await tx.execute(kAdd, entry.space, entry.type.kind, entry.size);
  const Event event{.type = EventType::kEntryCreated,
                    .account = entry.creator,
                    .space = entry.space,
                    .entry = entry.id,
                    .uuid = entry.uuid,
                    .kind = entry.type.kind};
  co_await append_event(tx, now, event);
  co_return entry;
}

}  // namespace

Task<Result<Received>> Uploads::receive(SpaceId space, InputStream& source,
                                        std::optional<std::uint64_t> expected_size,
                                        std::uint64_t pending) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Allowance>> {
    co_return co_await tx.find(kQuota, allowance_from, space);
  };
  const auto allowance = co_await context_.database.read(look);
  if (!allowance) co_return no_such_space();
  auto left = allowance->left;
  if (left) *left -= std::min(pending, *left);
  const std::uint64_t most =
      context_.policy.max_file_bytes.value_or(std::numeric_limits<std::uint64_t>::max());
  if (left && expected_size && *expected_size > *left) co_return quota_exceeded();

  Received received;
  const auto writer = co_await context_.blobs.create(expected_size);
  for (;;) {
    const ByteSpan room = co_await writer->room();
    const auto read = co_await source.read(room);
    if (!read) co_return bad_stream(read.error());
    if (*read == 0) break;
    received.size += *read;
    if (received.size > most) co_return bad_stream(StreamFault::kTooLarge);
    if (left && received.size > *left) co_return quota_exceeded();
    if (received.head.size() < kHeadBytes) {
      const ByteView part = room.first(std::min(*read, kHeadBytes - received.head.size()));
      received.head.insert(received.head.end(), part.begin(), part.end());
    }
    writer->advance(*read);
  }
  // Before the store notes its own time, so that the blob never looks older than this.
  received.at = context_.clock.now();
  const blobs::BlobInfo blob = co_await writer->finish();
  received.digest = blob.digest;
  received.new_at = blob.new_at;
  co_return received;
}

Task<void> Uploads::discard(Received received) {
  if (received.new_at) co_await context_.blobs.remove_unused(received.digest, *received.new_at);
}

Task<Result<std::vector<Entry>>> Uploads::commit(AccountId caller, SpaceId space,
                                                 std::vector<NewFile> files) {
  std::vector<Received> received;
  for (const NewFile& file : files) received.push_back(file.received);
  auto entries = co_await try_commit(caller, space, std::move(files));
  if (!entries) {
    for (Received& one : received) co_await discard(std::move(one));
  }
  co_return entries;
}

Task<Result<std::vector<Entry>>> Uploads::try_commit(AccountId caller, SpaceId space,
                                                     std::vector<NewFile> files) {
  Faults faults;
  std::vector<Draft> drafts;
  std::uint64_t size = 0;
  const Time now = context_.clock.now();
  for (NewFile& file : files) {
    if (trim(file.name).empty()) file.name = kNameless;
    check_file_name(file.name, faults);
    if (file.title) check_title(*file.title, faults);
    if (file.description) check_description(*file.description, faults);
    auto tags = check_tags(file.tags, faults);
    if (faults.any()) co_return faults.failure();

    Draft draft;
    Entry& entry = draft.entry;
    entry.uuid = Uuid::make(now, context_.entropy);
    entry.space = space;
    entry.creator = caller;
    entry.type = context_.classify(file.name, file.received.head);
    entry.size = file.received.size;
    entry.checksum = file.received.digest;
    entry.key = key_from_name(file.name);
    entry.name = std::move(file.name);
    entry.title = std::move(file.title);
    entry.description = std::move(file.description);
    entry.tags = std::move(tags);
    draft.tags = tags_column(entry);
    draft.search = search_column(entry);
    draft.received_at = file.received.at;
    size += entry.size;
    drafts.push_back(std::move(draft));
  }
  if (drafts.empty()) co_return std::vector<Entry>{};

  auto body = [&](db::Transaction& tx) -> Task<Result<std::vector<Entry>>> {
    const Time committed = context_.clock.now();
    for (const Draft& draft : drafts) {
      // The collector may have taken the bytes, or be about to (references.cc).
      if (committed - draft.received_at > context_.policy.blob_grace / 2) {
        co_return bad_stream(StreamFault::kTooSlow);
      }
    }
    const auto charged = co_await tx.execute(kCharge, space, size);
    if (charged == 0) {
      const auto owner = co_await tx.find(kQuota, allowance_from, space);
      if (!owner) co_return no_such_space();
      co_return quota_exceeded();
    }
    std::vector<Entry> entries;
    for (const Draft& draft : drafts) entries.push_back(co_await add_entry(tx, draft, committed));
    co_return entries;
  };
  co_return co_await context_.database.write(body);
}

}  // namespace coffer::vault
