#include "vault/tree/media_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kWant{
    "INSERT INTO media_facts (source, owner_id, due) VALUES ($1, $2, $3)"
    " ON CONFLICT (source) DO NOTHING"};
constexpr db::Statement kKnown{"SELECT facts, taken_at FROM media_facts WHERE source = $1"};
constexpr db::Statement kDate{
    "UPDATE entry SET taken_at = $2, dated_at = coalesce(CAST($2 AS BIGINT), created_at)"
    " WHERE id = $1"};
constexpr db::Statement kGiveUp{"UPDATE media_facts SET unused_since = $2 WHERE source = $1"};

KnownMedia known_from(const db::Row& row) {
  return {.media = decode_media(row.text(0)), .taken_at = row.optional_time(1)};
}

}  // namespace

bool is_looked_into(const FileType& type) noexcept {
  switch (type.kind) {
    case FileKind::kImage: return type.media_type != "image/svg+xml";
    case FileKind::kVideo:
    case FileKind::kAudio: return true;
    case FileKind::kDocument: return type.media_type == "application/pdf";
    case FileKind::kOther:
    case FileKind::kFolder: break;
  }
  return false;
}

Task<KnownMedia> want_media(db::Transaction& transaction, const Sha256Digest& digest,
                            const FileType& type, AccountId owner, Time now) {
  if (type.kind > FileKind::kDocument) co_return KnownMedia{};
  const ByteView source = digest.bytes;
  if (is_looked_into(type)) {
    const auto made = co_await transaction.execute(kWant, source, owner, now);
    if (made > 0) co_return KnownMedia{.media = decode_media({}), .taken_at = std::nullopt};
  }
  // Also what is not looked into: by another name the same bytes may have been.
  auto known = co_await transaction.find(kKnown, known_from, source);
  if (!known) co_return KnownMedia{};
  co_return std::move(*known);
}

Task<void> date_file(db::Transaction& transaction, EntryId file, std::optional<Time> taken_at) {
  co_await transaction.execute(kDate, file, taken_at);
}

Task<void> give_up_media(db::Transaction& transaction, const Sha256Digest& digest, Time now) {
  co_await transaction.execute(kGiveUp, ByteView(digest.bytes), now);
}

}  // namespace coffer::vault
