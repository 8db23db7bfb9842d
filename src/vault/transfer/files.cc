#include "vault/transfer/files.h"

#include <fmt/format.h>

#include <string>

#include "vault/model/quota.h"
#include "vault/model/stored_blobs.h"
#include "vault/transfer/file_rows.h"
#include "vault/transfer/manifests.h"
#include "vault/tree/entries.h"

namespace coffer::vault {
namespace {

// A group that is there, and that the account $2 is not in.
constexpr db::Statement kIsOutsider{
    "SELECT id FROM space WHERE id = $1 AND kind = 2 AND removed_at IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM member WHERE member.space_id = space.id AND member.account_id = $2)"};

}  // namespace

Task<Result<Entry>> Files::replace(Actor actor, EntryId id, StagedBlob staged,
                                   Precondition precondition) {
  const AccountId owner = actor.account();
  staged.begin_commit();
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto found = co_await find_file(tx, owner, id);
    if (!found) co_return no_such_file();
    const Entry& old = *found;
    auto allowed = check_precondition(precondition, old.content_tag());
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    const auto outsider = co_await tx.find(
        kIsOutsider, [](const db::Row& row) { return row.integer(0); }, old.space, owner);
    if (outsider) co_return fail(FailureCode::kForbidden, "you are not in the group");
    const auto charged = co_await charge(tx, owner, old.space, cost_of_replacing(old, staged));
    if (!charged) co_return std::unexpected(charged.error());

    auto entry = co_await replace_bytes(tx, context_, old, staged, owner);
    co_return entry;
  };
  auto replaced = co_await context_.database.write(actor, body);
  if (!replaced) staged.commit_refused();
  co_return replaced;
}

Task<Result<void>> Files::remove(Actor actor, EntryId id, Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await find_file(tx, owner, id);
    if (!found) co_return no_such_file();
    auto allowed = co_await check_state(tx, *found, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    co_await remove_file(tx, *found, owner, context_.clock.now());
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<std::shared_ptr<const Content>> Files::open(const Entry& entry) {
  if (entry.manifest) co_return open_manifest(context_, *entry.manifest, entry.size);
  auto content = co_await open_blob(context_, entry.checksum.value());
  if (!content) throw blobs::Error("the store has lost the bytes of " + entry.checksum->hex());
  // A file that was cut short must not look like one that is whole.
  if (content->size() != entry.size) {
    throw blobs::Error(fmt::format("the store has {} bytes of {}, not {}", content->size(),
                                   entry.checksum->hex(), entry.size));
  }
  co_return content;
}

}  // namespace coffer::vault
