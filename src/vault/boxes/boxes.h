// Boxes: folders that lie directly in a project.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/boxes/types.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"

namespace coffer::vault {

// Only what is set changes; of a new box the name has to be set.
struct BoxFields {
  std::optional<std::string> name = {};  // 1–255 characters
  std::optional<std::int64_t> order_index =
      {};  // 0–kOrderIndexMax; of a new one: behind the others
  std::optional<BoxStatus> status = {};
};

// Where a page of boxes begins: behind that one.
struct BoxPosition {
  SpaceId project = {};
  std::int64_t order_index = 0;
  EntryId box = {};
};
inline BoxPosition position_of(const Box& box) {
  return {.project = box.project, .order_index = box.order_index, .box = box.id};
}

struct BoxQuery {
  AccountId owner = {};
  std::optional<SpaceId> project = {};
  std::optional<BoxPosition> after = {};
  std::uint64_t skip = 0;
  PageLimit limit = {};
};

// All are about the boxes of `owner`, or of the actor: others do not exist. Files and folders in
// them: Assets, Entries, Folders, which also removes a box. Threads: any executor's.
class Boxes {
 public:
  explicit Boxes(Context& context) : context_(context) {}

  // Event `entry.created`. kNotFound without that project; kInvalid with a fault of `name`;
  // kQuotaExceeded, for folders count too (vault/model/quota.h), and for a project that has
  // kBoxesMax.
  Task<Result<Box>> create(Actor actor, SpaceId project, BoxFields fields);

  // kNotFound.
  Task<Result<Box>> find(AccountId owner, EntryId id);

  // By project, then in its order. Off the serving core; throws db::Busy where too many such reads
  // wait.
  Task<Page<Box>> list(BoxQuery query);
  Task<std::uint64_t> count(AccountId owner, std::optional<SpaceId> project);

  // Event `entry.updated` where the name changes. kNotFound; kInvalid; kQuotaExceeded.
  Task<Result<Box>> update(Actor actor, EntryId id, BoxFields fields);

  // Numbers the boxes from 0 in that order. kNotFound unless each is a box of the actor's, and
  // there once. All or none.
  Task<Result<void>> reorder(Actor actor, std::vector<EntryId> ids);

  // Nothing: none. kNotFound, with a fault of `asset` where that is no asset of the box.
  Task<Result<Box>> set_headliner(Actor actor, EntryId id, std::optional<EntryId> asset);

 private:
  Context& context_;
};

// For the other parts of this module, inside their transactions.

// Nothing where `owner` has no such box.
Task<std::optional<Box>> find_box(db::Transaction& transaction, AccountId owner, EntryId id);
// What is kept of the box, or would be, if it had a row, has one from now on.
Task<void> ensure_box_row(db::Transaction& transaction, EntryId id);
std::unexpected<Failure> no_such_box();

// Of a statement about the folder `f`: how many images and videos lie directly in it. The totals
// say it at once, where there never was a folder in it.
inline constexpr char kAssetsOfBox[] =
    "(CASE WHEN f.levels = 0 THEN (SELECT CAST(coalesce(sum(t.files), 0) AS BIGINT)"
    "  FROM tree_total AS t WHERE t.space_id = f.space_id AND t.folder_id = f.id"
    "  AND t.owner_id = f.owner_id AND t.kind IN (0, 1))"
    " ELSE (SELECT count(*) FROM entry AS e WHERE e.space_id = f.space_id AND e.parent_id = f.id"
    "  AND e.is_folder = 0 AND e.kind IN (0, 1)) END)";

}  // namespace coffer::vault
