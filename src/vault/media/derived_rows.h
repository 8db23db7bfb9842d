// The rows of pictures that were made of bytes. For the other files of this module, inside their
// transactions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/context.h"
#include "vault/transfer/staged_blob.h"

namespace coffer::vault {

inline constexpr std::string_view kThumbnailKind = "thumbnail";

struct DerivedRow {
  Sha256Digest digest;
  std::uint64_t size = 0;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Time used_at;
};

// Writes a picture to the store, for put_derived().
Task<StagedBlob> stage_picture(Context& context, ByteView bytes);

Task<std::optional<DerivedRow>> find_derived(db::Transaction& transaction,
                                             const Sha256Digest& source, std::string_view kind);

// Refers to the picture from now on, and no longer to one of the same source and kind. `row` is of
// `staged`.
Task<void> put_derived(db::Transaction& transaction, const Sha256Digest& source,
                       std::string_view kind, const DerivedRow& row, const StagedBlob& staged);

// Drops up to `limit` pictures of `source`; whether there may be more.
Task<bool> drop_derived(db::Transaction& transaction, const Sha256Digest& source, Time now,
                        std::size_t limit);

// Drops that picture, if it is there.
Task<void> drop_derived(db::Transaction& transaction, const Sha256Digest& source,
                        std::string_view kind, Time now);

}  // namespace coffer::vault
