#include "vault/webhooks/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/webhooks/rows.h"
#include "vault/webhooks/signature.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kUrlMax = 2048;  // bytes

constexpr char kColumns[] =
    "id, account_id, url, topics, is_active, waiting, failures, succeeded_at, created_at,"
    " updated_at";
// What happened before is not told: events that the log has now, and those that are gone from it.
constexpr char kLastEvent[] = "(SELECT coalesce(max(id), 0) FROM event)";

constexpr auto kInsertText =
    sql("INSERT INTO webhook (account_id, url, topics, secret, is_active, since_event, created_at,"
        " updated_at) VALUES ($1, $2, $3, $4, 1, ",
        kLastEvent, ", $5, $5)");
constexpr db::Statement kInsert{kInsertText.data()};
constexpr db::Statement kCount{"SELECT count(*) FROM webhook WHERE account_id = $1"};
constexpr auto kListText = sql(
    "SELECT ", kColumns, " FROM webhook WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3");
constexpr db::Statement kList{kListText.data()};
constexpr auto kFindText =
    sql("SELECT ", kColumns, " FROM webhook WHERE id = $1 AND account_id = $2");
constexpr db::Statement kFind{kFindText.data()};
// $5: whether nothing is known of the receiver any more. $6: whether it is resumed.
constexpr auto kUpdateText =
    sql("UPDATE webhook SET url = $2, topics = $3, is_active = $4,"
        " is_proven = CASE WHEN $5 = 1 THEN 0 ELSE is_proven END,"
        " failures = CASE WHEN $5 = 1 THEN 0 ELSE failures END,"
        " retry_at = CASE WHEN $5 = 1 THEN 0 ELSE retry_at END,"
        " since_event = CASE WHEN $6 = 1 THEN ",
        kLastEvent, " ELSE since_event END, updated_at = $7 WHERE id = $1");
constexpr db::Statement kUpdate{kUpdateText.data()};
constexpr db::Statement kRemove{"DELETE FROM webhook WHERE id = $1"};

constexpr db::Statement kCountDeliveries{
    "SELECT count(*) FROM webhook_delivery WHERE webhook_id = $1 AND (CAST($2 AS BIGINT) IS NULL "
    "OR status = $2)"};
// The page is found in the index alone.
constexpr auto kDeliveriesText =
    sql("SELECT ", kDeliveryColumns,
        " FROM webhook_delivery AS d WHERE d.id IN (SELECT id FROM webhook_delivery"
        " WHERE webhook_id = $1 AND (CAST($2 AS BIGINT) IS NULL OR status = $2) AND id < $5"
        " ORDER BY id DESC LIMIT $3 OFFSET $4) ORDER BY d.id DESC");
constexpr db::Statement kDeliveries{kDeliveriesText.data()};
constexpr auto kFindDeliveryText =
    sql("SELECT ", kDeliveryColumns,
        " FROM webhook_delivery AS d WHERE d.id = $1 AND d.webhook_id = $2");
constexpr db::Statement kFindDelivery{kFindDeliveryText.data()};
constexpr db::Statement kRevive{
    "UPDATE webhook_delivery SET status = 0, attempts = 0, expires_at = $2, finished_at = NULL,"
    " next_at = CASE WHEN EXISTS (SELECT 1 FROM webhook_delivery AS other"
    "  WHERE other.webhook_id = webhook_delivery.webhook_id"
    "  AND other.resource_kind = webhook_delivery.resource_kind"
    "  AND other.resource_id = webhook_delivery.resource_id AND other.status = 0)"
    "  THEN NULL ELSE CAST($3 AS BIGINT) END"
    " WHERE id = $1"};
constexpr db::Statement kCountRevived{"UPDATE webhook SET waiting = waiting + 1 WHERE id = $1"};

constexpr DeliveryId kBehindAll{std::numeric_limits<std::int64_t>::max()};

Webhook webhook_from(const db::Row& row) {
  return {.id = row.id<WebhookId>(0),
          .account = row.id<AccountId>(1),
          .url = std::string(row.text(2)),
          .topics = WebhookTopics::from_bits(row.integer(3)),
          .is_active = row.boolean(4),
          .waiting = static_cast<std::uint64_t>(row.integer(5)),
          .failures = static_cast<std::uint64_t>(row.integer(6)),
          .succeeded_at = row.optional_time(7),
          .created_at = row.time(8),
          .updated_at = row.time(9)};
}

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

Cost cost_of_webhook(std::string_view url) {
  return {.charged = static_cast<std::int64_t>(kEntryCharge + url.size())};
}

std::unexpected<Failure> no_such_webhook() {
  return fail(FailureCode::kNotFound, "there is no such webhook");
}
std::unexpected<Failure> too_many_waiting() {
  return fail(FailureCode::kBusy, "too many deliveries of the webhook are waiting");
}

// The host and port of an http URL, or nothing where it is none.
std::optional<std::string_view> authority_of(std::string_view url) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(url.substr(0, scheme.size()), scheme)) continue;
    url.remove_prefix(scheme.size());
    return url.substr(0, url.find_first_of("/?"));
  }
  return std::nullopt;
}

bool is_host(std::string_view host) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  const auto is_v6 = [](char c) { return hex_digit(c) >= 0 || c == ':' || c == '.'; };
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    return std::ranges::all_of(host.substr(1, host.size() - 2), is_v6);
  }
  return !host.empty() && std::ranges::all_of(host, is_allowed);
}

bool is_port(std::string_view port) {
  const auto number = parse_unsigned(port);
  return number && *number >= 1 && *number <= 65535;
}

// Strict, so that whoever sends finds the same host in it.
void check_url(std::string_view url, Faults& faults) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\'; };
  const auto authority = authority_of(url);
  if (url.size() > kUrlMax) {
    faults.add("url", "must be at most 2048 bytes long");
  } else if (!authority || !std::ranges::all_of(url, is_plain)) {
    faults.add("url",
               "must be an http or https URL of ASCII characters, like https://example.org/");
  } else if (url.find('#') != std::string_view::npos ||
             authority->find('@') != std::string_view::npos) {
    faults.add("url", "must have no user, password or fragment");
  } else {
    const std::size_t v6_end = authority->find(']');
    const std::size_t colon = authority->find(':', v6_end == std::string_view::npos ? 0 : v6_end);
    const bool has_port = colon != std::string_view::npos;
    const bool is_port_right = !has_port || is_port(authority->substr(colon + 1));
    if (!is_host(authority->substr(0, colon)) || !is_port_right) {
      faults.add("url", "must name a host, and a port from 1 to 65535 if any");
    }
  }
}

void check_topics(WebhookTopics topics, Faults& faults) {
  if (topics.empty()) faults.add("events", "must name at least one event");
}

void check_webhook_fields(const NewWebhook& webhook, Faults& faults) {
  check_url(webhook.url, faults);
  check_topics(webhook.topics, faults);
}

void check_webhook_fields(const WebhookChanges& changes, Faults& faults) {
  if (changes.url) check_url(*changes.url, faults);
  if (changes.topics) check_topics(*changes.topics, faults);
}

}  // namespace

std::string Webhook::state_tag() const {
  const std::string numbers =
      fmt::format("{} {} {} {}", id.value, to_micros(updated_at), topics.bits(), is_active);
  return tag_of({numbers, url});
}

Task<Result<Webhooks::Created>> Webhooks::create(Actor actor, NewWebhook wanted) {
  Faults faults;
  check_webhook_fields(wanted, faults);
  if (faults.any()) co_return faults.failure();
  Bytes secret(kWebhookSecretBytes);
  context_.entropy.fill(secret);
  Webhook made{.account = actor.account(), .url = std::move(wanted.url), .topics = wanted.topics};
  made.created_at = made.updated_at = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<Result<WebhookId>> {
    const auto others = co_await tx.find(kCount, integer_from, made.account);
    if (static_cast<std::size_t>(others.value()) >= kWebhooksMax) {
      co_return fail(FailureCode::kQuotaExceeded,
                     "the account has as many webhooks as it may have: remove some");
    }
    const auto charged = co_await charge_account(tx, made.account, cost_of_webhook(made.url));
    if (!charged) co_return std::unexpected(charged.error());
    const auto id = co_await tx.insert<WebhookId>(kInsert, made.account, made.url,
                                                  made.topics.bits(), secret, made.created_at);
    co_return id.value();
  };
  const auto id = co_await context_.database.write(actor, body);
  if (!id) co_return std::unexpected(id.error());
  made.id = *id;
  co_return Created{.webhook = std::move(made), .secret = webhook_secret_text(secret)};
}

std::vector<FieldFault> Webhooks::faults_of(const NewWebhook& webhook) {
  Faults faults;
  check_webhook_fields(webhook, faults);
  return faults.take();
}

std::vector<FieldFault> Webhooks::faults_of(const WebhookChanges& changes) {
  Faults faults;
  check_webhook_fields(changes, faults);
  return faults.take();
}

Task<Page<Webhook>> Webhooks::list(AccountId account, WebhookId after, PageLimit limit) {
  const auto weigh = [](const Webhook& webhook) { return webhook.url.size(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<Webhook>> {
    co_return co_await read_page(tx, kList, limit, webhook_from, weigh, account, after,
                                 limit.to_fetch());
  };
  co_return co_await context_.database.read(body);
}

Task<Result<Webhook>> Webhooks::find(AccountId account, WebhookId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Webhook>> {
    co_return co_await tx.find(kFind, webhook_from, id, account);
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return no_such_webhook();
  co_return std::move(*found);
}

Task<Result<Webhook>> Webhooks::update(Actor actor, WebhookId id, WebhookChanges changes) {
  Faults faults;
  check_webhook_fields(changes, faults);
  if (faults.any()) co_return faults.failure();
  auto body = [&](db::Transaction& tx) -> Task<Result<Webhook>> {
    const auto before = co_await tx.find(kFind, webhook_from, id, actor.account());
    if (!before) co_return no_such_webhook();
    const auto allowed = check_precondition(changes.precondition, before->state_tag());
    if (!allowed) co_return std::unexpected(allowed.error());
    Webhook after = *before;
    if (changes.url) after.url = *changes.url;
    if (changes.topics) after.topics = *changes.topics;
    if (changes.is_active) after.is_active = *changes.is_active;
    after.updated_at = context_.clock.now();
    const Cost cost = cost_of_webhook(after.url) - cost_of_webhook(before->url);
    const auto charged = co_await charge_account(tx, actor.account(), cost);
    if (!charged) co_return std::unexpected(charged.error());
    const bool is_resumed = after.is_active && !before->is_active;
    const bool is_unknown = is_resumed || after.url != before->url;
    if (is_unknown) after.failures = 0;
    co_await tx.execute(kUpdate, id, after.url, after.topics.bits(), after.is_active, is_unknown,
                        is_resumed, after.updated_at);
    co_await refresh_due(tx, id);
    co_return after;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Webhooks::remove(Actor actor, WebhookId id, Precondition precondition) {
  // The rows of its deliveries, which may be many, are pruned later: nothing shows them any more.
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await tx.find(kFind, webhook_from, id, actor.account());
    if (!found) co_return no_such_webhook();
    const auto allowed = check_precondition(precondition, found->state_tag());
    if (!allowed) co_return std::unexpected(allowed.error());
    co_await tx.execute(kRemove, id);
    co_await give_back(tx, actor.account(), cost_of_webhook(found->url));
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<DeliveryPage>> Webhooks::deliveries(AccountId account, WebhookId id,
                                                DeliveryQuery query) {
  auto body = [&](db::Transaction& tx) -> Task<Result<DeliveryPage>> {
    const auto webhook = co_await tx.find(kFind, webhook_from, id, account);
    if (!webhook) co_return no_such_webhook();
    const auto total = co_await tx.find(kCountDeliveries, integer_from, id, query.status);
    auto rows = co_await tx.all(kDeliveries, delivery_from, id, query.status, query.limit,
                                query.offset, query.before.value_or(kBehindAll));
    co_return DeliveryPage{.deliveries = std::move(rows),
                           .total = static_cast<std::uint64_t>(total.value())};
  };
  co_return co_await context_.database.scan(account.value, body);
}

Task<Result<Delivery>> Webhooks::test(Actor actor, WebhookId id) {
  auto body = [&](db::Transaction& tx) -> Task<Result<Delivery>> {
    const auto webhook = co_await tx.find(kFind, webhook_from, id, actor.account());
    if (!webhook) co_return no_such_webhook();
    if (!webhook->is_active) {
      co_return fail(FailureCode::kConflict, "the webhook is paused: resume it first");
    }
    const Time now = context_.clock.now();
    Delivery delivery{.uuid = Uuid::make(now, context_.entropy), .webhook = id, .at = now};
    delivery.account = actor.account();
    delivery.created_at = now;
    const auto inserted = co_await insert_pending(tx, delivery, now);
    if (!inserted) co_return too_many_waiting();
    co_await refresh_due(tx, id);
    const auto made = co_await tx.find(kFindDelivery, delivery_from, *inserted, id);
    co_return made.value();
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Delivery>> Webhooks::resend(Actor actor, WebhookId id, DeliveryId delivery) {
  auto body = [&](db::Transaction& tx) -> Task<Result<Delivery>> {
    const auto webhook = co_await tx.find(kFind, webhook_from, id, actor.account());
    if (!webhook) co_return no_such_webhook();
    const auto found = co_await tx.find(kFindDelivery, delivery_from, delivery, id);
    if (!found) co_return fail(FailureCode::kNotFound, "there is no such delivery");
    if (found->status != DeliveryStatus::kDead) {
      co_return fail(FailureCode::kConflict, "only a dead delivery can be sent again");
    }
    if (webhook->waiting >= kDeliveriesWaitingMax) co_return too_many_waiting();
    const Time now = context_.clock.now();
    co_await tx.execute(kRevive, delivery, now + kAttemptsFor, now);
    co_await tx.execute(kCountRevived, id);
    co_await refresh_due(tx, id);
    const auto revived = co_await tx.find(kFindDelivery, delivery_from, delivery, id);
    co_return revived.value();
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
