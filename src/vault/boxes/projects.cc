#include "vault/boxes/projects.h"

#include <fmt/format.h>

#include <utility>

#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/spaces.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kInsertSpace{
    "INSERT INTO space (owner_id, kind, created_at, name) VALUES ($1, 4, $2, $3)"};
constexpr db::Statement kInsert{
    "INSERT INTO project (space_id, status, aspect_ratio, updated_at) VALUES ($1, $2, $3, $4)"};
// The kind and the missing moment are spelled out: they let the index of projects answer.
constexpr db::Statement kCount{
    "SELECT count(*) FROM space WHERE owner_id = $1 AND kind = 4 AND removed_at IS NULL"};

constexpr char kSelect[] =
    "SELECT s.id, s.owner_id, s.name, p.status, p.aspect_ratio, s.created_at, p.updated_at,"
    " (SELECT count(*) FROM entry AS f WHERE f.space_id = s.id AND f.parent_id = 0"
    "  AND f.is_folder = 1),"
    " (SELECT count(*) FROM entry AS f JOIN box AS b ON b.entry_id = f.id AND b.status = 3"
    "  WHERE f.space_id = s.id AND f.parent_id = 0 AND f.is_folder = 1)"
    " FROM space AS s JOIN project AS p ON p.space_id = s.id"
    " WHERE s.owner_id = $1 AND s.kind = 4 AND s.removed_at IS NULL";
constexpr auto kFindText = sql(kSelect, " AND s.id = $2");
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kListText = sql(kSelect, " AND s.id < $2 ORDER BY s.id DESC LIMIT $3 OFFSET $4");
constexpr db::Statement kList{kListText.data()};

constexpr db::Statement kRename{"UPDATE space SET name = $2 WHERE id = $1"};
constexpr db::Statement kUpdate{
    "UPDATE project SET status = $2, aspect_ratio = $3, updated_at = $4 WHERE space_id = $1"};

Project project_from(const db::Row& row) {
  return {.id = row.id<SpaceId>(0),
          .owner = row.id<AccountId>(1),
          .name = std::string(row.text(2)),
          .status = static_cast<ProjectStatus>(row.integer(3)),
          .aspect_ratio = static_cast<AspectRatio>(row.integer(4)),
          .boxes = static_cast<std::uint64_t>(row.integer(7)),
          .approved = static_cast<std::uint64_t>(row.integer(8)),
          .created_at = row.time(5),
          .updated_at = row.time(6)};
}

std::uint64_t count_from(const db::Row& row) { return static_cast<std::uint64_t>(row.integer(0)); }

}  // namespace

std::unexpected<Failure> no_such_project() {
  return fail(FailureCode::kNotFound, "there is no such project");
}

Task<Result<Project>> Projects::create(Actor actor, ProjectFields fields) {
  const AccountId owner = actor.account();
  Project project{.owner = owner, .name = std::move(fields.name).value_or("")};
  Faults faults;
  check_display_name(project.name, kProjectNameMax, faults);
  if (faults.any()) co_return faults.failure();
  project.status = fields.status.value_or(project.status);
  project.aspect_ratio = fields.aspect_ratio.value_or(project.aspect_ratio);
  const Time now = context_.clock.now();
  project.created_at = project.updated_at = now;
  const Cost cost = cost_of_space(project.name);
  auto body = [&](db::Transaction& tx) -> Task<Result<SpaceId>> {
    const auto others = co_await tx.find(kCount, count_from, owner);
    if (others.value() >= kProjectsMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     fmt::format("an account may have {} projects: delete some", kProjectsMax));
    }
    const auto id = co_await tx.insert<SpaceId>(kInsertSpace, owner, now, project.name);
    const auto charged = co_await charge(tx, owner, id.value(), cost);
    if (!charged) co_return std::unexpected(charged.error());
    co_await tx.execute(kInsert, *id, project.status, project.aspect_ratio, now);
    co_return *id;
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  project.id = *id;
  co_return project;
}

Task<Result<Project>> Projects::find(AccountId owner, SpaceId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Project>> {
    co_return co_await tx.find(kFind, project_from, owner, id);
  };
  auto project = co_await context_.database.read(body);
  if (!project) co_return no_such_project();
  co_return std::move(*project);
}

Task<Page<Project>> Projects::list(AccountId owner, std::optional<SpaceId> before,
                                   std::uint64_t skip, PageLimit limit) {
  const auto weigh = [](const Project& project) { return project.name.size(); };
  const SpaceId end = before.value_or(SpaceId{INT64_MAX});
  auto body = [&](db::Transaction& tx) -> Task<Page<Project>> {
    co_return co_await read_page(tx, kList, limit, project_from, weigh, owner, end,
                                 limit.to_fetch(), skip);
  };
  co_return co_await context_.database.scan(owner.value, body);
}

Task<std::uint64_t> Projects::count(AccountId owner) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::uint64_t>> {
    co_return co_await tx.find(kCount, count_from, owner);
  };
  const auto count = co_await context_.database.read(body);
  co_return count.value();
}

Task<Result<Project>> Projects::update(Actor actor, SpaceId id, ProjectFields fields) {
  const AccountId owner = actor.account();
  Faults faults;
  if (fields.name) check_display_name(*fields.name, kProjectNameMax, faults);
  if (faults.any()) co_return faults.failure();
  auto body = [&](db::Transaction& tx) -> Task<Result<Project>> {
    auto found = co_await tx.find(kFind, project_from, owner, id);
    if (!found) co_return no_such_project();
    Project& project = *found;
    if (fields.name && *fields.name != project.name) {
      const Cost cost = cost_of_space(*fields.name) - cost_of_space(project.name);
      const auto charged = co_await charge(tx, owner, id, cost);
      if (!charged) co_return std::unexpected(charged.error());
      project.name = *fields.name;
      co_await tx.execute(kRename, id, project.name);
    }
    project.status = fields.status.value_or(project.status);
    project.aspect_ratio = fields.aspect_ratio.value_or(project.aspect_ratio);
    project.updated_at = context_.clock.now();
    co_await tx.execute(kUpdate, id, project.status, project.aspect_ratio, project.updated_at);
    co_return std::move(project);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Projects::remove(Actor actor, SpaceId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto project = co_await tx.find(kFind, project_from, owner, id);
    if (!project) co_return no_such_project();
    co_await remove_space(tx, id, owner, project->name, context_.clock.now());
    co_await remove_contents(tx, id, owner);
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

}  // namespace coffer::vault
