#include "vault/boxes/boxes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "vault/boxes/projects.h"
#include "vault/model/checks.h"
#include "vault/model/media.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/entry_changes.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"

namespace coffer::vault {
namespace {

constexpr char kColumns[] =
    "f.id, s.id, s.name, f.name, coalesce(b.order_index, 0), coalesce(b.status, 0), f.created_at,"
    " CASE WHEN coalesce(b.updated_at, 0) > f.updated_at THEN b.updated_at ELSE f.updated_at END,"
    " h.id, h.share, h.name, h.kind,"
    " (SELECT facts FROM media_facts WHERE source = h.digest),"
    " (SELECT place FROM public_object AS copy WHERE copy.entry_id = h.id), ";
constexpr char kRows[] =
    " LEFT JOIN box AS b ON b.entry_id = f.id"
    " LEFT JOIN entry AS h ON h.id = b.headliner_id AND h.parent_id = f.id AND h.is_folder = 0"
    " AND h.kind IN (0, 1)";
// Begins with the folder, or with the project: so each is found by its index.
constexpr auto kFindText =
    sql("SELECT ", kColumns, kAssetsOfBox, " FROM entry AS f JOIN space AS s ON s.id = f.space_id",
        kRows, " WHERE f.id = $2 AND f.is_folder = 1 AND f.parent_id = 0 AND s.owner_id = $1",
        " AND s.kind = 4 AND s.removed_at IS NULL");
constexpr db::Statement kFind{kFindText.data()};
constexpr char kOfProjects[] = " FROM space AS s CROSS JOIN entry AS f";
constexpr char kIsListed[] =
    " WHERE s.owner_id = $1 AND s.kind = 4 AND s.removed_at IS NULL AND s.id BETWEEN $2 AND $3"
    " AND f.space_id = s.id AND f.parent_id = 0 AND f.is_folder = 1";
constexpr auto kListText =
    sql("SELECT ", kColumns, kAssetsOfBox, kOfProjects, kRows, kIsListed,
        " AND (s.id, coalesce(b.order_index, 0), f.id) > ($4, $5, $6)"
        " ORDER BY s.id, coalesce(b.order_index, 0), f.id LIMIT $7 OFFSET $8");
constexpr db::Statement kList{kListText.data()};
constexpr auto kCountText = sql("SELECT count(*)", kOfProjects, kIsListed);
constexpr db::Statement kCount{kCountText.data()};

constexpr db::Statement kOwnProject{
    "SELECT id FROM space WHERE id = $1 AND owner_id = $2 AND kind = 4 AND removed_at IS NULL"};
constexpr db::Statement kNextIndex{
    "UPDATE project SET next_index = CASE WHEN next_index > $2 THEN next_index"
    " ELSE CAST($2 AS BIGINT) + 1 END WHERE space_id = $1"};
constexpr db::Statement kReadNextIndex{"SELECT next_index FROM project WHERE space_id = $1"};
constexpr db::Statement kInsert{
    "INSERT INTO box (entry_id, order_index, status, updated_at) VALUES ($1, $2, $3, $4)"};
constexpr db::Statement kEnsure{
    "INSERT INTO box (entry_id) VALUES ($1) ON CONFLICT (entry_id) DO NOTHING"};
constexpr db::Statement kUpdate{
    "UPDATE box SET order_index = $2, status = $3, updated_at = $4 WHERE entry_id = $1"};
constexpr db::Statement kPlace{
    "UPDATE box SET order_index = $2, updated_at = $3 WHERE entry_id = $1"};
constexpr db::Statement kSetHeadliner{
    "UPDATE box SET headliner_id = $2, updated_at = $3 WHERE entry_id = $1"};
constexpr db::Statement kIsAsset{
    "SELECT id FROM entry WHERE id = $1 AND parent_id = $2 AND is_folder = 0 AND kind IN (0, 1)"};
constexpr auto kFolderText = sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1");
constexpr db::Statement kFolder{kFolderText.data()};

constexpr int kHeadlinerAt = 8;

Box box_from(const db::Row& row) {
  Box box;
  box.id = row.id<EntryId>(0);
  box.project = row.id<SpaceId>(1);
  box.project_name = row.text(2);
  box.name = as_text(row.bytes(3));
  box.order_index = row.integer(4);
  box.status = static_cast<BoxStatus>(row.integer(5));
  box.created_at = row.time(6);
  box.updated_at = row.time(7);
  if (!row.is_null(kHeadlinerAt)) {
    box.headliner = {.id = row.id<EntryId>(kHeadlinerAt),
                     .share = Uuid::from_bytes(row.bytes(kHeadlinerAt + 1)).value(),
                     .name = std::string(as_text(row.bytes(kHeadlinerAt + 2))),
                     .kind = static_cast<FileKind>(row.integer(kHeadlinerAt + 3))};
    const auto facts = row.optional_text(kHeadlinerAt + 4);
    if (facts) box.headliner->media = decode_media(*facts);
    box.headliner->public_object = blobs::Place(row.bytes(kHeadlinerAt + 5));
  }
  box.assets = static_cast<std::uint64_t>(row.integer(kHeadlinerAt + 6));
  return box;
}

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

// The projects from one number to another.
struct ProjectRange {
  SpaceId first = {};
  SpaceId last = SpaceId{INT64_MAX};
};

ProjectRange range_of(std::optional<SpaceId> project) {
  if (!project) return {};
  return {.first = *project, .last = *project};
}

Entry folder_of(AccountId owner, const std::string& name) {
  Entry folder;
  folder.owner = owner;
  folder.type.kind = FileKind::kFolder;
  folder.name = name;
  return folder;
}

// Where a new box comes, and the next one behind it.
Task<std::int64_t> take_index(db::Transaction& tx, SpaceId project,
                              std::optional<std::int64_t> wanted) {
  std::int64_t index = 0;
  if (wanted) {
    index = *wanted;
  } else {
    const auto next = co_await tx.find(kReadNextIndex, integer_from, project);
    index = std::min(next.value(), kOrderIndexMax);
  }
  co_await tx.execute(kNextIndex, project, index);
  co_return index;
}

Task<Result<void>> rename(db::Transaction& tx, EntryId id, const std::string& name, Time now) {
  auto found = co_await tx.find(kFolder, entry_from, id);
  Entry& folder = found.value();
  const Entry old = folder;
  folder.name = name;
  const ParentRef place{.space = folder.space};
  co_await settle_key(tx, folder, place);
  auto stored = co_await store_changes(tx, old, folder, now);
  co_return stored;
}

}  // namespace

std::unexpected<Failure> no_such_box() {
  return fail(FailureCode::kNotFound, "there is no such box");
}

Task<std::optional<Box>> find_box(db::Transaction& transaction, AccountId owner, EntryId id) {
  co_return co_await transaction.find(kFind, box_from, owner, id);
}

Task<void> ensure_box_row(db::Transaction& transaction, EntryId id) {
  co_await transaction.execute(kEnsure, id);
}

Task<Result<Box>> Boxes::create(Actor actor, SpaceId project, BoxFields fields) {
  const AccountId owner = actor.account();
  const std::string name = std::move(fields.name).value_or("");
  Faults faults;
  check_file_name(name, faults);
  if (faults.any()) co_return faults.failure();
  const Time now = context_.clock.now();
  const NewEntryRow row = new_entry_row(folder_of(owner, name), now, context_.entropy);
  const ProjectRange range = range_of(project);
  auto body = [&](db::Transaction& tx) -> Task<Result<Box>> {
    const auto known = co_await tx.find(kOwnProject, integer_from, project, owner);
    if (!known) co_return no_such_project();
    const auto others = co_await tx.find(kCount, integer_from, owner, range.first, range.last);
    if (static_cast<std::uint64_t>(others.value()) >= kBoxesMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     fmt::format("a project may have {} boxes: delete some", kBoxesMax));
    }
    const auto charged = co_await charge_new(tx, owner, project, cost_of(row.entry));
    if (!charged) co_return std::unexpected(charged.error());
    const ParentRef place{.space = project};
    auto folder = co_await add_entry(tx, row, place, now);
    if (!folder) co_return std::unexpected(std::move(folder.error()));
    const std::int64_t index = co_await take_index(tx, project, fields.order_index);
    const BoxStatus status = fields.status.value_or(BoxStatus::kDraft);
    co_await tx.execute(kInsert, folder->id, index, status, now);
    auto box = co_await find_box(tx, owner, folder->id);
    co_return std::move(box.value());
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Box>> Boxes::find(AccountId owner, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Box>> {
    auto box = co_await find_box(tx, owner, id);
    co_return box;
  };
  auto box = co_await context_.database.read(body);
  if (!box) co_return no_such_box();
  co_return std::move(*box);
}

Task<Page<Box>> Boxes::list(BoxQuery query) {
  const auto weigh = [](const Box& box) { return box.name.size() + box.project_name.size(); };
  const ProjectRange range = range_of(query.project);
  const BoxPosition after = query.after.value_or(BoxPosition{});
  // No project comes before the one behind which the page begins.
  const SpaceId first = std::max(range.first, after.project);
  auto body = [&](db::Transaction& tx) -> Task<Page<Box>> {
    co_return co_await read_page(tx, kList, query.limit, box_from, weigh, query.owner, first,
                                 range.last, after.project, after.order_index, after.box,
                                 query.limit.to_fetch(), query.skip);
  };
  co_return co_await context_.database.scan(query.owner.value, body);
}

Task<std::uint64_t> Boxes::count(AccountId owner, std::optional<SpaceId> project) {
  const ProjectRange range = range_of(project);
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kCount, integer_from, owner, range.first, range.last);
  };
  const auto count = co_await context_.database.scan(owner.value, body);
  co_return static_cast<std::uint64_t>(count.value());
}

Task<Result<Box>> Boxes::update(Actor actor, EntryId id, BoxFields fields) {
  const AccountId owner = actor.account();
  Faults faults;
  if (fields.name) check_file_name(*fields.name, faults);
  if (faults.any()) co_return faults.failure();
  auto body = [&](db::Transaction& tx) -> Task<Result<Box>> {
    auto found = co_await find_box(tx, owner, id);
    if (!found) co_return no_such_box();
    Box& box = *found;
    const Time now = context_.clock.now();
    if (fields.name && *fields.name != box.name) {
      auto renamed = co_await rename(tx, id, *fields.name, now);
      if (!renamed) co_return std::unexpected(std::move(renamed.error()));
      box.name = *fields.name;
    }
    box.order_index = fields.order_index.value_or(box.order_index);
    box.status = fields.status.value_or(box.status);
    box.updated_at = now;
    co_await ensure_box_row(tx, id);
    co_await tx.execute(kUpdate, id, box.order_index, box.status, now);
    co_await tx.execute(kNextIndex, box.project, box.order_index);
    co_return std::move(box);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Boxes::reorder(Actor actor, std::vector<EntryId> ids) {
  const AccountId owner = actor.account();
  const std::set<EntryId> distinct(ids.begin(), ids.end());
  if (distinct.size() != ids.size()) co_return no_such_box();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    std::int64_t index = 0;
    for (const EntryId id : ids) {
      const auto box = co_await find_box(tx, owner, id);
      if (!box) co_return no_such_box();
      co_await ensure_box_row(tx, id);
      co_await tx.execute(kPlace, id, index, now);
      co_await tx.execute(kNextIndex, box->project, index);
      ++index;
    }
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Box>> Boxes::set_headliner(Actor actor, EntryId id, std::optional<EntryId> asset) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Box>> {
    const auto known = co_await find_box(tx, owner, id);
    if (!known) co_return no_such_box();
    if (asset) {
      const auto is_there = co_await tx.find(kIsAsset, integer_from, *asset, id);
      if (!is_there) {
        Failure failure{.code = FailureCode::kNotFound, .message = "there is no such asset"};
        failure.fields.push_back({"asset", "is no asset of the box"});
        co_return std::unexpected(std::move(failure));
      }
    }
    co_await ensure_box_row(tx, id);
    co_await tx.execute(kSetHeadliner, id, asset, context_.clock.now());
    auto box = co_await find_box(tx, owner, id);
    co_return std::move(box.value());
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
