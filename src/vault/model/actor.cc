#include "vault/model/actor.h"

namespace coffer::vault {
namespace {

// Each gives whether the account is disabled, or no row when the right is gone.
constexpr db::Statement kSession{
    "SELECT a.disabled_at FROM session s JOIN account a ON a.id = s.account_id"
    " WHERE s.id = $1 AND s.account_id = $2"};
constexpr db::Statement kKey{
    "SELECT a.disabled_at FROM api_key k JOIN account a ON a.id = k.account_id"
    " WHERE k.id = $1 AND k.account_id = $2"};
constexpr db::Statement kAccount{"SELECT disabled_at FROM account WHERE id = $1"};

bool is_disabled(const db::Row& row) { return !row.is_null(0); }

}  // namespace

Actor Actor::of(const Caller& caller) {
  const AccountId account = caller.account.id;
  if (caller.key) return {account, *caller.key};
  if (caller.session) return {account, *caller.session};
  return {account, Guest{}};
}

std::optional<SessionId> Actor::session() const noexcept {
  if (const auto* session = std::get_if<SessionId>(&right_)) return *session;
  return std::nullopt;
}

bool Actor::may_change_identity() const noexcept {
  return std::holds_alternative<SessionId>(right_) || std::holds_alternative<System>(right_);
}

Task<Result<void>> require(db::Transaction& transaction, Actor actor) {
  std::optional<bool> disabled;
  if (const auto* session = std::get_if<SessionId>(&actor.right_)) {
    disabled = co_await transaction.find(kSession, is_disabled, *session, actor.account_);
    if (!disabled) co_return session_gone();
  } else if (const auto* key = std::get_if<ApiKeyId>(&actor.right_)) {
    disabled = co_await transaction.find(kKey, is_disabled, *key, actor.account_);
    if (!disabled) co_return key_invalid();
  } else if (std::holds_alternative<Actor::Guest>(actor.right_)) {
    disabled = co_await transaction.find(kAccount, is_disabled, actor.account_);
    if (!disabled) co_return fail(FailureCode::kNotFound, "there is no such account");
  }
  if (disabled.value_or(false)) co_return account_disabled();
  co_return Result<void>{};
}

std::unexpected<Failure> account_disabled() {
  return fail(FailureCode::kAccountDisabled, "the account is locked by the admin");
}

std::unexpected<Failure> session_gone() {
  return fail(FailureCode::kSessionGone, "the session has ended, please log in");
}

std::unexpected<Failure> key_invalid() {
  return fail(FailureCode::kTokenInvalid, "the key is not valid");
}

}  // namespace coffer::vault
