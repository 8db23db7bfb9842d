#include "vault/transfer/downloads.h"

#include <utility>

#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::string_view kPrefix = "cfd_";
constexpr std::size_t kTokenMax = 256;  // bytes; ours are shorter than 50

// $3 is a file of the space $4 that is there still.
constexpr auto kIssueText =
    sql("INSERT INTO link (kind, hash, space_id, entry_id, created_at)"
        " SELECT 1, $1, entry.space_id, entry.id, $2 FROM entry"
        " JOIN space ON space.id = entry.space_id AND space.removed_at IS NULL"
        " WHERE entry.id = $3 AND entry.space_id = $4 AND entry.is_folder = 0",
        kIsLive);
constexpr db::Statement kIssue{kIssueText.data()};

// The one in front of the last $2.
constexpr db::Statement kDropOldest{
    "DELETE FROM link WHERE id = (SELECT id FROM link WHERE entry_id = $1 AND kind = 1"
    " ORDER BY id DESC LIMIT 1 OFFSET $2)"};

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE id = (SELECT entry_id FROM link WHERE hash = $1 AND kind = 1)"
        " AND EXISTS (SELECT 1 FROM space WHERE space.id = entry.space_id AND removed_at IS NULL)"
        " AND EXISTS (SELECT 1 FROM account WHERE account.id = entry.owner_id"
        " AND disabled_at IS NULL)",
        kIsLive);
constexpr db::Statement kFind{kFindText.data()};

constexpr db::Statement kTake{
    "DELETE FROM link WHERE entry_id = $1 AND kind = 1 RETURNING hash, created_at"};
constexpr db::Statement kDrop{"DELETE FROM link WHERE entry_id = $1 AND kind = 1"};

// Only while the file has the bytes that came at $4.
constexpr auto kGiveBackText =
    sql("INSERT INTO link (kind, hash, space_id, entry_id, created_at)"
        " SELECT 1, $1, entry.space_id, entry.id, $2 FROM entry"
        " JOIN space ON space.id = entry.space_id AND space.removed_at IS NULL"
        " WHERE entry.id = $3 AND entry.written_at = $4",
        kIsLive, " ON CONFLICT DO NOTHING");
constexpr db::Statement kGiveBack{kGiveBackText.data()};

Taken::Token token_from(const db::Row& row) {
  return {.hash = Sha256Digest::from_bytes(row.bytes(0)).value(), .created_at = row.time(1)};
}

std::unexpected<Failure> no_such_token() {
  return fail(FailureCode::kNotFound, "the token is used, or none");
}

std::unexpected<Failure> no_such_file() {
  return fail(FailureCode::kNotFound, "there is no such file");
}

}  // namespace

Task<Result<std::string>> Downloads::issue(Actor actor, SpaceId space, EntryId file) {
  std::string token(kPrefix);
  token += random_secret(context_.entropy);
  const Sha256Digest hash = Sha256::of(as_bytes(token));
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    const auto issued = co_await tx.execute(kIssue, ByteView(hash.bytes), now, file, space);
    if (issued == 0) co_return no_such_file();
    co_await tx.execute(kDropOldest, file, kDownloadTokensMax);
    co_return Result<void>{};
  };
  const auto issued = co_await context_.database.write(actor, body);
  if (!issued) co_return std::unexpected(issued.error());
  co_return token;
}

Task<Result<Entry>> Downloads::find(std::string token) {
  if (token.size() > kTokenMax) co_return no_such_token();
  const Sha256Digest hash = Sha256::of(as_bytes(token));
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFind, entry_from, ByteView(hash.bytes));
  };
  auto file = co_await context_.database.read(body);
  if (!file) co_return no_such_token();
  co_return std::move(*file);
}

Task<Result<Taken>> Downloads::take(std::string token) {
  if (token.size() > kTokenMax) co_return no_such_token();
  const Sha256Digest hash = Sha256::of(as_bytes(token));
  auto body = [&](db::Transaction& tx) -> Task<Result<Taken>> {
    auto file = co_await tx.find(kFind, entry_from, ByteView(hash.bytes));
    if (!file) co_return no_such_token();
    Taken taken{.file = std::move(*file), .tokens = {}};
    taken.tokens = co_await tx.all(kTake, token_from, taken.file.id);
    co_return taken;
  };
  co_return co_await context_.database.write(Actor::Anyone{}, body);
}

Task<void> Downloads::give_back(Taken taken) {
  auto body = [&](db::Transaction& tx) -> Task<void> {
    for (const Taken::Token& token : taken.tokens) {
      co_await tx.execute(kGiveBack, ByteView(token.hash.bytes), token.created_at, taken.file.id,
                          taken.file.written_at);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<void> drop_downloads(db::Transaction& transaction, EntryId file) {
  co_await transaction.execute(kDrop, file);
}

}  // namespace coffer::vault
