#include "vault/model/stored_blobs.h"

#include <optional>

namespace coffer::vault {
namespace {

constexpr db::Statement kPlace{"SELECT size, place FROM blob WHERE digest = $1"};

Task<std::shared_ptr<const Content>> open_at_its_place(Context& context, Sha256Digest digest) {
  const auto ref_from = [&](const db::Row& row) {
    return blobs::BlobRef(digest, static_cast<std::uint64_t>(row.integer(0)),
                          blobs::Place(row.bytes(1)));
  };
  auto look = [&](db::Transaction& tx) -> Task<std::optional<blobs::BlobRef>> {
    co_return co_await tx.find(kPlace, ref_from, ByteView(digest.bytes));
  };
  const auto blob = co_await context.database.read(look);
  if (!blob) co_return nullptr;
  co_return co_await context.blobs.open(*blob);
}

}  // namespace

Task<std::shared_ptr<const Content>> open_blob(Context& context, const Sha256Digest& digest) {
  if (!context.blobs.keeps_places()) return context.blobs.open(digest);
  return open_at_its_place(context, digest);
}

}  // namespace coffer::vault
