#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kWebhooks[] = "Webhooks";

std::vector<Parameter> delivery_parameters() {
  std::vector<Parameter> parameters = page_parameters();
  parameters.push_back(webhook_id_parameter());
  parameters.push_back(query("status", "", one_of({"pending", "delivered", "dead"})));
  return parameters;
}

}  // namespace

Operations describe_webhooks() {
  const Schema events = list(ref("EventName"));
  return {
      {.routes = {"POST /webhooks"},
       .id = "create_webhook",
       .tag = kWebhooks,
       .summary = "Register a webhook",
       .about = "Requests are signed as [Standard Webhooks](https://www.standardwebhooks.com) has "
                "it, and come at least once.",
       .body = {json_content(
           object({{"url", text(1, 2048)}, {"events", events}}),
           {{"url", "https://example.org/hook"}, {"events", {"media.uploaded", "media.deleted"}}})},
       .answers = {tagged_by_settings(
           answer("The webhook; its secret is shown this once", ref("NewWebhook"), 201))},
       .errors = {{403}, {409, "The account has as many as it may"}, {415}}},
      {.routes = {"GET /webhooks"},
       .id = "list_webhooks",
       .tag = kWebhooks,
       .summary = "List the webhooks",
       .parameters = short_list_parameters(),
       .answers = {page_answer("The webhooks, the oldest first", ref("Webhook"))}},
      {.routes = {"GET /webhooks/{id}"},
       .id = "show_webhook",
       .tag = kWebhooks,
       .summary = "One webhook",
       .parameters = {webhook_id_parameter()},
       .answers = {tagged_by_settings(answer("The webhook", ref("Webhook")))}},
      {.routes = {"PATCH /webhooks/{id}"},
       .id = "update_webhook",
       .tag = kWebhooks,
       .summary = "Change or pause a webhook",
       .parameters = {webhook_id_parameter(), if_match_parameter()},
       .body = {json_content(
           changes({{"url", text(1, 2048)}, {"events", events}, {"active", boolean()}}),
           {{"active", false}})},
       .answers = {tagged_by_settings(answer("The webhook", ref("Webhook")))},
       .errors = {{415}}},
      {.routes = {"DELETE /webhooks/{id}"},
       .id = "delete_webhook",
       .tag = kWebhooks,
       .summary = "Delete a webhook",
       .parameters = {webhook_id_parameter(), if_match_parameter()},
       .answers = {deleted_answer()}},
      {.routes = {"POST /webhooks/{id}/test"},
       .id = "test_webhook",
       .tag = kWebhooks,
       .summary = "Send it a test",
       .parameters = {webhook_id_parameter()},
       .answers = {answer("The delivery that is to be", ref("Delivery"), 202)},
       .errors = {{409}}},
      {.routes = {"GET /webhooks/{id}/deliveries"},
       .id = "list_deliveries",
       .tag = kWebhooks,
       .summary = "List what was sent, and what is to be",
       .parameters = delivery_parameters(),
       .answers = {page_answer("A page of deliveries, the newest first", ref("Delivery"))}},
      {.routes = {"POST /webhooks/{id}/deliveries/{delivery}/resend"},
       .id = "resend_delivery",
       .tag = kWebhooks,
       .summary = "Send a delivery again",
       .parameters = {webhook_id_parameter(), in_path("delivery", "Its id", text(), "delivery_9")},
       .answers = {answer("The delivery that is to be", ref("Delivery"), 202)},
       .errors = {{409}}},
  };
}

}  // namespace coffer::apis::mediavault
