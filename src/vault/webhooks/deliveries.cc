#include "vault/webhooks/deliveries.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "vault/model/sql.h"
#include "vault/webhooks/rows.h"

namespace coffer::vault {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::chrono::seconds kFirstDelay{5};
constexpr unsigned kGrowth = 3;
constexpr std::chrono::hours kDelayMax{4};
constexpr std::chrono::minutes kRestMax{10};  // of a webhook
constexpr std::chrono::hours kRetryAfterMax{1};
// A webhook that succeeds after so many failures was down: what it failed is due at once.
constexpr std::int64_t kOutage = 3;
// What one transaction makes; others write meanwhile.
constexpr std::uint64_t kEnqueueMax = 200;

constexpr db::Statement kMatching{
    "SELECT id FROM webhook WHERE account_id = $1 AND is_active = 1 AND (topics & $2) <> 0"
    " AND since_event < $3"};
constexpr db::Statement kMatchingAdmins{
    "SELECT w.id FROM webhook AS w JOIN account AS a ON a.id = w.account_id"
    " WHERE (w.topics & 8) <> 0 AND w.is_active = 1 AND w.since_event < $1 AND a.is_admin = 1"};
constexpr db::Statement kAnyWebhook{"SELECT id FROM webhook LIMIT 1"};
constexpr db::Statement kLastEvent{"SELECT coalesce(max(id), 0) FROM event"};
constexpr db::Statement kInsertDead{
    "INSERT INTO webhook_delivery (uuid, webhook_id, topic, at, account_id, resource_kind,"
    " resource_id, kind, status, attempts, expires_at, created_at, finished_at, error)"
    " SELECT $2, webhook.id, $3, $4, $5, $6, $7, $8, 2, 0, $9, $9, $9, $10"
    " FROM webhook WHERE webhook.id = $1 AND webhook.is_active = 1"};

constexpr db::Statement kDue{
    "SELECT w.id, w.account_id FROM webhook AS w JOIN account AS a ON a.id = w.account_id"
    " WHERE w.is_proven = $1 AND w.due_at IS NOT NULL AND w.due_at <= $2 AND a.disabled_at IS NULL"
    " ORDER BY w.due_at LIMIT $3"};
constexpr auto kLeaseText =
    sql("SELECT ", kDeliveryColumns,
        ", w.account_id, w.url, w.secret FROM webhook_delivery AS d"
        " JOIN webhook AS w ON w.id = d.webhook_id WHERE d.webhook_id = $1 AND d.status = 0"
        " AND d.next_at IS NOT NULL AND d.next_at <= $2 AND w.is_active = 1 AND w.retry_at <= $2"
        " ORDER BY d.next_at, d.id LIMIT $3");
constexpr db::Statement kLease{kLeaseText.data()};
constexpr db::Statement kMarkLeased{
    "UPDATE webhook_delivery SET next_at = $2, lease = $3 WHERE id = $1"};
constexpr db::Statement kRelease{
    "UPDATE webhook_delivery SET next_at = $3, lease = NULL"
    " WHERE id = $1 AND status = 0 AND lease = $2"};

constexpr db::Statement kFindLeased{
    "SELECT d.resource_kind, d.resource_id, d.attempts, d.expires_at, w.failures, w.retry_at"
    " FROM webhook_delivery AS d LEFT JOIN webhook AS w ON w.id = d.webhook_id"
    " WHERE d.id = $1 AND d.status = 0 AND d.lease = $2"};
constexpr db::Statement kWriteAttempt{
    "UPDATE webhook_delivery SET attempts = attempts + 1, lease = NULL, status = $2, next_at = $3,"
    " finished_at = $4, attempted_at = $5, duration_ms = $6, reply_status = $7, reply = $8,"
    " error = $9 WHERE id = $1"};
constexpr db::Statement kNoteSuccess{
    "UPDATE webhook SET waiting = waiting - 1, is_proven = 1, failures = 0, retry_at = 0,"
    " succeeded_at = $2 WHERE id = $1"};
constexpr db::Statement kNoteFailure{
    "UPDATE webhook SET waiting = waiting - $2, is_proven = 0, failures = $3, retry_at = $4,"
    " is_active = CASE WHEN $5 = 1 THEN 0 ELSE is_active END WHERE id = $1"};
constexpr db::Statement kMakeDue{
    "UPDATE webhook_delivery SET next_at = $2 WHERE webhook_id = $1 AND status = 0"
    " AND next_at > $2 AND lease IS NULL"};

constexpr db::Statement kNextWebhook{
    "SELECT min(webhook_id) FROM webhook_delivery WHERE webhook_id > $1"};
constexpr db::Statement kFailures{"SELECT failures FROM webhook WHERE id = $1"};
constexpr db::Statement kAnyOf{
    "SELECT id, status FROM webhook_delivery WHERE webhook_id = $1 LIMIT $2"};
constexpr db::Statement kBeyond{
    "SELECT id, status FROM webhook_delivery WHERE webhook_id = $1 AND status = $2 AND id <"
    " (SELECT id FROM webhook_delivery WHERE webhook_id = $1 AND status = $2 ORDER BY id DESC"
    "  LIMIT 1 OFFSET $3) ORDER BY id LIMIT $4"};
// Looks at the oldest only.
constexpr db::Statement kAged{
    "SELECT id, status FROM (SELECT id, status, finished_at FROM webhook_delivery"
    " WHERE webhook_id = $1 AND status = $2 ORDER BY id LIMIT $4) AS oldest"
    " WHERE finished_at < $3"};
constexpr db::Statement kRemove{"DELETE FROM webhook_delivery WHERE id = $1 AND status = $2"};
constexpr db::Statement kExpired{
    "SELECT id, resource_kind, resource_id FROM webhook_delivery"
    " WHERE webhook_id = $1 AND status = 0"
    " AND expires_at < $2 AND (lease IS NULL OR next_at <= $2) ORDER BY id LIMIT $3"};
constexpr db::Statement kExpire{
    "UPDATE webhook_delivery SET status = 2, next_at = NULL, lease = NULL, finished_at = $2,"
    " error = CASE WHEN error = '' THEN $3 ELSE error END"
    " WHERE id = $1 AND status = 0 AND (lease IS NULL OR next_at <= $2)"};
constexpr db::Statement kLessWaiting{"UPDATE webhook SET waiting = waiting - 1 WHERE id = $1"};
constexpr db::Statement kWaiting{"SELECT coalesce(sum(waiting), 0) FROM webhook WHERE waiting > 0"};

// How many finished ones a webhook keeps.
struct Kept {
  DeliveryStatus status;
  std::uint64_t count;
};
constexpr std::array kKept{Kept{DeliveryStatus::kDelivered, 1'000},
                           Kept{DeliveryStatus::kDead, kDeliveriesWaitingMax}};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }
WebhookId webhook_id_from(const db::Row& row) { return row.id<WebhookId>(0); }

std::optional<WebhookTopic> topic_of(const Event& event) {
  // A folder is no file; what lies in one that is removed has events of its own.
  const bool is_file = event.owner && event.kind && *event.kind != FileKind::kFolder;
  switch (event.type) {
    case EventType::kAccountRegistered: return WebhookTopic::kAccountRegistered;
    case EventType::kCollectionCreated: return WebhookTopic::kCollectionCreated;
    case EventType::kCollectionUpdated: return WebhookTopic::kCollectionUpdated;
    case EventType::kCollectionDeleted: return WebhookTopic::kCollectionDeleted;
    case EventType::kEntryCreated:
      if (is_file) return WebhookTopic::kEntryCreated;
      break;
    case EventType::kEntryUpdated:
      if (is_file) return WebhookTopic::kEntryUpdated;
      break;
    case EventType::kEntryDeleted:
      if (is_file) return WebhookTopic::kEntryDeleted;
      break;
    case EventType::kEntryRestored:
      if (is_file) return WebhookTopic::kEntryRestored;
      break;
    case EventType::kEntryPurged:
      if (is_file) return WebhookTopic::kEntryPurged;
      break;
  }
  return std::nullopt;
}

std::optional<WebhookResource> resource_of(const Event& event) {
  if (event.entry) return WebhookResource::of(*event.entry);
  if (event.collection) return WebhookResource::of(*event.collection);
  return std::nullopt;
}

Task<std::vector<WebhookId>> webhooks_for(db::Transaction& tx, const Event& event) {
  const auto topic = topic_of(event);
  if (!topic) co_return std::vector<WebhookId>();
  if (*topic == WebhookTopic::kAccountRegistered) {
    co_return co_await tx.all(kMatchingAdmins, webhook_id_from, event.id);
  }
  const std::int64_t bits = WebhookTopics{*topic}.bits();
  co_return co_await tx.all(kMatching, webhook_id_from, *event.owner, bits, event.id);
}

LeasedDelivery leased_from(const db::Row& row) {
  const ByteView secret = row.bytes(kDeliveryWidth + 2);
  return {.delivery = delivery_from(row),
          .owner = row.id<AccountId>(kDeliveryWidth),
          .url = std::string(row.text(kDeliveryWidth + 1)),
          .secret = Bytes(secret.begin(), secret.end())};
}

std::int64_t random_lease(Entropy& entropy) {
  std::array<std::byte, 8> bytes{};
  entropy.fill(bytes);
  std::uint64_t number = 0;
  for (const std::byte byte : bytes) number = (number << 8U) | std::to_integer<std::uint64_t>(byte);
  return static_cast<std::int64_t>(number >> 1U);
}

struct Row {
  DeliveryId id;
  DeliveryStatus status;
};
Row row_from(const db::Row& row) {
  return {.id = row.id<DeliveryId>(0), .status = static_cast<DeliveryStatus>(row.integer(1))};
}

struct Expired {
  DeliveryId id;
  std::optional<WebhookResource> resource;
};
Expired expired_from(const db::Row& row) {
  return {.id = row.id<DeliveryId>(0), .resource = resource_from(row, 1)};
}

// What may be removed of the webhook.
Task<std::vector<Row>> removable(db::Transaction& tx, WebhookId webhook, bool is_removed,
                                 Time before, std::size_t limit) {
  if (is_removed) co_return co_await tx.all(kAnyOf, row_from, webhook, limit);
  std::vector<Row> found;
  for (const Kept& kept : kKept) {
    auto beyond = co_await tx.all(kBeyond, row_from, webhook, kept.status, kept.count - 1, limit);
    auto aged = co_await tx.all(kAged, row_from, webhook, kept.status, before, limit);
    found.insert(found.end(), beyond.begin(), beyond.end());
    found.insert(found.end(), aged.begin(), aged.end());
  }
  if (found.size() > limit) found.resize(limit);
  co_return found;
}

}  // namespace

struct DeliveryQueue::LeaseRow {
  std::optional<WebhookResource> resource;
  std::uint64_t attempts = 0;
  Time expires_at;
  std::int64_t failures = 0;  // of the webhook; 0 where it is gone
  Time rests_until;

  static LeaseRow from(const db::Row& row) {
    LeaseRow lease;
    lease.resource = resource_from(row, 0);
    lease.attempts = static_cast<std::uint64_t>(row.integer(2));
    lease.expires_at = row.time(3);
    lease.failures = row.integer(4);
    lease.rests_until = row.time(5);
    return lease;
  }
};

DeliveryQueue::DeliveryQueue(Context& context)
    : context_(context), lease_(random_lease(context.entropy)) {}

Task<bool> DeliveryQueue::pass_over(const std::string& reader, EventId from) {
  struct Look {
    bool is_heard = false;
    EventId last;
  };
  const auto look = [](db::Transaction& tx) -> Task<Look> {
    const auto last_from = [](const db::Row& row) { return row.id<EventId>(0); };
    Look now;
    now.is_heard = (co_await tx.find(kAnyWebhook, webhook_id_from)).has_value();
    now.last = (co_await tx.find(kLastEvent, last_from)).value_or(EventId{});
    co_return now;
  };
  const Look before = co_await context_.database.read(look);
  if (before.is_heard || before.last <= from) co_return !before.is_heard;
  // One that was registered meanwhile is to be told of what came since.
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    const Look now = co_await look(tx);
    if (!now.is_heard) co_await move_reader(tx, reader, from, now.last);
    co_return !now.is_heard;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<DeliveryQueue::Enqueued> DeliveryQueue::enqueue(const std::string& reader, EventId from,
                                                     const std::vector<Event>& events) {
  struct Match {
    const Event* event;
    WebhookId webhook;
  };
  struct Matches {
    std::vector<Match> items;
    EventId last;
  };
  auto look = [&](db::Transaction& tx) -> Task<Matches> {
    Matches matches;
    for (const Event& event : events) {
      if (matches.items.size() >= kEnqueueMax) break;
      const auto found = co_await webhooks_for(tx, event);
      for (const WebhookId webhook : found) matches.items.push_back({&event, webhook});
      matches.last = event.id;
    }
    co_return matches;
  };
  const Matches matches = co_await context_.database.read(look);
  auto body = [&](db::Transaction& tx) -> Task<Enqueued> {
    const bool is_ours = co_await move_reader(tx, reader, from, matches.last);
    if (!is_ours) co_return Enqueued{};
    Enqueued done{.last = matches.last};
    const Time now = context_.clock.now();
    std::set<WebhookId> touched;
    for (const auto& [event, webhook] : matches.items) {
      const bool is_account = event->type == EventType::kAccountRegistered;
      Delivery delivery{.uuid = Uuid::make(now, context_.entropy),
                        .webhook = webhook,
                        .topic = topic_of(*event).value(),
                        .at = event->at,
                        .account = is_account ? event->account : event->owner.value(),
                        .resource = resource_of(*event),
                        .kind = event->kind};
      delivery.created_at = now;
      const auto id = co_await insert_pending(tx, delivery, now + kAttemptsFor);
      if (id) {
        touched.insert(webhook);
        ++done.made;
        continue;
      }
      // Too many wait, or it was paused or removed since.
      const auto [resource_kind, resource_id] = columns_of(delivery.resource);
      const auto dead = co_await tx.execute(
          kInsertDead, webhook, delivery.uuid, delivery.topic, delivery.at, delivery.account,
          resource_kind, resource_id, delivery.kind, now, "too many deliveries were waiting");
      done.made += dead;
      done.dead += dead;
    }
    for (const WebhookId webhook : touched) co_await refresh_due(tx, webhook);
    co_return done;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<std::vector<DueWebhook>> DeliveryQueue::due(bool proven, std::size_t limit) {
  const auto due_from = [](const db::Row& row) {
    return DueWebhook{.id = row.id<WebhookId>(0), .account = row.id<AccountId>(1)};
  };
  auto body = [&](db::Transaction& tx) -> Task<std::vector<DueWebhook>> {
    co_return co_await tx.all(kDue, due_from, proven, context_.clock.now(), limit);
  };
  co_return co_await context_.database.read(body);
}

Task<std::vector<LeasedDelivery>> DeliveryQueue::lease(const std::vector<DeliveryClaim>& claims,
                                                       std::chrono::milliseconds lease) {
  auto body = [&](db::Transaction& tx) -> Task<std::vector<LeasedDelivery>> {
    std::vector<LeasedDelivery> all;
    const Time now = context_.clock.now();
    for (const DeliveryClaim& claim : claims) {
      auto leased = co_await tx.all(kLease, leased_from, claim.webhook, now, claim.count);
      for (LeasedDelivery& one : leased) {
        co_await tx.execute(kMarkLeased, one.delivery.id, now + lease, lease_);
        all.push_back(std::move(one));
      }
      co_await refresh_due(tx, claim.webhook);
    }
    co_return all;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

// Whether it is dead now; nothing where it was no longer leased.
Task<std::optional<bool>> DeliveryQueue::finish_one(db::Transaction& tx,
                                                    const DeliveryAttempt& attempt, Time now) {
  using Result = DeliveryAttempt::Result;
  const auto row = co_await tx.find(kFindLeased, LeaseRow::from, attempt.delivery, lease_);
  if (!row) co_return std::nullopt;
  auto status = DeliveryStatus::kDelivered;
  std::optional<Time> next_at;
  std::optional<Time> finished_at = now;
  if (attempt.result != Result::kDelivered) {
    next_at = after_delay(now, row->attempts + 1);
    if (attempt.retry_after) {
      const auto wait = std::min<std::chrono::seconds>(*attempt.retry_after, kRetryAfterMax);
      next_at = std::max(*next_at, now + wait);
    }
    status = *next_at > row->expires_at ? DeliveryStatus::kDead : DeliveryStatus::kPending;
    if (status == DeliveryStatus::kDead) next_at = std::nullopt;
    if (status == DeliveryStatus::kPending) finished_at = std::nullopt;
  }
  co_await tx.execute(kWriteAttempt, attempt.delivery, status, next_at, finished_at, attempt.began,
                      attempt.duration.count(), attempt.reply_status, as_bytes(attempt.reply),
                      attempt.error);
  if (status == DeliveryStatus::kDelivered) {
    co_await tx.execute(kNoteSuccess, attempt.webhook, now);
    if (row->failures >= kOutage) co_await tx.execute(kMakeDue, attempt.webhook, now);
  } else {
    // Those that were under way together fail together, and count once.
    const bool is_new = attempt.began >= row->rests_until;
    const std::int64_t failures = row->failures + (is_new ? 1 : 0);
    Time rests_until = row->rests_until;
    if (is_new) {
      rests_until = std::min(after_delay(now, static_cast<std::uint64_t>(failures)),
                             now + duration_cast<microseconds>(kRestMax));
      // As the receiver asked for, but never for so long that it might as well be down.
      if (attempt.retry_after) {
        const auto wait = std::min<std::chrono::seconds>(*attempt.retry_after, kRestMax);
        rests_until = std::max(rests_until, now + wait);
      }
    }
    const bool is_dead = status == DeliveryStatus::kDead;
    co_await tx.execute(kNoteFailure, attempt.webhook, is_dead, failures, rests_until,
                        attempt.result == Result::kGone);
  }
  if (status != DeliveryStatus::kPending) {
    co_await admit_next(tx, attempt.webhook, row->resource, now);
  }
  co_return status == DeliveryStatus::kDead;
}

Task<DeliveryQueue::Finished> DeliveryQueue::finish(const std::vector<DeliveryAttempt>& attempts) {
  auto body = [&](db::Transaction& tx) -> Task<Finished> {
    Finished all;
    std::set<WebhookId> touched;
    const Time now = context_.clock.now();
    for (const DeliveryAttempt& attempt : attempts) {
      const auto dead = co_await finish_one(tx, attempt, now);
      if (!dead) continue;
      touched.insert(attempt.webhook);
      ++(attempt.result == DeliveryAttempt::Result::kDelivered ? all.delivered : all.failed);
      if (*dead) ++all.dead;
    }
    for (const WebhookId webhook : touched) co_await refresh_due(tx, webhook);
    co_return all;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<void> DeliveryQueue::release(const std::vector<LeasedDelivery>& leased) {
  auto body = [&](db::Transaction& tx) -> Task<void> {
    const Time now = context_.clock.now();
    for (const LeasedDelivery& one : leased) {
      co_await tx.execute(kRelease, one.delivery.id, lease_, now);
      co_await refresh_due(tx, one.delivery.webhook);
    }
  };
  co_await context_.database.write(Actor::System{}, body);
}

Task<DeliveryQueue::Pruned> DeliveryQueue::prune(WebhookId after, Time before, std::size_t limit) {
  struct Found {
    std::optional<WebhookId> webhook;
    std::vector<Row> rows;
    std::vector<Expired> expired;
  };
  const Time now = context_.clock.now();
  auto look = [&](db::Transaction& tx) -> Task<Found> {
    Found found;
    const auto lowest = co_await tx.find(kNextWebhook, webhook_id_from, after);
    if (!lowest || lowest->value == 0) co_return found;
    found.webhook = *lowest;
    const auto failures = co_await tx.find(kFailures, integer_from, *lowest);
    found.rows = co_await removable(tx, *lowest, !failures.has_value(), before, limit);
    if (failures.value_or(0) > 0) {
      found.expired = co_await tx.all(kExpired, expired_from, *lowest, now, limit);
    }
    co_return found;
  };
  const Found found = co_await context_.database.read(look);
  if (!found.webhook) co_return Pruned{};
  Pruned pruned{.webhook = found.webhook,
                .more = found.rows.size() >= limit || found.expired.size() >= limit};
  if (found.rows.empty() && found.expired.empty()) co_return pruned;
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    std::uint64_t dead = 0;
    for (const Row& row : found.rows) co_await tx.execute(kRemove, row.id, row.status);
    for (const Expired& one : found.expired) {
      const auto ended = co_await tx.execute(
          kExpire, one.id, now, "the receiver failed for as long as attempts are made");
      if (ended == 0) continue;
      ++dead;
      co_await tx.execute(kLessWaiting, *found.webhook);
      co_await admit_next(tx, *found.webhook, one.resource, now);
    }
    if (dead > 0) co_await refresh_due(tx, *found.webhook);
    co_return dead;
  };
  pruned.dead = co_await context_.database.write(Actor::System{}, body);
  co_return pruned;
}

Task<std::uint64_t> DeliveryQueue::waiting() {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<std::int64_t>> {
    co_return co_await tx.find(kWaiting, integer_from);
  };
  const auto sum = co_await context_.database.scan(body);
  co_return static_cast<std::uint64_t>(sum.value_or(0));
}

Time DeliveryQueue::after_delay(Time now, std::uint64_t failures) const {
  microseconds delay = kFirstDelay;
  for (std::uint64_t i = 1; i < failures && delay < kDelayMax; ++i) delay *= kGrowth;
  delay = std::min<microseconds>(delay, kDelayMax);
  // 80 to 120 % of it, so that those that failed together do not come back together.
  std::array<std::byte, 2> bytes{};
  context_.entropy.fill(bytes);
  const auto draw = static_cast<std::int64_t>(std::to_integer<unsigned>(bytes[0]) * 256U +
                                              std::to_integer<unsigned>(bytes[1]));
  return now + delay * 4 / 5 + delay * 2 * draw / (5 * 65536);
}

}  // namespace coffer::vault
