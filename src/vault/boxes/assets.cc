#include "vault/boxes/assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "blobs/public_objects.h"
#include "vault/boxes/asset_files.h"
#include "vault/boxes/asset_rows.h"
#include "vault/boxes/asset_sql.h"
#include "vault/boxes/boxes.h"
#include "vault/model/sql.h"
#include "vault/tree/entry_changes.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/public_object_rows.h"

namespace coffer::vault {
namespace {

constexpr char kPlaced[] = ", project_id, coalesce(b_order, 0)";
// Of the kinds from $2 to $3, favourites or not from $4 to $5.
constexpr char kFits[] =
    " AND entry.kind BETWEEN $2 AND $3 AND coalesce(a_favorite, 0) BETWEEN $4 AND $5";

// In the box $6: its folder is found first, then what lies in it.
constexpr char kInBox[] =
    " WHERE f.box_id = $6 AND p.project_owner = $1 AND entry.space_id = f.box_space"
    " AND entry.parent_id = f.box_id";
constexpr auto kListBoxText =
    sql("SELECT ", kEntryColumns, kAssetColumns, kPlaced, " FROM ", kBoxTable, " JOIN ",
        kProjectTable, " ON p.project_id = f.box_space", kBoxRowTable, " CROSS JOIN entry",
        kAssetTables, kInBox, kIsAsset, kFits, " AND (coalesce(a_order, 0), entry.id) > ($7, $8)",
        " ORDER BY coalesce(a_order, 0), entry.id LIMIT $9 OFFSET $10");
constexpr db::Statement kListBox{kListBoxText.data()};
constexpr auto kCountBoxText =
    sql("SELECT count(*) FROM ", kBoxTable, " JOIN ", kProjectTable,
        " ON p.project_id = f.box_space CROSS JOIN entry", kAssetTables, kInBox, kIsAsset, kFits);
constexpr db::Statement kCountBox{kCountBoxText.data()};

// In all boxes. The tables stand in the order of the list, so that one project is sorted after the
// other, and those behind the page are not read.
constexpr char kInProjects[] =
    " WHERE p.project_owner = $1 AND f.box_space = p.project_id AND entry.space_id = p.project_id"
    " AND entry.parent_id = f.box_id";
constexpr auto kListText =
    sql("SELECT ", kEntryColumns, kAssetColumns, kPlaced, " FROM ", kProjectTable, " CROSS JOIN ",
        kBoxTable, kBoxRowTable, " CROSS JOIN entry", kAssetTables, kInProjects, kIsAsset, kFits,
        " AND p.project_id >= $6 AND (p.project_id, coalesce(b_order, 0), f.box_id,"
        " coalesce(a_order, 0), entry.id) > ($6, $7, $8, $9, $10) ORDER BY p.project_id,"
        " coalesce(b_order, 0), f.box_id, coalesce(a_order, 0), entry.id LIMIT $11 OFFSET $12");
constexpr db::Statement kList{kListText.data()};
constexpr auto kCountText = sql("SELECT count(*) FROM ", kProjectTable, " CROSS JOIN ", kBoxTable,
                                " CROSS JOIN entry", kAssetTables, kInProjects, kIsAsset, kFits);
constexpr db::Statement kCount{kCountText.data()};

constexpr auto kPublicText =
    sql("SELECT ", kEntryColumns, " FROM entry JOIN ", kBoxTable,
        " ON f.box_id = entry.parent_id JOIN ", kProjectTable, " ON p.project_id = f.box_space",
        " WHERE entry.share = $1", kIsAsset,
        " AND (share_expires_at IS NULL OR share_expires_at > $2) AND EXISTS (SELECT 1 FROM"
        " account AS owner WHERE owner.id = p.project_owner AND owner.disabled_at IS NULL)");
constexpr db::Statement kPublic{kPublicText.data()};

// As long as the document's storage lets its files be kept.
constexpr const char* kPublicCache = "max-age=86400";

ListedAsset listed_from(const db::Row& row) {
  constexpr int at = kEntryWidth + kAssetWidth;
  ListedAsset listed{.asset = asset_from(row), .position = {}};
  const Asset& asset = listed.asset;
  listed.position = {.project = row.id<SpaceId>(at),
                     .box_index = row.integer(at + 1),
                     .box = asset.box,
                     .order_index = asset.order_index,
                     .asset = asset.file.id};
  return listed;
}

std::uint64_t count_from(const db::Row& row) { return static_cast<std::uint64_t>(row.integer(0)); }

// What a filter asks of each row.
struct Bounds {
  FileKind first_kind = FileKind::kImage;
  FileKind last_kind = FileKind::kVideo;
  bool least_favorite = false;
  bool most_favorite = true;

  explicit Bounds(const AssetFilter& filter) {
    if (filter.kind) first_kind = last_kind = *filter.kind;
    if (filter.is_favorite) least_favorite = most_favorite = *filter.is_favorite;
  }
};

std::unexpected<Failure> box_is_full() {
  return fail(FailureCode::kQuotaExceeded,
              fmt::format("a box may have {} assets: delete some", kAssetsMax));
}

using HeldObject = std::shared_ptr<const blobs::Places::Holder>;

// Public objects of the files, in their order, held until they have rows; null where the store
// makes none.
Task<std::vector<HeldObject>> make_public(const Context& context,
                                          const std::vector<AssetFile>& files) {
  std::vector<HeldObject> objects(files.size());
  blobs::PublicObjects* const store = context.blobs.public_objects();
  if (!store) co_return objects;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const AssetFile& file = files[i];
    blobs::DurableBlob& blob = *file.staged.durable_blob();
    co_await blob.reached();
    // It went into the data folder, where the vault moves to.
    if (blob.place().empty()) continue;
    blobs::PublicForm form;
    form.extension = asset_extension(file.name);
    form.media_type = context.classify(file.name, file.staged.head()).media_type;
    form.cache_control = kPublicCache;
    const blobs::BlobRef ref(blob.digest(), blob.size(), blob.place());
    objects[i] = co_await store->copy(ref, std::move(form));
  }
  co_return objects;
}

std::optional<std::string> description_of(const std::string& prompt) {
  if (prompt.empty()) return std::nullopt;
  return prompt;
}

// Another box for the asset, behind what is in it.
Task<Result<void>> move_to(db::Transaction& tx, AccountId owner, EntryId id, Entry& file,
                           AssetRow& row) {
  const auto box = co_await find_box(tx, owner, id);
  if (!box) co_return invalid("box", "is no box");
  if (box->assets >= kAssetsMax) co_return box_is_full();
  co_await ensure_box_row(tx, id);
  row.order_index = co_await take_asset_index(tx, id, 1);
  const ParentRef place{.space = box->project, .folder = id};
  co_await settle_key(tx, file, place);
  co_return Result<void>{};
}

}  // namespace

Result<void> Assets::check(const AssetFile& file) const {
  if (!asset_kind(file.name)) {
    return invalid("file", fmt::format("\"{}\" is of no type that can be an asset", file.name));
  }
  if (!is_asset(file.name, file.staged.head(), context_.classify)) {
    return invalid("file", fmt::format("\"{}\" is not what its extension says", file.name));
  }
  return {};
}

Task<Result<std::vector<Asset>>> Assets::add(Actor actor, EntryId box, std::vector<AssetFile> files,
                                             AssetFields fields) {
  const AccountId owner = actor.account();
  auto checked = check_texts(fields);
  if (!checked) co_return std::unexpected(std::move(checked.error()));
  for (const AssetFile& file : files) {
    checked = check(file);
    if (!checked) co_return std::unexpected(std::move(checked.error()));
  }
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Box>> {
    auto found = co_await find_box(tx, owner, box);
    co_return found;
  };
  const auto there = co_await context_.database.read(look);
  if (!there) co_return no_such_box();

  const std::vector<HeldObject> objects = co_await make_public(context_, files);
  std::vector<NewFile> wanted;
  for (AssetFile& file : files) {
    wanted.push_back({.staged = std::move(file.staged), .name = std::move(file.name)});
    wanted.back().parent = box;
    wanted.back().description = description_of(fields.prompt.value_or(""));
  }
  std::vector<Asset> assets;
  const AlongWithFiles along = [&](db::Transaction& tx,
                                   std::span<const Entry> entries) -> Task<Result<void>> {
    const auto found = co_await find_box(tx, owner, box);
    if (!found) co_return no_such_box();
    if (found->assets > kAssetsMax) co_return box_is_full();
    auto known = co_await check_references(tx, owner, fields);
    if (!known) co_return std::unexpected(std::move(known.error()));
    co_await ensure_box_row(tx, box);
    const auto count = static_cast<std::int64_t>(entries.size());
    AssetRow row = changed(AssetRow{}, fields);
    if (fields.order_index) {
      co_await pass_asset_index(tx, box, row.order_index + count - 1);
    } else {
      row.order_index = co_await take_asset_index(tx, box, count);
    }
    assets.clear();
    for (const Entry& entry : entries) {
      const HeldObject& object = objects[assets.size()];
      if (object) co_await add_public_object(tx, entry.id, object->place());
      auto written = co_await write_asset_row(tx, owner, entry.id, row, entry.created_at);
      if (!written) co_return std::unexpected(std::move(written.error()));
      auto asset = co_await find_asset(tx, owner, entry.id);
      // It was told by its extension and bytes; what the vault makes of both must be the same.
      if (!asset) co_return invalid("file", "is of no type that can be an asset");
      assets.push_back(std::move(*asset));
      row.order_index = std::min(row.order_index + 1, kOrderIndexMax);
    }
    co_return Result<void>{};
  };
  Uploads uploads(context_);
  auto made = co_await uploads.commit(actor, there->project, std::move(wanted), along);
  if (!made) co_return std::unexpected(std::move(made.error()));
  co_return assets;
}

Task<Result<Asset>> Assets::find(AccountId owner, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Asset>> {
    auto asset = co_await find_asset(tx, owner, id);
    co_return asset;
  };
  auto asset = co_await context_.database.read(body);
  if (!asset) co_return no_such_asset();
  co_return std::move(*asset);
}

Task<Page<ListedAsset>> Assets::list(AssetQuery query) {
  const AccountId owner = query.filter.owner;
  const Bounds bounds(query.filter);
  const AssetPosition after = query.after.value_or(AssetPosition{.order_index = -1});
  const std::optional<EntryId> box = query.filter.box;
  auto body = [&](db::Transaction& tx) -> Task<Page<ListedAsset>> {
    if (box) {
      auto page = co_await read_page(
          tx, kListBox, query.limit, listed_from, &ListedAsset::text_bytes, owner,
          bounds.first_kind, bounds.last_kind, bounds.least_favorite, bounds.most_favorite, *box,
          after.order_index, after.asset, query.limit.to_fetch(), query.skip);
      co_return page;
    }
    auto page =
        co_await read_page(tx, kList, query.limit, listed_from, &ListedAsset::text_bytes, owner,
                           bounds.first_kind, bounds.last_kind, bounds.least_favorite,
                           bounds.most_favorite, after.project, after.box_index, after.box,
                           after.order_index, after.asset, query.limit.to_fetch(), query.skip);
    co_return page;
  };
  auto page = co_await context_.database.scan(owner.value, body);
  co_return page;
}

Task<std::uint64_t> Assets::count(AssetFilter filter) {
  const Bounds bounds(filter);
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::uint64_t>> {
    if (filter.box) {
      co_return co_await tx.find(kCountBox, count_from, filter.owner, bounds.first_kind,
                                 bounds.last_kind, bounds.least_favorite, bounds.most_favorite,
                                 *filter.box);
    }
    co_return co_await tx.find(kCount, count_from, filter.owner, bounds.first_kind,
                               bounds.last_kind, bounds.least_favorite, bounds.most_favorite);
  };
  const auto count = co_await context_.database.scan(filter.owner.value, body);
  co_return count.value_or(0);
}

Task<Result<Asset>> Assets::update(Actor actor, EntryId id, AssetFields fields) {
  const AccountId owner = actor.account();
  auto checked = check_texts(fields);
  if (!checked) co_return std::unexpected(std::move(checked.error()));
  if (fields.parent && *fields.parent == id) co_return invalid("parent", "is the asset itself");
  auto body = [&](db::Transaction& tx) -> Task<Result<Asset>> {
    const auto asset = co_await find_asset(tx, owner, id);
    if (!asset) co_return no_such_asset();
    auto known = co_await check_references(tx, owner, fields);
    if (!known) co_return std::unexpected(std::move(known.error()));
    const Time now = context_.clock.now();
    AssetRow row = co_await read_asset_row(tx, id);
    Entry file = asset->file;
    const bool moves = fields.box && *fields.box != asset->box;
    if (moves) {
      auto moved = co_await move_to(tx, owner, *fields.box, file, row);
      if (!moved) co_return std::unexpected(std::move(moved.error()));
    }
    if (fields.prompt) file.description = description_of(*fields.prompt);
    if (moves || file.description != asset->file.description) {
      auto stored = co_await store_changes(tx, asset->file, file, now);
      if (!stored) co_return std::unexpected(std::move(stored.error()));
    }
    row = changed(std::move(row), fields);
    auto written = co_await write_asset_row(tx, owner, id, row, now);
    if (!written) co_return std::unexpected(std::move(written.error()));
    if (fields.order_index) {
      const EntryId box = fields.box.value_or(asset->box);
      co_await ensure_box_row(tx, box);
      co_await pass_asset_index(tx, box, row.order_index);
    }
    auto updated = co_await find_asset(tx, owner, id);
    co_return std::move(updated.value());
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Asset>> Assets::toggle_favorite(Actor actor, EntryId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Asset>> {
    auto asset = co_await find_asset(tx, owner, id);
    if (!asset) co_return no_such_asset();
    AssetRow row = co_await read_asset_row(tx, id);
    row.is_favorite = !row.is_favorite;
    asset->is_favorite = row.is_favorite;
    asset->updated_at = context_.clock.now();
    auto written = co_await write_asset_row(tx, owner, id, row, asset->updated_at);
    if (!written) co_return std::unexpected(std::move(written.error()));
    co_return std::move(*asset);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Assets::reorder(Actor actor, std::vector<EntryId> ids) {
  const AccountId owner = actor.account();
  const std::set<EntryId> distinct(ids.begin(), ids.end());
  if (distinct.size() != ids.size()) co_return no_such_asset();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    std::int64_t index = 0;
    for (const EntryId id : ids) {
      const auto asset = co_await find_asset(tx, owner, id);
      if (!asset) co_return no_such_asset();
      AssetRow row = co_await read_asset_row(tx, id);
      row.order_index = index;
      auto written = co_await write_asset_row(tx, owner, id, row, now);
      if (!written) co_return std::unexpected(std::move(written.error()));
      co_await ensure_box_row(tx, asset->box);
      co_await pass_asset_index(tx, asset->box, index);
      ++index;
    }
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

std::string Assets::public_url(const blobs::Place& public_object) const {
  const blobs::PublicObjects* const store = context_.blobs.public_objects();
  return store && !public_object.empty() ? store->url(public_object) : std::string();
}

Task<Result<Entry>> Assets::find_public(Uuid share) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kPublic, entry_from, share, now);
  };
  auto file = co_await context_.database.read(body);
  if (!file) co_return no_such_asset();
  co_return std::move(*file);
}

}  // namespace coffer::vault
