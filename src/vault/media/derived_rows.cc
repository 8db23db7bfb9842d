#include "vault/media/derived_rows.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "vault/transfer/blob_rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kFind{
    "SELECT digest, size, width, height, used_at FROM derived_blob WHERE source = $1"
    " AND kind = $2"};
constexpr db::Statement kPut{
    "INSERT INTO derived_blob (source, kind, digest, size, width, height, used_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"};
constexpr db::Statement kSome{"SELECT kind, digest FROM derived_blob WHERE source = $1 LIMIT $2"};
constexpr db::Statement kDrop{"DELETE FROM derived_blob WHERE source = $1 AND kind = $2"};

DerivedRow row_from(const db::Row& row) {
  return {.digest = Sha256Digest::from_bytes(row.bytes(0)).value(),
          .size = static_cast<std::uint64_t>(row.integer(1)),
          .width = static_cast<std::uint32_t>(row.integer(2)),
          .height = static_cast<std::uint32_t>(row.integer(3)),
          .used_at = row.time(4)};
}

struct KindAndDigest {
  std::string kind;
  Sha256Digest digest;
};

KindAndDigest kind_from(const db::Row& row) {
  return {.kind = std::string(row.text(0)),
          .digest = Sha256Digest::from_bytes(row.bytes(1)).value()};
}

}  // namespace

Task<StagedBlob> stage_picture(Context& context, ByteView bytes) {
  const auto writer = co_await context.blobs.create(bytes.size(), "media");
  if (!writer) throw blobs::Error("too many pictures are being stored at once");
  co_await writer->write(bytes);
  auto blob = co_await writer->seal();
  Bytes head(bytes.begin(),
             bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), kHeadBytes)));
  co_return StagedBlob(std::move(blob), std::move(head), nullptr, context.dropped_blobs);
}

Task<std::optional<DerivedRow>> find_derived(db::Transaction& transaction,
                                             const Sha256Digest& source, std::string_view kind) {
  co_return co_await transaction.find(kFind, row_from, ByteView(source.bytes), kind);
}

Task<void> put_derived(db::Transaction& transaction, const Sha256Digest& source,
                       std::string_view kind, const DerivedRow& row, const StagedBlob& staged) {
  // The new reference first: the bytes may be the same.
  co_await add_reference(transaction, staged);
  co_await drop_derived(transaction, source, kind, row.used_at);
  co_await transaction.execute(kPut, ByteView(source.bytes), kind, ByteView(row.digest.bytes),
                               row.size, row.width, row.height, row.used_at);
}

Task<bool> drop_derived(db::Transaction& transaction, const Sha256Digest& source, Time now,
                        std::size_t limit) {
  const auto some = co_await transaction.all(kSome, kind_from, ByteView(source.bytes), limit);
  for (const KindAndDigest& one : some) {
    co_await transaction.execute(kDrop, ByteView(source.bytes), one.kind);
    co_await drop_reference(transaction, one.digest, now);
  }
  co_return some.size() == limit;
}

Task<void> drop_derived(db::Transaction& transaction, const Sha256Digest& source,
                        std::string_view kind, Time now) {
  const auto old = co_await find_derived(transaction, source, kind);
  if (!old) co_return;
  co_await transaction.execute(kDrop, ByteView(source.bytes), kind);
  co_await drop_reference(transaction, old->digest, now);
}

}  // namespace coffer::vault
