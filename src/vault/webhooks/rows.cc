#include "vault/webhooks/rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kInsertPending{
    "INSERT INTO webhook_delivery (uuid, webhook_id, topic, at, account_id, entry_id, kind,"
    " status, attempts, next_at, expires_at, created_at) SELECT $2, webhook.id, $3, $4, $5, $6, $7,"
    " 0, 0, CASE WHEN EXISTS (SELECT 1 FROM webhook_delivery AS before WHERE before.webhook_id = $1"
    "  AND before.entry_id = $6 AND before.status = 0) THEN NULL ELSE CAST($9 AS BIGINT) END, $8, "
    "$9"
    " FROM webhook WHERE webhook.id = $1 AND webhook.is_active = 1 AND webhook.waiting < $10"};
constexpr db::Statement kCountWaiting{"UPDATE webhook SET waiting = waiting + 1 WHERE id = $1"};
// The first of them, unless one has its turn already.
constexpr db::Statement kAdmitNext{
    "UPDATE webhook_delivery SET next_at = $3 WHERE id ="
    " (SELECT min(id) FROM webhook_delivery WHERE webhook_id = $1 AND entry_id = $2 AND status = 0)"
    " AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE webhook_id = $1 AND entry_id = $2"
    " AND status = 0 AND next_at IS NOT NULL)"};
constexpr db::Statement kRefreshDue{
    "UPDATE webhook SET due_at = CASE WHEN is_active = 1 THEN"
    " (SELECT CASE WHEN head.next_at > webhook.retry_at THEN head.next_at"
    "  ELSE webhook.retry_at END FROM (SELECT next_at FROM webhook_delivery"
    "  WHERE webhook_id = $1 AND status = 0 AND next_at IS NOT NULL"
    "  ORDER BY next_at LIMIT 1) AS head) END WHERE id = $1"};

}  // namespace

Delivery delivery_from(const db::Row& row) {
  Delivery delivery;
  delivery.id = row.id<DeliveryId>(0);
  delivery.uuid = Uuid::from_bytes(row.bytes(1)).value();
  delivery.webhook = row.id<WebhookId>(2);
  delivery.topic = static_cast<WebhookTopic>(row.integer(3));
  delivery.at = row.time(4);
  delivery.account = row.id<AccountId>(5);
  if (!row.is_null(6)) delivery.entry = row.id<EntryId>(6);
  if (!row.is_null(7)) delivery.kind = static_cast<FileKind>(row.integer(7));
  delivery.status = static_cast<DeliveryStatus>(row.integer(8));
  delivery.attempts = static_cast<std::uint64_t>(row.integer(9));
  delivery.next_at = row.optional_time(10);
  delivery.created_at = row.time(11);
  delivery.finished_at = row.optional_time(12);
  delivery.attempted_at = row.optional_time(13);
  if (!row.is_null(14)) delivery.duration = std::chrono::milliseconds(row.integer(14));
  if (!row.is_null(15)) delivery.reply_status = static_cast<unsigned>(row.integer(15));
  delivery.reply = as_text(row.bytes(16));
  delivery.error = row.text(17);
  return delivery;
}

Task<std::optional<DeliveryId>> insert_pending(db::Transaction& transaction,
                                               const Delivery& delivery, Time expires_at) {
  const auto id = co_await transaction.insert<DeliveryId>(
      kInsertPending, delivery.webhook, delivery.uuid, delivery.topic, delivery.at,
      delivery.account, delivery.entry, delivery.kind, expires_at, delivery.created_at,
      kDeliveriesWaitingMax);
  if (id) co_await transaction.execute(kCountWaiting, delivery.webhook);
  co_return id;
}

Task<void> admit_next(db::Transaction& transaction, WebhookId webhook, std::optional<EntryId> entry,
                      Time now) {
  if (entry) co_await transaction.execute(kAdmitNext, webhook, *entry, now);
}

Task<void> refresh_due(db::Transaction& transaction, WebhookId webhook) {
  co_await transaction.execute(kRefreshDue, webhook);
}

}  // namespace coffer::vault
