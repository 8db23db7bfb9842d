#include "vault/tree/buckets.h"

#include <algorithm>
#include <utility>

#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/spaces.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kMinName = 3;
constexpr std::size_t kMaxName = 63;

constexpr char kColumns[] = "id, owner_id, name, created_at";
// The kind and the missing moment are spelled out: they let the index of names answer.
constexpr char kLive[] = " FROM space WHERE kind = 3 AND removed_at IS NULL";

constexpr db::Statement kInsert{
    "INSERT INTO space (owner_id, kind, created_at, name) VALUES ($1, 3, $2, $3)"
    " ON CONFLICT DO NOTHING"};
constexpr auto kFindText = sql("SELECT ", kColumns, kLive, " AND name = $1 AND owner_id = $2");
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kFindByIdText = sql("SELECT ", kColumns, kLive, " AND id = $1");
constexpr db::Statement kFindById{kFindByIdText.data()};
constexpr auto kListText =
    sql("SELECT ", kColumns, kLive, " AND owner_id = $1 AND name > $2 ORDER BY name LIMIT $3");
constexpr db::Statement kList{kListText.data()};

Bucket bucket_from(const db::Row& row) {
  return {.id = row.id<SpaceId>(0),
          .owner = row.id<AccountId>(1),
          .name = std::string(row.text(2)),
          .created_at = row.time(3)};
}

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Four numbers between dots: some take such a name for an address.
bool is_address(std::string_view name) noexcept {
  return std::ranges::count(name, '.') == 3 &&
         name.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::unexpected<Failure> no_such_bucket() {
  return fail(FailureCode::kNotFound, "there is no such bucket");
}

}  // namespace

bool is_bucket_name(std::string_view name) noexcept {
  if (name.size() < kMinName || name.size() > kMaxName) return false;
  const bool plain = std::ranges::all_of(
      name, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
  return plain && is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
         name.find("..") == std::string_view::npos && !is_address(name);
}

Task<Result<Bucket>> Buckets::create(Actor actor, std::string name) {
  const AccountId owner = actor.account();
  if (!is_bucket_name(name)) {
    co_return invalid("name", "must be 3 to 63 of a–z, 0–9, '.' and '-'");
  }
  Bucket bucket{.id = {}, .owner = owner, .name = std::move(name), .created_at = {}};
  bucket.created_at = context_.clock.now();
  const Cost cost = cost_of_space(bucket.name);
  auto body = [&](db::Transaction& tx) -> Task<Result<SpaceId>> {
    const auto id = co_await tx.insert<SpaceId>(kInsert, owner, bucket.created_at, bucket.name);
    if (!id) co_return taken("name", "is the name of a bucket already");
    const auto charged = co_await charge(tx, owner, *id, cost);
    if (!charged) co_return std::unexpected(charged.error());
    co_return *id;
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  bucket.id = *id;
  co_return bucket;
}

Task<Result<Bucket>> Buckets::find(AccountId owner, std::string name) {
  if (!is_bucket_name(name)) co_return no_such_bucket();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Bucket>> {
    co_return co_await tx.find(kFind, bucket_from, name, owner);
  };
  auto bucket = co_await context_.database.read(body);
  if (!bucket) co_return no_such_bucket();
  co_return std::move(*bucket);
}

Task<Result<Bucket>> Buckets::find(SpaceId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Bucket>> {
    co_return co_await tx.find(kFindById, bucket_from, id);
  };
  auto bucket = co_await context_.database.read(body);
  if (!bucket) co_return no_such_bucket();
  co_return std::move(*bucket);
}

Task<Page<Bucket>> Buckets::list(AccountId owner, std::string after, PageLimit limit) {
  const auto weigh = [](const Bucket& bucket) { return bucket.name.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<Bucket>> {
    co_return co_await read_page(tx, kList, limit, bucket_from, weigh, owner, after,
                                 limit.to_fetch());
  };
  co_return co_await context_.database.read(body);
}

Task<Result<void>> Buckets::remove(Actor actor, std::string name) {
  if (!is_bucket_name(name)) co_return no_such_bucket();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto bucket = co_await tx.find(kFind, bucket_from, name, actor.account());
    if (!bucket) co_return no_such_bucket();
    co_await remove_space(tx, bucket->id, bucket->owner, bucket->name, context_.clock.now());
    co_await remove_contents(tx, bucket->id, actor.account());
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

}  // namespace coffer::vault
