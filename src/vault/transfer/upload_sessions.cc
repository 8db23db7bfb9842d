#include "vault/transfer/upload_sessions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/model/step_time.h"
#include "vault/transfer/blob_rows.h"
#include "vault/transfer/manifests.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kNameless = "file";
constexpr std::size_t kMissingTold = 20;  // of the missing parts' numbers, in the message

constexpr char kColumns[] =
    "id, uuid, space_id, parent_id, name, parts, bytes, expires_at, entry_id, owner_id, charged";

constexpr db::Statement kInsert{
    "INSERT INTO multipart (uuid, owner_id, space_id, parent_id, name, parts, bytes, charged, head,"
    " expires_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9)"};
constexpr db::Statement kCountUnfinished{
    "SELECT count(*) FROM multipart WHERE owner_id = $1 AND entry_id IS NULL AND expires_at > $2"};
constexpr auto kFindText = sql("SELECT ", kColumns,
                               " FROM multipart WHERE uuid = $1 AND owner_id = $2"
                               " AND expires_at > $3");
constexpr db::Statement kFind{kFindText.data()};
constexpr db::Statement kHead{"SELECT head FROM multipart WHERE id = $1"};
constexpr db::Statement kGrow{
    "UPDATE multipart SET bytes = bytes + $2, charged = charged + $3, expires_at = $4"
    " WHERE id = $1"};
constexpr db::Statement kSetHead{"UPDATE multipart SET head = $2 WHERE id = $1"};
constexpr db::Statement kFinish{
    "UPDATE multipart SET entry_id = $2, name = $3, charged = 0, head = $4 WHERE id = $1"};
constexpr db::Statement kForget{"DELETE FROM multipart WHERE id = $1"};
constexpr auto kExpiredText =
    sql("SELECT ", kColumns, " FROM multipart WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2");
constexpr db::Statement kExpired{kExpiredText.data()};

constexpr db::Statement kFindPart{
    "SELECT size, digest FROM part WHERE multipart_id = $1 AND number = $2"};
constexpr db::Statement kPutPart{
    "INSERT INTO part (multipart_id, number, digest, size) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (multipart_id, number) DO UPDATE"
    " SET digest = excluded.digest, size = excluded.size"};
constexpr db::Statement kParts{
    "SELECT number, size FROM part WHERE multipart_id = $1 ORDER BY number"};
constexpr db::Statement kPlace{
    "UPDATE part SET start = placed.start FROM"
    " (SELECT number, sum(size) OVER (ORDER BY number) - size AS start FROM part"
    " WHERE multipart_id = $1) AS placed"
    " WHERE part.multipart_id = $1 AND part.number = placed.number AND part.size > 0"};
constexpr db::Statement kOnlyPart{"SELECT size, digest FROM part WHERE multipart_id = $1"};
constexpr db::Statement kRemoveParts{"DELETE FROM part WHERE multipart_id = $1"};

constexpr auto kEntryText = sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1", kIsLive);
constexpr db::Statement kEntry{kEntryText.data()};

constexpr db::Statement kRetired{
    "SELECT manifest_id FROM retired_manifest WHERE retired_at <= $1 ORDER BY retired_at LIMIT $2"};
constexpr db::Statement kForgetRetired{"DELETE FROM retired_manifest WHERE manifest_id = $1"};

// An upload with what is nobody else's business. Its parts are the manifest of that number.
struct Session {
  ManifestId id;
  AccountId owner;
  Cost cost;  // no more once it is complete: then the file has it
  UploadSession upload;
};

Session session_from(const db::Row& row) {
  Session session;
  session.id = row.id<ManifestId>(0);
  UploadSession& upload = session.upload;
  upload.uuid = Uuid::from_bytes(row.bytes(1)).value();
  upload.space = row.id<SpaceId>(2);
  if (const auto parent = row.id<EntryId>(3); parent != EntryId{}) upload.parent = parent;
  upload.name = as_text(row.bytes(4));
  if (!row.is_null(5)) upload.parts = static_cast<std::uint32_t>(row.integer(5));
  upload.bytes = static_cast<std::uint64_t>(row.integer(6));
  upload.expires_at = row.time(7);
  if (!row.is_null(8)) upload.entry = row.id<EntryId>(8);
  session.owner = row.id<AccountId>(9);
  session.cost = {.bytes = row.integer(6), .charged = row.integer(10)};
  return session;
}

struct StoredPart {
  std::uint64_t size = 0;
  Sha256Digest digest;
};

StoredPart stored_part_from(const db::Row& row) {
  return {.size = static_cast<std::uint64_t>(row.integer(0)),
          .digest = Sha256Digest::from_bytes(row.bytes(1)).value()};
}

Part part_from(const db::Row& row) {
  return {.number = static_cast<std::uint32_t>(row.integer(0)),
          .size = static_cast<std::uint64_t>(row.integer(1))};
}

std::unexpected<Failure> no_such_upload() {
  return fail(FailureCode::kNotFound, "there is no such upload");
}

std::unexpected<Failure> is_complete() {
  return fail(FailureCode::kConflict, "the upload is complete");
}

std::unexpected<Failure> parts_missing(std::vector<std::uint32_t> missing) {
  const std::span<const std::uint32_t> told =
      std::span(missing).first(std::min(missing.size(), kMissingTold));
  auto failure = invalid(
      "parts", fmt::format("{} missing: {}{}", missing.size() == 1 ? "is" : "are",
                           fmt::join(told, ", "), told.size() < missing.size() ? " …" : ""));
  failure.error().missing = std::move(missing);
  return failure;
}

// Those from 1 to the last that are not in `parts`, which come by number.
std::vector<std::uint32_t> missing_parts(const std::vector<Part>& parts,
                                         std::optional<std::uint32_t> announced) {
  const std::uint32_t last = announced.value_or(parts.empty() ? 1 : parts.back().number);
  std::vector<std::uint32_t> missing;
  auto part = parts.begin();
  for (std::uint32_t number = 1; number <= last; ++number) {
    if (part != parts.end() && part->number == number) {
      ++part;
    } else {
      missing.push_back(number);
    }
  }
  return missing;
}

Task<Result<Session>> find_session(db::Transaction& tx, AccountId owner, const Uuid& upload,
                                   Time now) {
  auto session = co_await tx.find(kFind, session_from, upload, owner, now);
  if (!session) co_return no_such_upload();
  co_return std::move(*session);
}

// The same for who wants to change it.
Task<Result<Session>> find_open(db::Transaction& tx, AccountId owner, const Uuid& upload,
                                Time now) {
  auto session = co_await find_session(tx, owner, upload, now);
  if (session && session->upload.entry) co_return is_complete();
  co_return session;
}

Result<void> check_number(const UploadSession& upload, std::uint32_t number) {
  const std::uint32_t last = upload.parts.value_or(kPartsMax);
  if (number > 0 && number <= last) return {};
  return invalid("number", fmt::format("must be from 1 to {}", last));
}

// A single part is a file like any other; several become a manifest.
Task<void> store(db::Transaction& tx, const Session& session, const std::vector<Part>& parts,
                 Entry& entry) {
  if (parts.size() > 1) {
    co_await tx.execute(kPlace, session.id);
    entry.manifest = session.id;
    co_return;
  }
  const auto part = co_await tx.find(kOnlyPart, stored_part_from, session.id);
  co_await tx.execute(kRemoveParts, session.id);
  entry.checksum = part.value().digest;
}

Task<void> forget(db::Transaction& tx, const Session& session, Time now) {
  if (!session.upload.entry) {
    co_await give_back(tx, session.owner, session.cost);
    co_await drop_parts(tx, session.id, now);
  }
  co_await tx.execute(kForget, session.id);
}

Bytes head_from(const db::Row& row) {
  const ByteView head = row.bytes(0);
  return {head.begin(), head.end()};
}

}  // namespace

Task<Result<UploadSession>> UploadSessions::begin(Actor actor, NewUploadSession wanted) {
  const AccountId owner = actor.account();
  if (trim(wanted.name).empty()) wanted.name = kNameless;
  Faults faults;
  check_file_name(wanted.name, faults);
  if (wanted.parts && (*wanted.parts == 0 || *wanted.parts > kPartsMax)) {
    faults.add("parts", fmt::format("must be a number from 1 to {}", kPartsMax));
  }
  if (faults.any()) co_return faults.failure();
  const Time now = context_.clock.now();
  const UploadSession upload{.uuid = make_token(now, context_.entropy),
                             .space = wanted.space,
                             .parent = wanted.parent,
                             .name = std::move(wanted.name),
                             .parts = wanted.parts,
                             .expires_at = now + context_.policy.upload_session_lifetime};
  const Cost cost{.charged = static_cast<std::int64_t>(kEntryCharge + upload.name.size())};
  auto body = [&](db::Transaction& tx) -> Task<Result<UploadSession>> {
    const auto charged = co_await charge_new(tx, owner, upload.space, cost);
    if (!charged) co_return std::unexpected(charged.error());
    const auto place = co_await find_place(tx, upload.space, upload.parent);
    if (!place) co_return no_such_folder();
    const auto unfinished = co_await tx.find(
        kCountUnfinished, [](const db::Row& row) { return row.integer(0); }, owner, now);
    if (static_cast<std::uint64_t>(unfinished.value_or(0)) >= context_.policy.max_upload_sessions) {
      co_return fail(FailureCode::kBusy,
                     "too many of your uploads in parts are unfinished: complete some of them, or "
                     "wait until they expire");
    }
    co_await tx.execute(kInsert, upload.uuid, owner, upload.space,
                        upload.parent.value_or(EntryId{}), as_bytes(upload.name), upload.parts,
                        cost.charged, ByteView(), upload.expires_at);
    co_return upload;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Part>> UploadSessions::put_part(Actor actor, Uuid upload, std::uint32_t number,
                                            InputStream& source,
                                            std::optional<std::uint64_t> expected_size) {
  auto staged = co_await receive_part(actor.account(), upload, number, source, expected_size);
  if (!staged) co_return std::unexpected(std::move(staged.error()));
  auto part = co_await commit_part(actor, upload, number, std::move(*staged));
  co_return part;
}

Task<Result<StagedBlob>> UploadSessions::receive_part(AccountId owner, Uuid upload,
                                                      std::uint32_t number, InputStream& source,
                                                      std::optional<std::uint64_t> expected_size) {
  const Time now = context_.clock.now();
  // What the part may be at most, as far as that is certain before it comes.
  auto look = [&](db::Transaction& tx) -> Task<Result<UploadLimits>> {
    const auto session = co_await find_open(tx, owner, upload, now);
    if (!session) co_return std::unexpected(session.error());
    const auto fits = check_number(session->upload, number);
    if (!fits) co_return std::unexpected(fits.error());
    const auto old = co_await tx.find(kFindPart, stored_part_from, session->id, number);
    const std::uint64_t replaced = old ? old->size : 0;
    const auto allowance = co_await find_allowance(tx, owner);
    if (!allowance) co_return no_such_upload();
    UploadLimits limits = limits_for(context_, owner, *allowance);
    limits.replaced = replaced;
    if (!old) limits.fixed = kPartCharge;
    if (const auto max = context_.policy.max_file_bytes) {
      const std::uint64_t others = session->upload.bytes - replaced;
      limits.max = *max - std::min(*max, others);
    }
    co_return limits;
  };
  auto limits = co_await context_.database.read(look);
  if (!limits) co_return std::unexpected(std::move(limits.error()));
  auto staged = co_await receive_stream(context_, source, expected_size, std::move(*limits));
  co_return staged;
}

Task<Result<Part>> UploadSessions::commit_part(Actor actor, Uuid upload, std::uint32_t number,
                                               StagedBlob staged) {
  const AccountId owner = actor.account();
  staged.begin_commit();
  auto body = [&](db::Transaction& tx) -> Task<Result<Part>> {
    const Time now = context_.clock.now();
    const auto session = co_await find_open(tx, owner, upload, now);
    if (!session) co_return std::unexpected(session.error());
    const auto fits = check_number(session->upload, number);
    if (!fits) co_return std::unexpected(fits.error());
    const auto old = co_await tx.find(kFindPart, stored_part_from, session->id, number);
    const std::uint64_t replaced = old ? old->size : 0;
    const std::uint64_t total = session->upload.bytes - replaced + staged.size();
    if (context_.policy.max_file_bytes && total > *context_.policy.max_file_bytes) {
      co_return file_too_large(*context_.policy.max_file_bytes);
    }
    const auto more =
        static_cast<std::int64_t>(staged.size()) - static_cast<std::int64_t>(replaced);
    const Cost cost{.bytes = more,
                    .charged = more + (old ? 0 : static_cast<std::int64_t>(kPartCharge))};
    const auto charged = co_await charge_new(tx, owner, session->upload.space, cost);
    if (!charged) co_return std::unexpected(charged.error());
    // The new reference first: the bytes may be the same.
    co_await add_reference(tx, staged);
    co_await tx.execute(kPutPart, session->id, number, ByteView(staged.digest().bytes),
                        staged.size());
    if (old) co_await drop_reference(tx, old->digest, now);
    const Time expires_at = now + context_.policy.upload_session_lifetime;
    co_await tx.execute(kGrow, session->id, cost.bytes, cost.charged, expires_at);
    if (number == 1) co_await tx.execute(kSetHead, session->id, staged.head());
    co_return Part{.number = number, .size = staged.size()};
  };
  auto part = co_await context_.database.write(actor, body);
  if (!part) staged.commit_refused();
  co_return part;
}

Task<Result<UploadSessionStatus>> UploadSessions::status(AccountId owner, Uuid upload) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Result<UploadSessionStatus>> {
    auto session = co_await find_session(tx, owner, upload, now);
    if (!session) co_return std::unexpected(std::move(session.error()));
    UploadSessionStatus status{.upload = std::move(session->upload), .parts = {}};
    if (!status.upload.entry) status.parts = co_await tx.all(kParts, part_from, session->id);
    co_return status;
  };
  co_return co_await context_.database.read(body);
}

Task<Result<Entry>> UploadSessions::complete(Actor actor, Uuid upload, Completion completion) {
  const AccountId owner = actor.account();
  Faults faults;
  if (completion.name && trim(*completion.name).empty()) completion.name.reset();
  if (completion.name) check_file_name(*completion.name, faults);
  if (faults.any()) co_return faults.failure();

  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const Time now = context_.clock.now();
    auto session = co_await find_session(tx, owner, upload, now);
    if (!session) co_return std::unexpected(std::move(session.error()));
    const UploadSession& wanted = session->upload;
    if (wanted.entry) {
      auto entry = co_await tx.find(kEntry, entry_from, *wanted.entry);
      if (!entry) co_return fail(FailureCode::kNotFound, "the file is deleted");
      co_return std::move(*entry);
    }
    const auto parts = co_await tx.all(kParts, part_from, session->id);
    auto missing = missing_parts(parts, wanted.parts);
    if (!missing.empty()) co_return parts_missing(std::move(missing));
    const auto allowed = co_await charge_new(tx, owner, wanted.space, {});
    if (!allowed) co_return std::unexpected(allowed.error());
    const std::optional<EntryId> parent = completion.parent.value_or(wanted.parent);
    const auto place = co_await find_place(tx, wanted.space, parent);
    if (!place) co_return no_such_folder();

    Entry entry;
    entry.owner = owner;
    entry.name = completion.name.value_or(wanted.name);
    const auto head = co_await tx.find(kHead, head_from, session->id);
    entry.type = context_.classify(entry.name, head.value());
    entry.size = wanted.bytes;
    co_await store(tx, *session, parts, entry);
    NewEntryRow row = new_entry_row(std::move(entry), now, context_.entropy);
    if (row.entry.manifest) row.entry.charged += kPartCharge * parts.size();
    // The file counts in place of the upload.
    const auto charged =
        co_await charge(tx, owner, wanted.space, cost_of(row.entry) - session->cost);
    if (!charged) co_return std::unexpected(charged.error());
    auto made = co_await add_entry(tx, row, *place, now);
    if (!made) co_return std::unexpected(std::move(made.error()));
    co_await tx.execute(kFinish, session->id, made->id, as_bytes(made->name), ByteView());
    co_return std::move(*made);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> UploadSessions::abandon(Actor actor, Uuid upload) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    const auto session = co_await find_open(tx, owner, upload, now);
    if (!session) co_return std::unexpected(session.error());
    co_await forget(tx, *session, now);
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<bool> UploadSessions::expire(std::size_t limit) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const StepTime time;
    const auto expired = co_await tx.all(kExpired, session_from, now, limit);
    for (const Session& session : expired) {
      co_await forget(tx, session, now);
      if (time.is_over()) co_return true;
    }
    co_return expired.size() == limit;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<bool> UploadSessions::prune_retired(std::size_t limit) {
  // The other half of the grace time is left until the blobs themselves may go.
  const Time cutoff = context_.clock.now() - context_.policy.blob_grace / 2;
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const StepTime time;
    const auto retired = co_await tx.all(
        kRetired, [](const db::Row& row) { return row.id<ManifestId>(0); }, cutoff, limit);
    for (const ManifestId manifest : retired) {
      co_await tx.execute(kRemoveParts, manifest);
      co_await tx.execute(kForgetRetired, manifest);
      if (time.is_over()) co_return true;
    }
    co_return retired.size() == limit;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
