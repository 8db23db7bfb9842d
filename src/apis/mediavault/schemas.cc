// The shapes of wire.cc and webhook_wire.cc, as JSON Schemas. The black-box tests compare every
// reply with them.
#include <utility>

#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"
#include "apis/mediavault/event_names.h"
#include "apis/mediavault/pagination.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

Schema id(std::string_view prefix, int number) {
  const std::string start(prefix);
  return like(pattern("^" + start + "_[0-9]+$"),
              boost::json::string(start + '_' + std::to_string(number)));
}

Schema media_kind() { return one_of({"image", "video", "audio", "document", "other"}); }

std::vector<Member> meta_members() {
  return {{"timestamp", time()}, {"version", like(text(), "1.0.0")}};
}

NamedSchema meta() { return {"Meta", object(meta_members())}; }

NamedSchema pagination() {
  const Schema link = like(nullable(text()), "/media?page=3");
  return {"Pagination",
          object({{"total", integer(0)},
                  {"count", integer(0)},
                  {"per_page", integer(1)},
                  {"current_page", integer(1)},
                  {"total_pages", integer(0)},
                  optional("total_is_more", about(boolean(), "There are more than the total")),
                  {"links", object({{"next", about(link, "Relative to the API's root")},
                                    {"prev", link},
                                    optional("next_cursor", nullable(text()))})}})};
}

NamedSchema page_meta() {
  auto members = meta_members();
  members.push_back({"pagination", ref("Pagination")});
  return {"PageMeta", object(std::move(members))};
}

NamedSchema failure() {
  return {"Failure",
          object({{"success", constant(false)},
                  {"error",
                   object({{"code", like(text(), "validation_error")},
                           {"message", like(text(), "Invalid input data")},
                           {"details", list(object({{"field", text()}, {"message", text()}}))}})},
                  {"meta", object({{"timestamp", time()}, {"request_id", text()}})}})};
}

NamedSchema user() {
  return {
      "User",
      object(
          {{"id", id("user", 7)},
           {"uuid", uuid()},
           {"username", text()},
           {"email", nullable(text())},
           {"is_admin", boolean()},
           {"quota", about(nullable(integer(0)), "What `used` may not pass; null: no limit")},
           {"used", about(integer(0), "Bytes that count in the quota")},
           optional("trashed", about(integer(0), "Of `used` what is in the trash; of `/users/me`")),
           {"quota_bytes", about(nullable(integer(0)), "Null: none")},
           {"used_bytes", about(integer(0), "Of all files")},
           {"charged_bytes", about(integer(0), "The same with what their metadata costs")},
           {"created_at", time()},
           {"updated_at", time()}})};
}

NamedSchema tokens() {
  return {"Tokens", object({{"token", about(text(), "A JWT, sent as `Authorization: Bearer`")},
                            {"refresh_token", text()},
                            {"expires_in", about(integer(0), "Seconds")},
                            {"token_type", constant("Bearer")}})};
}

std::vector<Member> media_members() {
  return {
      {"id", id("media", 12)},
      {"uuid", uuid()},
      {"type", media_kind()},
      {"filename", text()},
      {"media_type", like(text(), "image/jpeg")},
      {"size", about(integer(0), "Bytes")},
      {"checksum", about(like(nullable(text()),
                              "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b"
                              "0b822cd15d6c15b0f00a08"),
                         "Null until it is worked out")},
      {"url", about(url(), "Of the bytes, for everybody who may read the medium")},
      {"thumbnail_url", about(text(), "Of a small picture; empty until there is one")},
      {"status",
       about(one_of({"processing", "ready", "failed"}), "Whether the file has been looked into")},
      {"status_reason", about(nullable(text()), "Of `failed`: why")},
      {"width", about(nullable(integer(1)), "Pixels of the upright picture")},
      {"height", nullable(integer(1))},
      {"duration", about(nullable(number()), "Seconds")},
      {"codec", like(nullable(text()), "h264")},
      {"taken_at",
       about(nullable(time()), "As the file says; local time where it knows no offset")},
      {"location", about(nullable(object({{"latitude", number()}, {"longitude", number()}})),
                         "Degrees; told to the owner alone")},
      {"title", nullable(text())},
      {"description", nullable(text())},
      {"tags", list(text())},
      {"collections", list(id("col", 3))},
      {"user_id", id("user", 7)},
      {"created_at", time()},
      {"updated_at", time()},
  };
}

// With FileLinks::kNone.
std::vector<Member> media_members_without_links() {
  std::vector<Member> members = media_members();
  for (Member& member : members) {
    if (member.name != "url" && member.name != "thumbnail_url") continue;
    member.schema = about(text(), "Empty: nothing leads to what is deleted");
  }
  return members;
}

NamedSchema deleted_media() {
  std::vector<Member> members = media_members_without_links();
  members.push_back({"deleted", constant(true)});
  members.push_back({"restorable_until", about(nullable(time()), "Null: it is gone for good")});
  return {"DeletedMedia", object(std::move(members))};
}

NamedSchema trashed_media() {
  std::vector<Member> members = media_members_without_links();
  members.push_back({"deleted_at", time()});
  members.push_back({"restorable_until", time()});
  return {"TrashedMedia", object(std::move(members))};
}

NamedSchema collection() {
  return {"Collection", object({{"id", id("col", 3)},
                                {"name", text()},
                                {"description", nullable(text())},
                                {"media_count", integer(0)},
                                {"user_id", id("user", 7)},
                                {"created_at", time()},
                                {"updated_at", time()}})};
}

NamedSchema share() {
  return {"Share",
          object({{"id", id("share", 6)},
                  {"url", about(url(), "Of its page")},
                  {"token", uuid()},
                  {"media_id", about(nullable(id("media", 12)), "This or `collection_id`")},
                  {"collection_id", nullable(id("col", 3))},
                  {"has_password", boolean()},
                  {"expires_at", nullable(time())},
                  {"max_downloads", nullable(integer(1))},
                  {"downloads", about(integer(0), "That were counted")},
                  {"allow_download", boolean()},
                  {"user_id", id("user", 7)},
                  {"created_at", time()},
                  {"updated_at", time()}})};
}

std::vector<Member> key_members() {
  return {{"id", id("key", 4)},
          {"name", text()},
          {"kind", one_of({"api", "master", "upload", "application"})},
          {"prefix", about(text(), "The first characters of the key")},
          {"scopes", list(one_of({"read", "write"}))},
          {"expires_at", about(nullable(time()), "Null: never")},
          {"last_used_at", about(nullable(time()), "To about a minute; null: never yet")},
          {"created_at", time()}};
}

NamedSchema session() {
  return {"Session",
          object({{"id", id("session", 9)},
                  {"created_at", time()},
                  {"last_used_at", about(time(), "To about a minute")},
                  {"expires_at", time()},
                  {"address", about(text(), "Of its last log-in or refresh")},
                  {"user_agent", about(text(), "Of its last log-in or refresh; 256 bytes of it")},
                  {"current", about(boolean(), "Whether it is the one that asks")}})};
}

// What a webhook may ask for.
NamedSchema event_name_schema() { return {"EventName", one_of(event_names())}; }

// What a message is about: that, or a test, which is asked for one by one.
NamedSchema message_name() {
  return {"MessageName", any_of({ref("EventName"), constant(boost::json::string(kTestEvent))})};
}

std::vector<Member> webhook_members() {
  return {{"id", id("hook", 5)},
          {"url", text()},
          {"events", list(ref("EventName"))},
          {"active", boolean()},
          {"pending", about(integer(0), "Deliveries that are to be made")},
          {"failures", about(integer(0), "In a row")},
          {"last_success_at", nullable(time())},
          {"created_at", time()},
          {"updated_at", time()}};
}

NamedSchema payload() {
  return {"WebhookPayload",
          object({{"event", ref("MessageName")},
                  {"data", object({{"id", text()}, {"type", text()}, {"user_id", id("user", 7)}})},
                  {"timestamp", time()}})};
}

NamedSchema delivery() {
  return {"Delivery", object({{"id", id("delivery", 9)},
                              {"message_id", about(text(), "The header `webhook-id`")},
                              {"event", ref("MessageName")},
                              {"payload", ref("WebhookPayload")},
                              {"status", one_of({"pending", "delivered", "dead"})},
                              {"attempts", integer(0)},
                              {"created_at", time()},
                              {"next_attempt_at", nullable(time())},
                              {"finished_at", nullable(time())},
                              {"last_attempt_at", nullable(time())},
                              {"duration_ms", nullable(integer(0))},
                              {"reply_code", nullable(integer(0))},
                              {"reply_body", about(text(), "The first KiB of it")},
                              {"error", nullable(text())}})};
}

// The schema `name` with one more member.
NamedSchema with(std::vector<Member> members, std::string name, Member more) {
  members.push_back(std::move(more));
  return {std::move(name), object(std::move(members))};
}

}  // namespace

std::vector<NamedSchema> schemas() {
  return {
      meta(),
      pagination(),
      page_meta(),
      failure(),
      user(),
      tokens(),
      session(),
      {"Media", object(media_members())},
      deleted_media(),
      trashed_media(),
      collection(),
      share(),
      {"Key", object(key_members())},
      with(key_members(), "NewKey", {"secret", about(text(), "Shown this once")}),
      event_name_schema(),
      message_name(),
      {"Webhook", object(webhook_members())},
      with(webhook_members(), "NewWebhook", {"secret", about(text(), "Shown this once")}),
      payload(),
      delivery(),
  };
}

Schema envelope(Schema data) {
  return object({{"success", constant(true)}, {"data", std::move(data)}, {"meta", ref("Meta")}});
}

Schema page_of(Schema item) {
  return object(
      {{"success", constant(true)}, {"data", list(std::move(item))}, {"meta", ref("PageMeta")}});
}

Answer answer(std::string about, Schema data, unsigned status) {
  return {status, std::move(about), {json_content(envelope(std::move(data)))}};
}

Answer page_answer(std::string about, Schema item) {
  return tagged_list({200, std::move(about), {json_content(page_of(std::move(item)))}});
}

Answer deleted_answer() {
  return answer("It is gone", object({{"id", text()}, {"deleted", constant(true)}}));
}

std::vector<Parameter> page_parameters() {
  return {
      query("page", "From 1", or_else(integer(1, kPageMax), 1)),
      query("per_page", "", or_else(integer(1, kPerPageMax), kPerPageDefault)),
      query("cursor",
            "In place of `page`: empty for the first page, then `links.next_cursor` of the page "
            "before",
            text())};
}

std::vector<Parameter> short_list_parameters() {
  std::vector<Parameter> parameters = page_parameters();
  for (Parameter& parameter : parameters) {
    if (parameter.name == "per_page") {
      parameter.about = "Without it, `page` and `cursor` all of them are one page";
      parameter.schema = integer(1, kPerPageMax);
    }
  }
  return parameters;
}

void add_media_filters(std::vector<Parameter>& parameters) {
  parameters.push_back(
      query("q", "Words, each of which is part of filename, title, description or a tag", text()));
  parameters.push_back(query("tag", "With that tag", text()));
  parameters.push_back(query("created_after", "Created then or later", time()));
  parameters.push_back(query("created_before", "Created before that moment", time()));
  parameters.push_back(query("taken_after", "Says that it was taken then or later", time()));
  parameters.push_back(query("taken_before", "Says that it was taken before that moment", time()));
}

Parameter media_id_parameter(std::string name) {
  return in_path(std::move(name), "Its id, number or UUID", text(), "media_12");
}

Parameter collection_id_parameter() { return in_path("id", "Its id or number", text(), "col_3"); }

Parameter if_match_parameter() {
  return header("If-Match", "The `ETag` of what is to be changed: in any other state it is not",
                text());
}

Answer tagged(Answer answer, std::string about) {
  answer.headers.push_back({"ETag", std::move(about), text()});
  return answer;
}

Answer tagged_by_settings(Answer answer) {
  return tagged(
      std::move(answer),
      "Of all that the object shows; `If-Match` compares what its owner has set, not what it "
      "counts");
}

Answer tagged_list(Answer answer) {
  return tagged(std::move(answer), "Of a list that is short enough to be sent as a whole");
}

Parameter webhook_id_parameter() { return in_path("id", "Its id", text(), "hook_5"); }

}  // namespace coffer::apis::mediavault
