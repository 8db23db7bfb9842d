// Projects: spaces in which boxes lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/task.h"
#include "vault/boxes/types.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"

namespace coffer::vault {

// Only what is set changes; of a new project the name has to be set.
struct ProjectFields {
  std::optional<std::string> name = {};  // 1–kProjectNameMax characters, as check_display_name()
  std::optional<ProjectStatus> status = {};
  std::optional<AspectRatio> aspect_ratio = {};
};

// All are about the projects of `owner`, or of the actor: others do not exist. Threads: any
// executor's.
class Projects {
 public:
  explicit Projects(Context& context) : context_(context) {}

  // kInvalid with a fault of `name`; kQuotaExceeded, for projects count too (vault/model/quota.h),
  // and for an account that has kProjectsMax.
  Task<Result<Project>> create(Actor actor, ProjectFields fields);

  // kNotFound.
  Task<Result<Project>> find(AccountId owner, SpaceId id);

  // Newest first, those before `before` where that is set, without the first `skip`. Off the
  // serving core; throws db::Busy where too many such reads wait.
  Task<Page<Project>> list(AccountId owner, std::optional<SpaceId> before, std::uint64_t skip = 0,
                           PageLimit limit = {});
  // How many there are: kProjectsMax at most.
  Task<std::uint64_t> count(AccountId owner);

  // kNotFound; kInvalid; kQuotaExceeded for a longer name.
  Task<Result<Project>> update(Actor actor, SpaceId id, ProjectFields fields);

  // With all that is in it: gone at once from lists, totals and quota, and cleared away in the
  // background (Clearing::clear). kNotFound.
  Task<Result<void>> remove(Actor actor, SpaceId id);

 private:
  Context& context_;
};

std::unexpected<Failure> no_such_project();

}  // namespace coffer::vault
