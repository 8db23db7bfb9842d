#include "vault/upkeep/checksum_backfill.h"

#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr auto kNextText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE digest IS NULL AND manifest_id IS NOT NULL AND id > $1", kIsLive,
        " ORDER BY id LIMIT 1");
constexpr db::Statement kNext{kNextText.data()};
constexpr auto kReadText = sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1");
constexpr db::Statement kRead{kReadText.data()};
constexpr db::Statement kSettle{"UPDATE entry SET digest = $3 WHERE id = $1 AND manifest_id = $2"};

}  // namespace

Task<std::optional<Entry>> ChecksumBackfill::next(EntryId after) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kNext, entry_from, after);
  };
  co_return co_await context_.database.read(body);
}

Task<bool> ChecksumBackfill::settle(const Entry& entry, const Sha256Digest& digest) {
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const auto changed =
        co_await tx.execute(kSettle, entry.id, entry.manifest.value(), ByteView(digest.bytes));
    if (changed == 0) co_return false;
    // It may have got another type meanwhile.
    const auto now = co_await tx.find(kRead, entry_from, entry.id);
    const auto known = co_await want_media(tx, digest, now->type, now->owner, context_.clock.now());
    if (known.taken_at) co_await date_file(tx, entry.id, known.taken_at);
    co_return true;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
