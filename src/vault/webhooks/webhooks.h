// Webhooks, as their owners manage them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/model/actor.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/precondition.h"
#include "vault/webhooks/types.h"

namespace coffer::vault {

struct NewWebhook {
  // `http://` or `https://`, a host, perhaps a port, path and query; at most 2,048 bytes of ASCII.
  // No user, no fragment.
  std::string url;
  WebhookTopics topics;  // at least one
};

// What is not set stays as it is.
struct WebhookChanges {
  std::optional<std::string> url = {};
  std::optional<WebhookTopics> topics = {};
  std::optional<bool> is_active = {};
  Precondition precondition = {};  // of Webhook::state_tag()
};

struct DeliveryQuery {
  std::optional<DeliveryStatus> status = {};
  std::optional<DeliveryId> before = {};  // those made before that one
  std::uint64_t offset = 0;
  std::uint64_t limit = 20;
};

struct DeliveryPage {
  std::vector<Delivery> deliveries;  // the newest first
  std::uint64_t total = 0;           // that match the query
};

// Webhooks and deliveries of others are kNotFound. Threads: any executor's.
class Webhooks {
 public:
  explicit Webhooks(Context& context) : context_(context) {}

  struct Created {
    Webhook webhook;
    std::string secret;  // shown this once; webhook_secret_text()
  };
  // Tells of what happens from now on. kInvalid names `url` or `events`; kQuotaExceeded, also for
  // an account that has kWebhooksMax.
  Task<Result<Created>> create(Actor actor, NewWebhook webhook);
  // What create() and update() find wrong with the fields: see Accounts::faults_of().
  static std::vector<FieldFault> faults_of(const NewWebhook& webhook);
  static std::vector<FieldFault> faults_of(const WebhookChanges& changes);

  // Those with ids above `after`, in order of ids.
  Task<Page<Webhook>> list(AccountId account, WebhookId after, PageLimit limit = {});
  Task<Result<Webhook>> find(AccountId account, WebhookId id);

  // What happens while it is paused is never told; what waited then is sent when it is resumed.
  // kInvalid, kQuotaExceeded, kPreconditionFailed.
  Task<Result<Webhook>> update(Actor actor, WebhookId id, WebhookChanges changes);

  // With all of its deliveries; an attempt under way may still arrive. kPreconditionFailed, about
  // state_tag().
  Task<Result<void>> remove(Actor actor, WebhookId id, Precondition precondition = {});

  // On a thread for scans. Throws db::Busy as these do.
  Task<Result<DeliveryPage>> deliveries(AccountId account, WebhookId id, DeliveryQuery query);

  // Makes a delivery of kTest, which gets one attempt. kConflict for a paused webhook; kBusy when
  // too many wait.
  Task<Result<Delivery>> test(Actor actor, WebhookId id);

  // Makes a dead delivery pending again, with a day of attempts before it. kConflict when it is not
  // dead; kBusy when too many wait.
  Task<Result<Delivery>> resend(Actor actor, WebhookId id, DeliveryId delivery);

 private:
  Context& context_;
};

}  // namespace coffer::vault
