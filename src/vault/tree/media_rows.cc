#include "vault/tree/media_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kWant{
    "INSERT INTO media_facts (source, owner_id, due) VALUES ($1, $2, $3)"
    " ON CONFLICT (source) DO NOTHING"};
constexpr db::Statement kKnown{"SELECT facts, taken_at FROM media_facts WHERE source = $1"};
constexpr db::Statement kDate{
    "UPDATE entry SET taken_at = $2,"
    " dated_at = CASE WHEN kind <= 2 THEN coalesce(CAST($2 AS BIGINT), created_at) END"
    " WHERE id = $1"};
constexpr db::Statement kGiveUp{"UPDATE media_facts SET unused_since = $2 WHERE source = $1"};

KnownMedia known_from(const db::Row& row) {
  return {.media = decode_media(row.text(0)), .taken_at = row.optional_time(1)};
}

}  // namespace

bool has_facts(const FileType& type) noexcept {
  return is_dated(type) || type.media_type == "application/pdf";
}

bool is_dated(const FileType& type) noexcept { return type.kind <= FileKind::kAudio; }

Task<KnownMedia> want_media(db::Transaction& transaction, const Sha256Digest& digest,
                            const FileType& type, AccountId owner, Time now) {
  if (!has_facts(type)) co_return KnownMedia{};
  const ByteView source = digest.bytes;
  const auto made = co_await transaction.execute(kWant, source, owner, now);
  if (made > 0) co_return KnownMedia{.media = decode_media({}), .taken_at = std::nullopt};
  auto known = co_await transaction.find(kKnown, known_from, source);
  if (!known) co_return KnownMedia{};
  if (!is_dated(type)) known->taken_at.reset();
  co_return std::move(*known);
}

Task<void> date_file(db::Transaction& transaction, EntryId file, std::optional<Time> taken_at) {
  co_await transaction.execute(kDate, file, taken_at);
}

Task<void> give_up_media(db::Transaction& transaction, const Sha256Digest& digest,
                         const FileType& type, Time now) {
  if (!has_facts(type)) co_return;
  co_await transaction.execute(kGiveUp, ByteView(digest.bytes), now);
}

}  // namespace coffer::vault
