#include "vault/webhooks/rows.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kInsertPending{
    "INSERT INTO webhook_delivery (uuid, webhook_id, topic, at, account_id, resource_kind,"
    " resource_id, kind, status, attempts, next_at, expires_at, created_at)"
    " SELECT $2, webhook.id, $3, $4, $5, $6, $7, $8, 0, 0,"
    " CASE WHEN EXISTS (SELECT 1 FROM webhook_delivery AS before WHERE before.webhook_id = $1"
    "  AND before.resource_kind = $6 AND before.resource_id = $7 AND before.status = 0)"
    "  THEN NULL ELSE CAST($10 AS BIGINT) END, $9, $10"
    " FROM webhook WHERE webhook.id = $1 AND webhook.is_active = 1 AND webhook.waiting < $11"};
constexpr db::Statement kCountWaiting{"UPDATE webhook SET waiting = waiting + 1 WHERE id = $1"};
// The first of them, unless one has its turn already.
constexpr db::Statement kAdmitNext{
    "UPDATE webhook_delivery SET next_at = $4 WHERE id ="
    " (SELECT min(id) FROM webhook_delivery WHERE webhook_id = $1 AND resource_kind = $2"
    "  AND resource_id = $3 AND status = 0)"
    " AND NOT EXISTS (SELECT 1 FROM webhook_delivery WHERE webhook_id = $1 AND resource_kind = $2"
    "  AND resource_id = $3 AND status = 0 AND next_at IS NOT NULL)"};
constexpr db::Statement kRefreshDue{
    "UPDATE webhook SET due_at = CASE WHEN is_active = 1 THEN"
    " (SELECT CASE WHEN head.next_at > webhook.retry_at THEN head.next_at"
    "  ELSE webhook.retry_at END FROM (SELECT next_at FROM webhook_delivery"
    "  WHERE webhook_id = $1 AND status = 0 AND next_at IS NOT NULL"
    "  ORDER BY next_at LIMIT 1) AS head) END WHERE id = $1"};

}  // namespace

std::optional<WebhookResource> resource_from(const db::Row& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return WebhookResource{static_cast<WebhookResource::Kind>(row.integer(column)),
                         row.integer(column + 1)};
}

ResourceColumns columns_of(const std::optional<WebhookResource>& resource) noexcept {
  if (!resource) return {};
  return {resource->kind, resource->id};
}

Delivery delivery_from(const db::Row& row) {
  Delivery delivery;
  delivery.id = row.id<DeliveryId>(0);
  delivery.uuid = Uuid::from_bytes(row.bytes(1)).value();
  delivery.webhook = row.id<WebhookId>(2);
  delivery.topic = static_cast<WebhookTopic>(row.integer(3));
  delivery.at = row.time(4);
  delivery.account = row.id<AccountId>(5);
  delivery.resource = resource_from(row, 6);
  if (!row.is_null(8)) delivery.kind = static_cast<FileKind>(row.integer(8));
  delivery.status = static_cast<DeliveryStatus>(row.integer(9));
  delivery.attempts = static_cast<std::uint64_t>(row.integer(10));
  delivery.next_at = row.optional_time(11);
  delivery.created_at = row.time(12);
  delivery.finished_at = row.optional_time(13);
  delivery.attempted_at = row.optional_time(14);
  if (!row.is_null(15)) delivery.duration = std::chrono::milliseconds(row.integer(15));
  if (!row.is_null(16)) delivery.reply_status = static_cast<unsigned>(row.integer(16));
  delivery.reply = as_text(row.bytes(17));
  delivery.error = row.text(18);
  return delivery;
}

Task<std::optional<DeliveryId>> insert_pending(db::Transaction& transaction,
                                               const Delivery& delivery, Time expires_at) {
  const auto [resource_kind, resource_id] = columns_of(delivery.resource);
  const auto id = co_await transaction.insert<DeliveryId>(
      kInsertPending, delivery.webhook, delivery.uuid, delivery.topic, delivery.at,
      delivery.account, resource_kind, resource_id, delivery.kind, expires_at, delivery.created_at,
      kDeliveriesWaitingMax);
  if (id) co_await transaction.execute(kCountWaiting, delivery.webhook);
  co_return id;
}

Task<void> admit_next(db::Transaction& transaction, WebhookId webhook,
                      std::optional<WebhookResource> resource, Time now) {
  if (!resource) co_return;
  co_await transaction.execute(kAdmitNext, webhook, resource->kind, resource->id, now);
}

Task<void> refresh_due(db::Transaction& transaction, WebhookId webhook) {
  co_await transaction.execute(kRefreshDue, webhook);
}

}  // namespace coffer::vault
