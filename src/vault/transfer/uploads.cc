#include "vault/transfer/uploads.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/text.h"
#include "vault/model/quota.h"
#include "vault/transfer/blob_rows.h"
#include "vault/tree/entry_rows.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kNameless = "file";
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// A file as far as it is known before its transaction.
struct NewFileRow {
  NewEntryRow row;
  std::optional<EntryId> parent;
  StagedBlob staged;
  std::optional<std::string> address_extension;
};

constexpr db::Statement kExtendAddress{
    "INSERT INTO extended_address (entry_id, extension) VALUES ($1, $2)"};

Task<Result<Entry>> add_file(db::Transaction& tx, SpaceId space, const NewFileRow& file, Time now) {
  const auto place = co_await find_place(tx, space, file.parent);
  if (!place) co_return no_such_folder();
  co_await add_reference(tx, file.staged);
  auto entry = co_await add_entry(tx, file.row, *place, now);
  if (entry && file.address_extension) {
    co_await tx.execute(kExtendAddress, entry->id, *file.address_extension);
  }
  co_return entry;
}

// Whether that many bytes still fit, and from now on others find them taken.
bool reserve(const UploadLimits& limits, std::uint64_t size) {
  const std::uint64_t charge = size + limits.fixed;
  const std::uint64_t needed = charge - std::min(charge, limits.replaced);
  return !limits.reservation || limits.reservation->reserve(needed, *limits.left);
}

// Whom the memory of an upload is counted for. Guests have but their addresses.
std::string memory_owner(const UploadLimits& limits, const InputStream& source) {
  if (limits.is_guests && !source.sender().empty()) {
    return "address " + std::string(source.sender());
  }
  return "account " + std::to_string(limits.owner.value);
}

std::unexpected<Failure> refused(blobs::Refusal why) {
  switch (why) {
    case blobs::Refusal::kTooMany:
      return fail(
          FailureCode::kBusy,
          "too many uploads are under way: let some of yours end, or try again in a moment");
    case blobs::Refusal::kHungUp: return bad_stream(StreamFault::kTruncated);
    case blobs::Refusal::kBusy: break;
  }
  return fail(FailureCode::kBusy, "too many uploads are under way: try again in a moment");
}

// The same once more: while the bytes came, files may have gone, or the quota may have grown.
Task<bool> reserve_again(Context& context, UploadLimits& limits, std::uint64_t size) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Allowance>> {
    auto allowance = co_await find_allowance(tx, limits.owner);
    co_return allowance;
  };
  const auto allowance = co_await context.database.read(look);
  if (!allowance) co_return false;
  limits.left = allowance->left.value_or(kUnlimited);
  co_return reserve(limits, size);
}

}  // namespace

UploadLimits limits_for(const Context& context, AccountId owner, const Allowance& allowance) {
  UploadLimits limits{.owner = owner, .max = context.policy.max_file_bytes.value_or(kUnlimited)};
  limits.is_guests = allowance.is_guests;
  if (allowance.left) {
    limits.left = allowance.left;
    limits.reservation = context.reservations->open(owner);
  }
  return limits;
}

Task<Result<StagedBlob>> receive_stream(Context& context, InputStream& source,
                                        std::optional<std::uint64_t> expected_size,
                                        UploadLimits limits) {
  std::uint64_t reserved = expected_size.value_or(0);
  if (!reserve(limits, reserved)) co_return quota_exceeded();
  std::uint64_t size = 0;
  const auto message_size = limits.message_size ? limits.message_size : expected_size;
  UploadReceipt receipt = context.uploads_in_flight->begin(limits.owner, expected_size,
                                                           message_size, context.clock.now());
  Bytes head;
  const auto writer = co_await context.blobs.create(expected_size, memory_owner(limits, source));
  if (!writer) co_return refused(blobs::Refusal::kTooMany);
  for (;;) {
    // A client that sends nothing holds nothing.
    if (!writer->is_prepared()) co_await source.ready();
    const auto space = co_await writer->prepare(source);
    if (!space) co_return refused(space.error());
    const auto read = co_await source.read_within(*space, writer->patience());
    if (!read && read.error() == StreamFault::kStalled) {
      writer->set_aside();
      continue;
    }
    if (!read) co_return bad_stream(read.error());
    if (*read == 0) break;
    size += *read;
    receipt.note(size);
    if (size > limits.max) {
      co_return file_too_large(context.policy.max_file_bytes.value_or(limits.max));
    }
    if (size > reserved) {
      reserved = size;
      bool fits = reserve(limits, reserved);
      if (!fits) fits = co_await reserve_again(context, limits, reserved);
      if (!fits) co_return quota_exceeded();
    }
    if (head.size() < kHeadBytes) {
      const ByteView part = space->first(std::min(*read, kHeadBytes - head.size()));
      head.insert(head.end(), part.begin(), part.end());
    }
    writer->advance(*read);
    // Nor does one that trickles hold much for long.
    const bool is_overdue = writer->is_prepared() && writer->patience().count() == 0;
    if (is_overdue) writer->set_aside();
  }
  receipt.complete();
  auto blob = co_await writer->seal();
  co_return StagedBlob(std::move(blob), std::move(head), std::move(limits.reservation),
                       context.dropped_blobs);
}

Task<Result<StagedBlob>> Uploads::receive(AccountId owner, InputStream& source,
                                          std::optional<std::uint64_t> expected_size,
                                          std::uint64_t replaced,
                                          std::optional<std::uint64_t> message_size) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Allowance>> {
    auto allowance = co_await find_allowance(tx, owner);
    co_return allowance;
  };
  const auto allowance = co_await context_.database.read(look);
  if (!allowance) co_return fail(FailureCode::kNotFound, "there is no such account");
  UploadLimits limits = limits_for(context_, owner, *allowance);
  limits.fixed = kEntryCharge;
  limits.replaced = replaced;
  limits.message_size = message_size;
  auto staged = co_await receive_stream(context_, source, expected_size, std::move(limits));
  co_return staged;
}

Task<Result<std::vector<Entry>>> Uploads::commit(Actor actor, SpaceId space,
                                                 std::vector<NewFile> files, AlongWithFiles along) {
  const AccountId owner = actor.account();
  Faults faults;
  for (NewFile& file : files) {
    if (trim(file.name).empty()) file.name = kNameless;
    check_file_name(file.name, faults, file.name_max);
    if (file.title) check_title(*file.title, faults);
    if (file.description) check_description(*file.description, faults);
    file.tags = check_tags(file.tags, faults);
  }
  if (faults.any()) co_return faults.failure();

  std::vector<NewFileRow> rows;
  Cost cost;
  const Time now = context_.clock.now();
  for (NewFile& file : files) {
    Entry entry;
    entry.owner = owner;
    entry.type = context_.classify(file.name, file.staged.head());
    entry.size = file.staged.size();
    entry.checksum = file.staged.digest();
    entry.name = std::move(file.name);
    entry.title = std::move(file.title);
    entry.description = std::move(file.description);
    entry.tags = std::move(file.tags);
    rows.push_back({.row = new_entry_row(std::move(entry), now, context_.entropy),
                    .parent = file.parent,
                    .staged = std::move(file.staged),
                    .address_extension = std::move(file.address_extension)});
    cost += cost_of(rows.back().row.entry);
  }
  if (rows.empty()) co_return std::vector<Entry>{};
  for (NewFileRow& file : rows) file.staged.begin_commit();

  auto body = [&](db::Transaction& tx) -> Task<Result<std::vector<Entry>>> {
    const auto charged = co_await charge_new(tx, owner, space, cost);
    if (!charged) co_return std::unexpected(charged.error());
    const Time committed = context_.clock.now();
    std::vector<Entry> entries;
    for (const NewFileRow& file : rows) {
      auto entry = co_await add_file(tx, space, file, committed);
      if (!entry) co_return std::unexpected(std::move(entry.error()));
      entries.push_back(std::move(*entry));
    }
    if (along) {
      auto added = co_await along(tx, entries);
      if (!added) co_return std::unexpected(std::move(added.error()));
    }
    co_return entries;
  };
  auto entries = co_await context_.database.write(actor, body);
  if (!entries) {
    for (NewFileRow& file : rows) file.staged.commit_refused();
  }
  co_return entries;
}

}  // namespace coffer::vault
