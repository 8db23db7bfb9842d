// Rows of webhooks and deliveries, for the two sides of them.
//
// Of the pending deliveries of one webhook about one resource, exactly one has a `next_at`: the
// others come after it. `due_at` of a webhook is when something is to be sent: the first `next_at`,
// or `retry_at` where that is later; null while it is paused and when nothing waits. `waiting`
// counts its pending deliveries.
#pragma once

#include <optional>

#include "base/task.h"
#include "db/transaction.h"
#include "vault/webhooks/types.h"

namespace coffer::vault {

inline constexpr char kDeliveryColumns[] =
    "d.id, d.uuid, d.webhook_id, d.topic, d.at, d.account_id, d.resource_kind, d.resource_id,"
    " d.kind, d.status, d.attempts, d.next_at, d.created_at, d.finished_at, d.attempted_at, "
    "d.duration_ms,"
    " d.reply_status, d.reply, d.error";
inline constexpr int kDeliveryWidth = 19;
// Of a SELECT that begins with kDeliveryColumns.
Delivery delivery_from(const db::Row& row);
// Of two columns, resource_kind and resource_id, that begin with `column`.
std::optional<WebhookResource> resource_from(const db::Row& row, int column);

// The two columns' values; null where it is about nothing.
struct ResourceColumns {
  std::optional<WebhookResource::Kind> kind = {};
  std::optional<std::int64_t> id = {};
};
ResourceColumns columns_of(const std::optional<WebhookResource>& resource) noexcept;

// How long attempts go on after a delivery was made.
inline constexpr std::chrono::hours kAttemptsFor{24};

// Inserts it as it stands and gives its number, where its webhook is active and has less than
// kDeliveriesWaitingMax waiting, and counts it there. `next_at` is chosen here. refresh_due() is
// still to be called.
Task<std::optional<DeliveryId>> insert_pending(db::Transaction& transaction,
                                               const Delivery& delivery, Time expires_at);

// Lets the next delivery about `resource` follow, after one of them is pending no more.
Task<void> admit_next(db::Transaction& transaction, WebhookId webhook,
                      std::optional<WebhookResource> resource, Time now);

Task<void> refresh_due(db::Transaction& transaction, WebhookId webhook);

}  // namespace coffer::vault
