#include "vault/identity/accounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/identity/account_rows.h"
#include "vault/identity/credentials.h"
#include "vault/identity/opaque_string.h"
#include "vault/identity/passwords.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kLoginMax = 1024;  // bytes; no name that was let in is longer

constexpr auto kFindText = sql("SELECT ", kAccountColumns, " FROM account a WHERE a.id = $1");
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindByLoginText =
    sql("SELECT ", kAccountColumns,
        ", a.password FROM login l JOIN account a ON a.id = l.account_id WHERE l.name = $1");
constexpr db::Statement kFindByLogin{kFindByLoginText.data()};

constexpr auto kListText =
    sql("SELECT ", kAccountColumns,
        " FROM account a WHERE a.id > $1 AND a.kind = 0 AND a.removal = 0 ORDER BY a.id LIMIT $2");
constexpr db::Statement kList{kListText.data()};

constexpr db::Statement kAnyAdmin{"SELECT id FROM account WHERE is_admin = 1 ORDER BY id LIMIT 1"};
constexpr db::Statement kPassword{"SELECT password FROM account WHERE id = $1"};

// The home space needs the account first; the account learns of it in the same transaction.
constexpr db::Statement kInsert{
    "INSERT INTO account (uuid, username, email, password, is_admin, home_id, quota, created_at,"
    " updated_at) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $7)"};
constexpr db::Statement kInsertSpace{
    "INSERT INTO space (owner_id, kind, created_at) VALUES ($1, $2, $3)"};
constexpr db::Statement kSetHome{"UPDATE account SET home_id = $2 WHERE id = $1"};

constexpr db::Statement kLoginOwner{"SELECT account_id FROM login WHERE name = $1"};
constexpr db::Statement kInsertLogin{"INSERT INTO login (name, account_id) VALUES ($1, $2)"};
constexpr db::Statement kDropLogins{"DELETE FROM login WHERE account_id = $1"};

constexpr db::Statement kSetNames{
    "UPDATE account SET username = $2, email = $3, updated_at = $4 WHERE id = $1"};
constexpr db::Statement kSetPassword{
    "UPDATE account SET password = $2, updated_at = $3 WHERE id = $1"};
constexpr db::Statement kReplacePassword{
    "UPDATE account SET password = $3, updated_at = $4 WHERE id = $1 AND password = $2"};
constexpr db::Statement kSetQuota{"UPDATE account SET quota = $2, updated_at = $3 WHERE id = $1"};
constexpr db::Statement kSetDisabled{
    "UPDATE account SET disabled_at = $2, updated_at = $3 WHERE id = $1"};
constexpr db::Statement kEndSessions{"DELETE FROM session WHERE account_id = $1 AND id <> $2"};

Credentials credentials_from(const db::Row& row) {
  return {.account = account_from(row), .password = std::string(row.text(kAccountWidth))};
}

template <class IdType>
IdType id_from(const db::Row& row) {
  return row.id<IdType>(0);
}

std::string text_from(const db::Row& row) { return std::string(row.text(0)); }

std::unexpected<Failure> no_such_account() {
  return fail(FailureCode::kNotFound, "there is no such account");
}

// The names by which an account logs in.
struct Logins {
  std::string username;
  std::optional<std::string> email;

  explicit Logins(const Account& account) : username(login_form(account.username)) {
    if (account.email) email = login_form(*account.email);
  }
};

// Adds a fault for each name that leads to another account than `self`.
Task<void> check_free(db::Transaction& tx, const Logins& logins, AccountId self, Faults& faults) {
  const auto by_name = co_await tx.find(kLoginOwner, id_from<AccountId>, logins.username);
  const bool is_taken = (by_name && *by_name != self) || logins.username == kGuestName;
  if (is_taken) faults.add("username", "is taken");
  if (!logins.email) co_return;
  const auto by_email = co_await tx.find(kLoginOwner, id_from<AccountId>, *logins.email);
  if (by_email && *by_email != self) faults.add("email", "is in use by another account");
}

Task<void> insert_logins(db::Transaction& tx, const Logins& logins, AccountId account) {
  co_await tx.execute(kInsertLogin, logins.username, account);
  if (!logins.email || *logins.email == logins.username) co_return;
  co_await tx.execute(kInsertLogin, *logins.email, account);
}

// Nothing when no account can have that name.
std::optional<std::string> wanted_login(const std::string& login) {
  if (login.size() > kLoginMax || !is_utf8(login) || has_control(login)) return std::nullopt;
  return login_form(login);
}

// Of the form in which it is hashed.
bool is_possible(std::string_view password) {
  return opaque_string(password).size() <= kPasswordMax;
}

void check_new_password(std::string_view password, std::size_t min, Faults& faults) {
  if (!is_utf8(password)) {
    faults.add("password", "must be UTF-8 text");
  } else {
    check_password(opaque_string(password), min, faults);
  }
}

// What stands for a name that leads to no account where others count accounts: negative, as no
// account's number is.
std::int64_t number_of(const std::string& name) {
  const auto hash = static_cast<std::uint64_t>(std::hash<std::string>{}(name));
  return -static_cast<std::int64_t>((hash >> 2U) + 1);
}

// Compares, and counts what was wrong.
Task<Result<Passwords::Verdict>> counted_check(Context& context, PasswordOwner owner,
                                               std::string password, std::string stored) {
  const PasswordCheck check{.account = std::to_string(owner.account),
                            .address = std::string(owner.address)};
  PasswordAttempts& attempts = *context.password_attempts;
  const auto attempt = attempts.begin(context.clock.now(), context.policy.password_attempts, check);
  if (!attempt) co_return std::unexpected(attempt.error());
  auto verdict = co_await context.passwords.verify(std::move(password), std::move(stored), owner);
  if (!verdict) {
    attempts.withdraw(*attempt);
  } else if (verdict->right) {
    attempts.succeeded(context.clock.now(), check, *attempt);
  }
  co_return verdict;
}

Task<std::optional<Credentials>> find_credentials(GuardedDatabase& database,
                                                  const std::string& login) {
  const auto name = wanted_login(login);
  if (!name) co_return std::nullopt;
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Credentials>> {
    co_return co_await tx.find(kFindByLogin, credentials_from, *name);
  };
  co_return co_await database.read(body);
}

// A new password, and the hash that its owner has proved to know the password of.
struct PasswordChange {
  std::string old_hash;
  std::string new_hash;  // empty for an actor that may not change it
};

// The hash that `password` made, if it is the account's.
Task<Result<std::string>> proved_hash(Context& context, AccountId account, std::string password,
                                      std::string_view address) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<std::string>> {
    co_return co_await tx.find(kPassword, text_from, account);
  };
  auto stored = co_await context.database.read(look);
  if (!stored) co_return no_such_account();
  const auto verdict =
      co_await check_current_password(context, account, address, std::move(password), *stored);
  if (!verdict) co_return std::unexpected(verdict.error());
  if (!verdict->right) co_return wrong_password();
  co_return std::move(*stored);
}

std::unexpected<Failure> not_for_keys() {
  return fail(FailureCode::kForbidden,
              "a key changes neither name nor e-mail address nor password: log in");
}

Task<Result<PasswordChange>> prove(Context& context, Actor actor,
                                   const AccountChanges::NewPassword& password) {
  auto proved =
      co_await proved_hash(context, actor.account(), password.current.value(), password.address);
  if (!proved) co_return std::unexpected(std::move(proved.error()));
  PasswordChange change{.old_hash = std::move(*proved), .new_hash = {}};
  if (!actor.may_change_identity()) co_return change;
  auto hashed = co_await context.passwords.hash(
      password.wanted, {.account = actor.account().value, .address = password.address});
  if (!hashed) co_return std::unexpected(hashed.error());
  change.new_hash = std::move(*hashed);
  co_return change;
}

// Nothing: the account's hash is another by now.
Task<Result<std::optional<Account>>> change(Context& context, Actor actor,
                                            const AccountChanges& changes,
                                            const std::optional<PasswordChange>& password) {
  const AccountId id = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<std::optional<Account>>> {
    auto account = co_await tx.find(kFind, account_from, id);
    if (!account) co_return no_such_account();
    const auto allowed = check_precondition(changes.precondition, state_tag(*account));
    if (!allowed) co_return std::unexpected(allowed.error());
    const Time now = context.clock.now();
    if (password) {
      const auto changed =
          co_await tx.execute(kReplacePassword, id, password->old_hash, password->new_hash, now);
      if (changed == 0) co_return std::optional<Account>();
      const SessionId kept = actor.session().value_or(SessionId{});
      co_await tx.execute(kEndSessions, id, kept);
      account->updated_at = now;
    }
    if (changes.username || changes.email) {
      if (changes.username) account->username = *changes.username;
      if (changes.email) account->email = *changes.email;
      const Logins logins(*account);
      Faults conflicts;
      co_await check_free(tx, logins, id, conflicts);
      if (conflicts.any()) co_return conflicts.failure(FailureCode::kConflict);
      co_await tx.execute(kDropLogins, id);
      co_await insert_logins(tx, logins, id);
      co_await tx.execute(kSetNames, id, account->username, account->email, now);
      account->updated_at = now;
    }
    co_return std::move(account);
  };
  co_return co_await context.database.write(actor, body);
}

}  // namespace

Account account_from(const db::Row& row) {
  Account account;
  account.id = row.id<AccountId>(0);
  account.uuid = Uuid::from_bytes(row.bytes(1)).value();
  account.username = row.text(2);
  account.email = row.optional_text(3);
  account.is_admin = row.boolean(4);
  account.disabled_at = row.optional_time(5);
  account.home = row.id<SpaceId>(6);
  if (const auto quota = row.optional_integer(7)) {
    account.quota = static_cast<std::uint64_t>(*quota);
  }
  account.used = static_cast<std::uint64_t>(row.integer(8));
  account.charged = static_cast<std::uint64_t>(row.integer(9));
  account.created_at = row.time(10);
  account.updated_at = row.time(11);
  account.is_guest = static_cast<AccountKind>(row.integer(12)) != AccountKind::kPerson;
  return account;
}

namespace {

// Gives names and address the form in which they are kept.
void check_fields(const Context& context, NewAccount& account, Faults& faults) {
  account.username = check_username(account.username, faults);
  if (account.email) account.email = check_email(*account.email, faults);
  check_new_password(account.password, context.policy.password_min, faults);
}

void check_fields(const Context& context, AccountChanges& changes, Faults& faults) {
  if (changes.username) changes.username = check_username(*changes.username, faults);
  if (changes.email && *changes.email) changes.email = check_email(**changes.email, faults);
  if (!changes.password) return;
  if (!changes.password->current) {
    faults.add("current_password", "is needed for a new password");
  }
  check_new_password(changes.password->wanted, context.policy.password_min, faults);
}

}  // namespace

Task<Result<Credentials>> create_account(Context& context, NewAccount wanted) {
  Faults faults;
  check_fields(context, wanted, faults);
  if (faults.any()) co_return faults.failure();
  Account made;
  made.username = std::move(wanted.username);
  made.email = std::move(wanted.email);
  const Logins logins(made);

  const auto free = co_await context.database.read([&](db::Transaction& tx) -> Task<Result<void>> {
    Faults conflicts;
    co_await check_free(tx, logins, AccountId{}, conflicts);
    if (conflicts.any()) co_return conflicts.failure(FailureCode::kConflict);
    co_return Result<void>{};
  });
  if (!free) co_return std::unexpected(free.error());

  const auto password = co_await context.passwords.hash(
      std::move(wanted.password),
      {.account = number_of(logins.username), .address = wanted.address});
  if (!password) co_return std::unexpected(password.error());

  made.is_admin = wanted.is_admin;
  made.quota = context.policy.quota;
  made.created_at = made.updated_at = context.clock.now();
  made.uuid = Uuid::make(made.created_at, context.entropy);
  auto body = [&](db::Transaction& tx) -> Task<Result<Account>> {
    Faults conflicts;
    co_await check_free(tx, logins, AccountId{}, conflicts);
    if (conflicts.any()) co_return conflicts.failure(FailureCode::kConflict);
    Account account = made;
    const auto id = co_await tx.insert<AccountId>(kInsert, account.uuid, account.username,
                                                  account.email, *password, account.is_admin,
                                                  account.quota, account.created_at);
    account.id = id.value();
    const auto home =
        co_await tx.insert<SpaceId>(kInsertSpace, account.id, SpaceKind::kHome, account.created_at);
    account.home = home.value();
    co_await tx.execute(kSetHome, account.id, account.home);
    co_await insert_logins(tx, logins, account.id);
    const Event event{
        .type = EventType::kAccountRegistered, .account = account.id, .space = account.home};
    co_await append_event(tx, account.created_at, event);
    co_return account;
  };
  auto account = co_await context.database.write(Actor::Anyone{}, body);
  if (!account) co_return std::unexpected(std::move(account.error()));
  co_return Credentials{.account = std::move(*account), .password = *password};
}

Task<Result<Credentials>> check_credentials(Context& context, const LogInRequest& request) {
  auto found = co_await find_credentials(context.database, request.login);
  // What cannot be the name of an account is tried as one name, and costs as much.
  const std::string name = wanted_login(request.login).value_or("");
  const PasswordOwner owner{.account = found ? found->account.id.value : number_of(name),
                            .address = request.address};
  // Every refusal costs one hash, so that its time tells nothing.
  const bool possible = is_possible(request.password);
  std::string password = possible ? request.password : request.password.substr(0, kPasswordMax);
  std::string stored = possible && found ? found->password : std::string();
  const auto verdict = co_await counted_check(context, owner, password, std::move(stored));
  if (!verdict) co_return std::unexpected(verdict.error());
  if (!found) co_return fail(FailureCode::kNoSuchAccount, "there is no account of that name");
  if (!verdict->right) co_return wrong_password();
  if (found->account.disabled_at) co_return account_disabled();
  if (verdict->outdated) {
    // Next time, where there is no time for it now.
    auto upgraded = co_await context.passwords.hash(std::move(password), owner);
    if (upgraded) found->upgraded = std::move(*upgraded);
  }
  co_return std::move(*found);
}

Task<Result<Passwords::Verdict>> check_current_password(Context& context, AccountId account,
                                                        std::string_view address,
                                                        std::string password, std::string stored) {
  if (!is_possible(password)) {
    password.resize(kPasswordMax);
    stored.clear();
  }
  co_return co_await counted_check(context, {.account = account.value, .address = address},
                                   std::move(password), std::move(stored));
}

std::unexpected<Failure> wrong_password() {
  return fail(FailureCode::kWrongPassword, "the password is wrong");
}

std::unexpected<Failure> password_in_flux() {
  return fail(FailureCode::kBusy, "the password is being changed, please try again in a moment");
}

Task<Result<Account>> Accounts::create(NewAccount account) {
  auto made = co_await create_account(context_, std::move(account));
  if (!made) co_return std::unexpected(std::move(made.error()));
  co_return std::move(made->account);
}

std::vector<FieldFault> Accounts::faults_of(NewAccount account) const {
  Faults faults;
  check_fields(context_, account, faults);
  return faults.take();
}

std::vector<FieldFault> Accounts::faults_of(AccountChanges changes) const {
  Faults faults;
  check_fields(context_, changes, faults);
  return faults.take();
}

Task<std::optional<Account>> Accounts::find(AccountId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Account>> {
    co_return co_await tx.find(kFind, account_from, id);
  };
  co_return co_await context_.database.read(body);
}

Task<std::optional<Account>> Accounts::find_by_login(std::string login) {
  auto found = co_await find_credentials(context_.database, login);
  if (!found) co_return std::nullopt;
  co_return std::move(found->account);
}

Task<Result<Account>> Accounts::update(Actor actor, AccountChanges changes) {
  Faults faults;
  check_fields(context_, changes, faults);
  if (faults.any()) co_return faults.failure();

  for (int i = 0; i < kPasswordTries; ++i) {
    std::optional<PasswordChange> password;
    if (changes.password) {
      auto proved = co_await prove(context_, actor, *changes.password);
      if (!proved) co_return std::unexpected(std::move(proved.error()));
      password = std::move(*proved);
    }
    if (!actor.may_change_identity()) co_return not_for_keys();
    auto changed = co_await change(context_, actor, changes, password);
    if (!changed) co_return std::unexpected(std::move(changed.error()));
    if (*changed) co_return std::move(**changed);
  }
  co_return password_in_flux();
}

Task<Result<std::string>> Accounts::prove_password(Actor actor, CurrentPassword current) {
  if (!actor.may_change_identity()) {
    co_return fail(FailureCode::kForbidden, "a key does not decide about its account: log in");
  }
  auto proved =
      co_await proved_hash(context_, actor.account(), std::move(current.text), current.address);
  co_return proved;
}

Task<Result<void>> Accounts::set_password(AccountId id, std::string password) {
  Faults faults;
  check_new_password(password, context_.policy.password_min, faults);
  if (faults.any()) co_return faults.failure();
  const auto hashed = co_await context_.passwords.hash(std::move(password));
  if (!hashed) co_return std::unexpected(hashed.error());
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    const auto changed = co_await tx.execute(kSetPassword, id, *hashed, now);
    if (changed == 0) co_return no_such_account();
    co_await tx.execute(kEndSessions, id, SessionId{});
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<Result<void>> Accounts::set_disabled(AccountId id, bool disabled) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    std::optional<Time> since;
    if (disabled) since = now;
    const auto changed = co_await tx.execute(kSetDisabled, id, since, now);
    if (changed == 0) co_return no_such_account();
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<Result<void>> Accounts::set_quota(AccountId id, std::optional<std::uint64_t> quota) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const Time now = context_.clock.now();
    const auto changed = co_await tx.execute(kSetQuota, id, quota, now);
    if (changed == 0) co_return no_such_account();
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<std::optional<std::uint64_t>> Accounts::space_left(AccountId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Allowance>> {
    auto allowance = co_await find_allowance(tx, id);
    co_return allowance;
  };
  const auto allowance = co_await context_.database.read(body);
  if (!allowance || !allowance->left) co_return std::nullopt;
  const std::uint64_t reserved = context_.reservations->reserved(id);
  co_return *allowance->left - std::min(reserved, *allowance->left);
}

Task<std::vector<Account>> Accounts::list(AccountId after, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::vector<Account>> {
    co_return co_await tx.all(kList, account_from, after, limit);
  };
  co_return co_await context_.database.read(body);
}

Task<bool> Accounts::any_admin() {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<AccountId>> {
    co_return co_await tx.find(kAnyAdmin, id_from<AccountId>);
  };
  const auto admin = co_await context_.database.read(body);
  co_return admin.has_value();
}

}  // namespace coffer::vault
