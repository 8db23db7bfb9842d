#include "vault/tree/groups.h"

#include <utility>

#include "vault/model/checks.h"
#include "vault/model/links.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/model/step_time.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/relocation.h"
#include "vault/tree/spaces.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::uint32_t kFirstNumber = 10'000'000;
constexpr std::uint32_t kNumbers = 90'000'000;
constexpr std::size_t kInviteLength = 22;  // characters: 132 bits
constexpr std::string_view kInviteAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr db::Statement kInsert{
    "INSERT INTO space (owner_id, kind, created_at, name, number) VALUES ($1, $2, $3, $4, $5)"
    " ON CONFLICT DO NOTHING"};
constexpr db::Statement kInsertMember{
    "INSERT INTO member (space_id, account_id, joined_at) VALUES ($1, $2, $3)"
    " ON CONFLICT (space_id, account_id) DO NOTHING"};
constexpr db::Statement kIsMember{
    "SELECT space_id FROM member WHERE space_id = $1 AND account_id = $2"};
constexpr db::Statement kRemoveMember{"DELETE FROM member WHERE space_id = $1 AND account_id = $2"};

constexpr char kGroupColumns[] = "s.id, s.number, s.name, s.owner_id";
constexpr auto kFindText = sql("SELECT ", kGroupColumns,
                               " FROM space s WHERE s.number = $1 AND s.kind = $2"
                               " AND s.removed_at IS NULL");
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kOfAccountText =
    sql("SELECT ", kGroupColumns,
        ", m.joined_at FROM member m JOIN space s ON s.id = m.space_id"
        " WHERE m.account_id = $1 AND s.kind = $2 AND s.removed_at IS NULL"
        " AND (m.joined_at, m.space_id) > ($3, $4)"
        " ORDER BY m.joined_at, m.space_id LIMIT $5");
constexpr db::Statement kOfAccount{kOfAccountText.data()};
constexpr auto kFindInviteText = sql("SELECT ", kGroupColumns,
                                     " FROM link l JOIN space s ON s.id = l.space_id"
                                     " WHERE l.hash = $1 AND l.kind = $2 AND s.removed_at IS NULL");
constexpr db::Statement kFindInvite{kFindInviteText.data()};

constexpr db::Statement kInsertInvite{
    "INSERT INTO link (kind, hash, space_id, created_at, uses_left) VALUES ($1, $2, $3, $4, $5)"};
constexpr db::Statement kUseInvite{
    "UPDATE link SET uses_left = uses_left - 1 WHERE hash = $1 AND uses_left IS NOT NULL"};
constexpr db::Statement kDropUsedInvite{"DELETE FROM link WHERE hash = $1 AND uses_left = 0"};
// Not more than $3, however many there are.
constexpr db::Statement kCountInvites{
    "SELECT count(*) FROM (SELECT 1 FROM link WHERE space_id = $1 AND kind = $2 LIMIT $3)"};
constexpr db::Statement kDropInvites{"DELETE FROM link WHERE space_id = $1 AND kind = $2"};

// The files of an account that is being removed go with it.
constexpr char kOwnerStays[] = "owner_id NOT IN (SELECT id FROM account WHERE removal = 1)";
// That still counts files.
constexpr auto kNextRemovedText =
    sql("SELECT id, owner_id FROM space WHERE removed_at IS NOT NULL AND kind = $1 AND EXISTS"
        " (SELECT 1 FROM tree_total AS t WHERE t.space_id = space.id AND t.folder_id = 0"
        " AND t.files > 0 AND t.kind <> 5 AND t.",
        kOwnerStays, ") ORDER BY removed_at, id LIMIT 1");
constexpr db::Statement kNextRemoved{kNextRemovedText.data()};
constexpr auto kFilesText = sql("SELECT ", kEntryColumns,
                                ", (SELECT home_id FROM account WHERE account.id = entry.owner_id)"
                                " FROM entry WHERE space_id = $1 AND is_folder = 0 AND ",
                                kOwnerStays, kIsLive, " LIMIT $2");
constexpr db::Statement kFiles{kFilesText.data()};

struct Removed {
  SpaceId space;
  AccountId owner;
};

// A file of a removed group, and where it belongs.
struct OrphanFile {
  Entry file;
  SpaceId home;
};

Group group_from(const db::Row& row) {
  return {.space = row.id<SpaceId>(0),
          .number = static_cast<std::uint32_t>(row.integer(1)),
          .name = std::string(row.text(2)),
          .owner = row.id<AccountId>(3)};
}

Membership membership_from(const db::Row& row) {
  return {.group = group_from(row), .joined_at = row.time(4)};
}

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

std::unexpected<Failure> no_such_group() {
  return fail(FailureCode::kNotFound, "there is no such group");
}

std::unexpected<Failure> no_such_invite() {
  return fail(FailureCode::kNotFound, "there is no such invite");
}

std::unexpected<Failure> not_the_owner() {
  return fail(FailureCode::kForbidden, "only the group's owner may do this");
}

// The group, for its owner.
Task<Result<Group>> find_owned(db::Transaction& tx, AccountId account, std::uint32_t number) {
  auto group = co_await tx.find(kFind, group_from, number, SpaceKind::kGroup);
  if (!group) co_return no_such_group();
  if (group->owner != account) co_return not_the_owner();
  co_return std::move(*group);
}

Task<bool> is_member(db::Transaction& tx, SpaceId space, AccountId account) {
  const auto found = co_await tx.find(kIsMember, integer_from, space, account);
  co_return found.has_value();
}

}  // namespace

Task<Result<Group>> Groups::create(Actor actor, std::string name) {
  const AccountId owner = actor.account();
  Faults faults;
  check_display_name(name, kGroupNameMax, faults);
  if (faults.any()) co_return faults.failure();
  const Time now = context_.clock.now();
  const Cost cost = cost_of_space(name);
  auto body = [&](db::Transaction& tx) -> Task<Result<Group>> {
    for (;;) {
      std::uint64_t random = 0;
      context_.entropy.fill(std::as_writable_bytes(std::span(&random, 1)));
      const auto number = static_cast<std::uint32_t>(kFirstNumber + random % kNumbers);
      const auto id =
          co_await tx.insert<SpaceId>(kInsert, owner, SpaceKind::kGroup, now, name, number);
      if (!id) continue;  // the number is another group's
      const Group group{.space = *id, .number = number, .name = name, .owner = owner};
      const auto charged = co_await charge(tx, owner, group.space, cost);
      if (!charged) co_return std::unexpected(charged.error());
      co_await tx.execute(kInsertMember, group.space, owner, now);
      co_return group;
    }
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Group>> Groups::find(AccountId account, std::uint32_t number) {
  auto body = [&](db::Transaction& tx) -> Task<Result<Group>> {
    auto group = co_await tx.find(kFind, group_from, number, SpaceKind::kGroup);
    if (!group) co_return no_such_group();
    const bool belongs = co_await is_member(tx, group->space, account);
    if (!belongs) co_return fail(FailureCode::kForbidden, "you are not in the group");
    co_return std::move(*group);
  };
  co_return co_await context_.database.read(body);
}

Task<Page<Membership>> Groups::of_account(AccountId account, std::optional<Membership> after,
                                          PageLimit limit) {
  const Time joined = after ? after->joined_at : Time();
  const SpaceId space = after ? after->group.space : SpaceId();
  const auto weigh = [](const Membership& one) { return one.group.name.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<Membership>> {
    co_return co_await read_page(tx, kOfAccount, limit, membership_from, weigh, account,
                                 SpaceKind::kGroup, joined, space, limit.to_fetch());
  };
  co_return co_await context_.database.read(body);
}

Task<Result<void>> Groups::remove(Actor actor, std::uint32_t number) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto group = co_await find_owned(tx, actor.account(), number);
    if (!group) co_return std::unexpected(group.error());
    co_await remove_space(tx, group->space, group->owner, group->name, context_.clock.now());
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

Task<Result<std::string>> Groups::invite(Actor actor, std::uint32_t number,
                                         std::optional<std::uint32_t> uses) {
  const std::string secret = random_text(context_.entropy, kInviteLength, kInviteAlphabet);
  const Sha256Digest hash = Sha256::of(as_bytes(secret));
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto group = co_await find_owned(tx, actor.account(), number);
    if (!group) co_return std::unexpected(group.error());
    const auto others = co_await tx.find(
        kCountInvites, [](const db::Row& row) { return row.integer(0); }, group->space,
        LinkKind::kInvite, kGroupInvitesMax);
    if (static_cast<std::size_t>(others.value()) >= kGroupInvitesMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     "the group has as many invites as it may have: remove them");
    }
    const auto charged = co_await charge_account(tx, group->owner, cost_of_secrets(1));
    if (!charged) co_return std::unexpected(charged.error());
    const Time now = context_.clock.now();
    co_await tx.execute(kInsertInvite, LinkKind::kInvite, ByteView(hash.bytes), group->space, now,
                        uses);
    co_return Result<void>{};
  };
  const auto made = co_await context_.database.write(actor, body);
  if (!made) co_return std::unexpected(made.error());
  co_return secret;
}

Task<Result<void>> Groups::revoke_invites(Actor actor, std::uint32_t number) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto group = co_await find_owned(tx, actor.account(), number);
    if (!group) co_return std::unexpected(group.error());
    const auto dropped = co_await tx.execute(kDropInvites, group->space, LinkKind::kInvite);
    co_await give_back(tx, group->owner, cost_of_secrets(dropped));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Group>> Groups::find_invite(std::string secret) {
  const Sha256Digest hash = Sha256::of(as_bytes(secret));
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Group>> {
    co_return co_await tx.find(kFindInvite, group_from, ByteView(hash.bytes), LinkKind::kInvite);
  };
  auto group = co_await context_.database.read(body);
  if (!group) co_return no_such_invite();
  co_return std::move(*group);
}

Task<Result<Group>> Groups::join(Actor actor, std::string secret) {
  const Sha256Digest hash = Sha256::of(as_bytes(secret));
  auto body = [&](db::Transaction& tx) -> Task<Result<Group>> {
    auto group = co_await tx.find(kFindInvite, group_from, ByteView(hash.bytes), LinkKind::kInvite);
    if (!group) co_return no_such_invite();
    const Time now = context_.clock.now();
    const auto joined = co_await tx.execute(kInsertMember, group->space, actor.account(), now);
    if (joined == 0) co_return fail(FailureCode::kConflict, "you are already in the group");
    const auto limited = co_await tx.execute(kUseInvite, ByteView(hash.bytes));
    if (limited > 0) {
      const auto dropped = co_await tx.execute(kDropUsedInvite, ByteView(hash.bytes));
      co_await give_back(tx, group->owner, cost_of_secrets(dropped));
    }
    co_return std::move(*group);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Groups::leave(Actor actor, std::uint32_t number) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto group = co_await tx.find(kFind, group_from, number, SpaceKind::kGroup);
    if (!group) co_return no_such_group();
    if (group->owner == actor.account()) {
      co_return fail(FailureCode::kForbidden, "the owner cannot leave the group");
    }
    const auto left = co_await tx.execute(kRemoveMember, group->space, actor.account());
    if (left == 0) co_return fail(FailureCode::kInvalid, "you are not in the group");
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<bool> Groups::return_files(std::size_t limit) {
  const auto removed_from = [](const db::Row& row) {
    return Removed{row.id<SpaceId>(0), row.id<AccountId>(1)};
  };
  const auto stray_from = [](const db::Row& row) {
    return OrphanFile{entry_from(row), row.id<SpaceId>(kEntryWidth)};
  };
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Removed>> {
    co_return co_await tx.find(kNextRemoved, removed_from, SpaceKind::kGroup);
  };
  // Nothing is written where there is nothing to do.
  const auto any = co_await context_.database.read(look);
  if (!any) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    const StepTime time;
    const auto group = co_await tx.find(kNextRemoved, removed_from, SpaceKind::kGroup);
    if (!group) co_return;
    auto strays = co_await tx.all(kFiles, stray_from, group->space, limit);
    const Time now = context_.clock.now();
    for (OrphanFile& stray : strays) {
      co_await move_to_home(tx, std::move(stray.file), stray.home, group->owner, now);
      if (time.is_over()) co_return;
    }
  };
  co_await context_.database.write(Actor::System{}, body);
  co_return true;
}

}  // namespace coffer::vault
