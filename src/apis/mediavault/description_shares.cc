#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"
#include "vault/sharing/share_links.h"

namespace coffer::apis::mediavault {
namespace {

using namespace schema;

constexpr char kShares[] = "Shares";

std::vector<Member> policy() {
  return {
      optional("password", about(nullable(text()), "That visitors are asked for; null: none")),
      optional("expires_at", about(nullable(time()), "In the future; null: never")),
      optional("max_downloads",
               about(nullable(integer(1, static_cast<std::int64_t>(vault::kShareDownloadsMax))),
                     "Null: any number, which is not counted")),
      optional("allow_download", about(boolean(), "False: it is for looking at only")),
  };
}

Content policy_content() {
  return json_content(object(policy()), {{"password", "open sesame"}, {"max_downloads", 10}});
}

Parameter share_id_parameter() { return in_path("id", "Its id", text(), "share_6"); }

Operation create(std::string route, std::string id, std::string what, Parameter parameter) {
  return {.routes = {std::move(route)},
          .id = std::move(id),
          .tag = kShares,
          .summary = "Share " + what,
          .parameters = {std::move(parameter)},
          .body = {policy_content()},
          .body_is_required = false,
          .answers = {tagged_by_settings(answer("The share, with its link", ref("Share"), 201))},
          .errors = {{415}}};
}

Operation list_of(std::string route, std::string id, std::string what, Parameter parameter) {
  Operation operation{.routes = {std::move(route)},
                      .id = std::move(id),
                      .tag = kShares,
                      .summary = "List the shares of " + what};
  operation.parameters = page_parameters();
  operation.parameters.push_back(std::move(parameter));
  operation.answers = {page_answer("A page of them, the newest first", ref("Share"))};
  return operation;
}

}  // namespace

Operations describe_shares() {
  return {
      create("POST /media/{id}/shares", "share_media", "a medium", media_id_parameter()),
      create("POST /collections/{id}/shares", "share_collection", "a collection",
             collection_id_parameter()),
      {.routes = {"GET /shares"},
       .id = "list_shares",
       .tag = kShares,
       .summary = "List all shares",
       .parameters = page_parameters(),
       .answers = {page_answer("A page of them, the newest first", ref("Share"))}},
      list_of("GET /media/{id}/shares", "list_shares_of_media", "a medium", media_id_parameter()),
      list_of("GET /collections/{id}/shares", "list_shares_of_collection", "a collection",
              collection_id_parameter()),
      {.routes = {"GET /shares/{id}"},
       .id = "show_share",
       .tag = kShares,
       .summary = "One share",
       .parameters = {share_id_parameter()},
       .answers = {tagged_by_settings(answer("The share", ref("Share")))}},
      {.routes = {"PATCH /shares/{id}"},
       .id = "update_share",
       .tag = kShares,
       .summary = "Change what a share permits; its link stays",
       .parameters = {share_id_parameter(), if_match_parameter()},
       .body = {policy_content()},
       .body_is_required = false,
       .answers = {tagged_by_settings(answer("The share", ref("Share")))},
       .errors = {{415}}},
      {.routes = {"DELETE /shares/{id}"},
       .id = "revoke_share",
       .tag = kShares,
       .summary = "End a share",
       .parameters = {share_id_parameter(), if_match_parameter()},
       .answers = {deleted_answer()}},
  };
}

}  // namespace coffer::apis::mediavault
