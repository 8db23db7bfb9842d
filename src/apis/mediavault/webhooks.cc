#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <expected>
#include <memory>
#include <string>
#include <utility>

#include "apis/kit/conditional.h"
#include "apis/kit/json.h"
#include "apis/mediavault/event_names.h"
#include "apis/mediavault/handlers.h"
#include "apis/mediavault/pagination.h"
#include "apis/mediavault/webhook_wire.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

std::string events_expected() {
  std::string text = "Must be one or more of ";
  for (const std::string_view name : event_names()) {
    if (name != event_names().front()) text += ", ";
    text += name;
  }
  return text;
}

// Nothing where the field is missing, or is at fault.
std::optional<vault::WebhookTopics> read_events(Fields& fields) {
  const auto names = fields.texts("events");
  if (!names) return std::nullopt;
  vault::WebhookTopics topics;
  for (const std::string& name : *names) {
    const auto topic = topic_from(name);
    if (!topic) {
      fields.fault("events", events_expected());
      return std::nullopt;
    }
    topics.add(*topic);
  }
  return topics;
}

Problem no_such_webhook() { return {ProblemKind::kNotFound, "There is no such webhook"}; }

std::optional<vault::WebhookId> webhook_of(const RequestContext& context) {
  return parse_webhook_id(context.path.text("id"));
}

http::Response reply_with(RequestContext& context, const vault::Webhook& webhook) {
  boost::json::object object = webhook_object(webhook);
  const std::string etag = entity_tag(webhook.state_tag(), object);
  http::Response response = success(context, std::move(object));
  response.headers.set("ETag", etag);
  return response;
}

struct DeliveryList {
  PageRequest page;
  std::optional<vault::DeliveryStatus> status = {};
};

// What a query of the webhook's deliveries asks for, with every fault in it.
std::expected<DeliveryList, Problem> parse_deliveries(const RequestContext& context,
                                                      vault::WebhookId webhook) {
  Problem problem(ProblemKind::kInvalid, "Invalid input data");
  std::optional<vault::DeliveryStatus> status;
  const auto name = context.request.uri.parameter("status");
  if (name) status = delivery_status_from(*name);
  vault::NamedList named{.owner = context.account().id,
                         .name = "deliveries " + std::to_string(webhook.value)};
  if (status) named.name += ' ' + std::string(*name);
  DeliveryList list{.page = read_page_request(context, std::move(named), problem),
                    .status = status};
  if (name && !status) {
    problem.fields.push_back({"status", "Must be pending, delivered or dead"});
  }
  if (!problem.fields.empty()) return std::unexpected(std::move(problem));
  return list;
}

}  // namespace

Task<Reply> create_webhook(RequestContext& context) {
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::NewWebhook wanted{.url = fields.text("url"), .topics = {}};
  if (!fields.has("events")) fields.fault("events", events_expected());
  if (const auto topics = read_events(fields)) wanted.topics = *topics;
  fields.add(vault::Webhooks::faults_of(wanted));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto made = co_await context.vault.webhooks().create(context.actor(), std::move(wanted));
  if (!made) co_return std::unexpected(made.error());
  boost::json::object object = webhook_object(made->webhook);
  const std::string etag = entity_tag(made->webhook.state_tag(), object);
  object["secret"] = made->secret;
  http::Response response = success(context, std::move(object), 201);
  response.headers.set("ETag", etag);
  co_return response;
}

Task<Reply> list_webhooks(RequestContext& context) {
  vault::NamedList list{.owner = context.account().id, .name = "webhooks"};
  const auto page = parse_short_list_page(context, std::move(list));
  if (!page) co_return std::unexpected(page.error());
  const auto read = [&vault = context.vault, account = context.account().id](
                        vault::WebhookId after) { return vault.webhooks().list(account, after); };
  const auto end = std::make_shared<PageEnd>();
  NextPage webhooks =
      short_list_rows<vault::WebhookId>(*page, end, read, &vault::Webhook::id, webhook_object);
  Reply reply = co_await page_reply(context, *page, "/webhooks", std::move(webhooks), end);
  co_return reply;
}

Task<Reply> show_webhook(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto found = co_await context.vault.webhooks().find(context.account().id, *id);
  if (!found) co_return std::unexpected(found.error());
  co_return reply_with(context, *found);
}

Task<Reply> update_webhook(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto body = co_await read_json(context.request);
  if (!body) co_return std::unexpected(body.error());
  Fields fields(*body);
  vault::WebhookChanges changes;
  changes.url = fields.optional_text("url");
  changes.topics = read_events(fields);
  changes.is_active = fields.optional_boolean("active");
  changes.precondition = if_match(context.request);
  fields.add(vault::Webhooks::faults_of(changes));
  if (auto problem = fields.problem()) co_return std::unexpected(std::move(*problem));
  const auto updated =
      co_await context.vault.webhooks().update(context.actor(), *id, std::move(changes));
  if (!updated) co_return std::unexpected(updated.error());
  co_return reply_with(context, *updated);
}

Task<Reply> delete_webhook(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto done =
      co_await context.vault.webhooks().remove(context.actor(), *id, if_match(context.request));
  if (!done) co_return std::unexpected(done.error());
  co_return success(context, {{"id", context.path.text("id")}, {"deleted", true}});
}

Task<Reply> test_webhook(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto made = co_await context.vault.webhooks().test(context.actor(), *id);
  if (!made) co_return std::unexpected(made.error());
  co_return success(context, delivery_object(*made), 202);
}

Task<Reply> list_deliveries(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto list = parse_deliveries(context, *id);
  if (!list) co_return std::unexpected(list.error());
  const PageRequest& page = list->page;
  vault::DeliveryQuery query{
      .status = list->status, .offset = page.offset(), .limit = page.page.per_page + 1};
  if (page.after) query.before = vault::DeliveryId{page.after->number};
  auto found = co_await context.vault.webhooks().deliveries(context.account().id, *id, query);
  if (!found) co_return std::unexpected(found.error());
  std::optional<vault::EntryPosition> next;
  if (drop_extra(found->deliveries, page)) {
    next = vault::EntryPosition{.number = found->deliveries.back().id.value};
  }
  boost::json::array data(&context.memory);
  for (const vault::Delivery& delivery : found->deliveries) {
    data.push_back(delivery_object(delivery));
  }
  const std::string path = "/webhooks/" + context.path.text("id") + "/deliveries";
  co_return page_reply(context, page, path, std::move(data), found->total, next);
}

Task<Reply> resend_delivery(RequestContext& context) {
  const auto id = webhook_of(context);
  if (!id) co_return std::unexpected(no_such_webhook());
  const auto delivery = parse_delivery_id(context.path.text("delivery"));
  if (!delivery) {
    co_return std::unexpected(Problem(ProblemKind::kNotFound, "There is no such delivery"));
  }
  const auto sent = co_await context.vault.webhooks().resend(context.actor(), *id, *delivery);
  if (!sent) co_return std::unexpected(sent.error());
  co_return success(context, delivery_object(*sent), 202);
}

}  // namespace coffer::apis::mediavault
