#include "vault/upkeep/storage_use.h"

#include "vault/model/types.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kFiles{
    "SELECT coalesce(sum(files), 0), coalesce(sum(bytes), 0) FROM tree_total"
    " WHERE folder_id = 0 AND kind <> $1"};
constexpr db::Statement kTrash{"SELECT count(*), coalesce(sum(size), 0) FROM trash"};
constexpr db::Statement kUploads{
    "SELECT count(*), coalesce(sum(bytes), 0) FROM multipart WHERE entry_id IS NULL"};
constexpr db::Statement kPictures{"SELECT count(*), coalesce(sum(size), 0) FROM derived_blob"};
constexpr db::Statement kBlobs{"SELECT count(*), coalesce(sum(size), 0) FROM blob"};
constexpr db::Statement kUnused{
    "SELECT count(*), coalesce(sum(size), 0), min(unused_since) FROM blob"
    " WHERE unused_since IS NOT NULL"};

std::uint64_t unsigned_at(const db::Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

Task<StorageUse> storage_use(db::Database& database) {
  auto look = [](db::Transaction& tx) -> Task<StorageUse> {
    StorageUse use;
    const auto files = [&](const db::Row& row) {
      use.live_files = unsigned_at(row, 0);
      use.live = unsigned_at(row, 1);
    };
    const auto trash = [&](const db::Row& row) {
      use.trashed_files = unsigned_at(row, 0);
      use.trashed = unsigned_at(row, 1);
    };
    const auto uploads = [&](const db::Row& row) {
      use.uploads = unsigned_at(row, 0);
      use.in_parts = unsigned_at(row, 1);
    };
    const auto pictures = [&](const db::Row& row) {
      use.picture_files = unsigned_at(row, 0);
      use.pictures = unsigned_at(row, 1);
    };
    const auto blobs = [&](const db::Row& row) {
      use.blobs = unsigned_at(row, 0);
      use.stored = unsigned_at(row, 1);
    };
    const auto unused = [&](const db::Row& row) {
      use.waiting_blobs = unsigned_at(row, 0);
      use.waiting = unsigned_at(row, 1);
      use.waiting_since = row.optional_time(2);
    };
    co_await tx.for_each(kFiles, files, FileKind::kFolder);
    co_await tx.for_each(kTrash, trash);
    co_await tx.for_each(kUploads, uploads);
    co_await tx.for_each(kPictures, pictures);
    co_await tx.for_each(kBlobs, blobs);
    co_await tx.for_each(kUnused, unused);
    // Nothing of what is referred to, or of what refers, is counted twice here.
    use.shared = use.live + use.trashed + use.in_parts + use.pictures - (use.stored - use.waiting);
    co_return use;
  };
  co_return co_await database.scan(look);
}

}  // namespace coffer::vault
