// Groups: spaces with members, and the invites that lead into them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/types.h"

namespace coffer::vault {

struct Group {
  SpaceId space;
  std::uint32_t number = 0;  // what clients call it by: 8 digits
  std::string name;
  AccountId owner;  // a member like the others; the only one who invites and removes
};

// A group that an account is in.
struct Membership {
  Group group;
  Time joined_at;
};

inline constexpr std::size_t kGroupNameMax = 50;        // characters
inline constexpr std::size_t kGroupInvitesMax = 1'000;  // of one group
inline constexpr std::uint32_t kInviteUsesMax = 10'000;

// Who belongs to a group lists it and uploads to it; what was uploaded is its uploader's. Threads:
// any executor's.
class Groups {
 public:
  explicit Groups(Context& context) : context_(context) {}

  // kInvalid, with a fault of `name`, as check_display_name() has it; kQuotaExceeded, for groups
  // count too (vault/model/quota.h).
  Task<Result<Group>> create(Actor actor, std::string name);

  // As `account` sees it. kNotFound; kForbidden for a group that the account is not in.
  Task<Result<Group>> find(AccountId account, std::uint32_t number);

  // Those that the account is in, in the order in which it joined; behind `after`, where that is
  // set.
  Task<Page<Membership>> of_account(AccountId account, std::optional<Membership> after,
                                    PageLimit limit = {});

  // From now on there is no such group, nor its invites; its files are back at their uploaders',
  // who find them in their own lists at once (return_files() makes their places follow). kNotFound;
  // kForbidden for everybody but the owner.
  Task<Result<void>> remove(Actor actor, std::uint32_t number);

  // A new invite: a secret that is told once. It is good for anybody until revoke_invites() or the
  // group goes, or `uses` accounts have joined by it; nothing: any number may. kNotFound;
  // kForbidden for everybody but the owner; kQuotaExceeded, for invites count too
  // (vault/model/quota.h), and for a group with kGroupInvitesMax. REQUIRES: `uses` is from 1 to
  // kInviteUsesMax.
  Task<Result<std::string>> invite(Actor actor, std::uint32_t number,
                                   std::optional<std::uint32_t> uses = {});
  // kNotFound; kForbidden.
  Task<Result<void>> revoke_invites(Actor actor, std::uint32_t number);

  // Where the invite leads. kNotFound.
  Task<Result<Group>> find_invite(std::string secret);

  // Of several that join at once by an invite's last use, one does. kNotFound; kConflict for who is
  // in the group already, which uses nothing up.
  Task<Result<Group>> join(Actor actor, std::string secret);

  // What the actor uploaded stays. kNotFound; kInvalid for who is not in the group; kForbidden
  // for its owner.
  Task<Result<void>> leave(Actor actor, std::uint32_t number);

  // One short step: moves up to `limit` files of a removed group to their owners' home spaces.
  // Whether there may be more to do now. What is empty then Clearing::clear() forgets.
  Task<bool> return_files(std::size_t limit);

 private:
  Context& context_;
};

}  // namespace coffer::vault
