// An account as its row gives it, for the statements that join it.
#pragma once

#include <cstdint>

#include "db/value.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The account is `a` in the statement. What it selects besides follows from kAccountWidth on.
inline constexpr char kAccountColumns[] =
    "a.id, a.uuid, a.username, a.email, a.is_admin, a.disabled_at, a.home_id, a.quota, a.used, "
    "a.charged, "
    "a.created_at, a.updated_at, a.kind";
inline constexpr int kAccountWidth = 13;

// There is at most one row of each kind of guest. Their quota is one: quota.cc.
enum class AccountKind : std::uint8_t { kPerson = 0, kGuest = 1, kUnlistedGuest = 2 };

Account account_from(const db::Row& row);

}  // namespace coffer::vault
