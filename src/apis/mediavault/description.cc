#include "apis/mediavault/description.h"

#include <iterator>
#include <utility>

#include "apis/kit/schema.h"
#include "apis/mediavault/mediavault.h"

namespace coffer::apis::mediavault {
namespace {

constexpr char kAbout[] =
    "The native API of this vault: accounts, media with their metadata, a trash, collections, "
    "shares, webhooks and keys.\n\n"
    "Every reply is `{\"success\", \"data\", \"meta\"}`, every failure `{\"success\": false, "
    "\"error\": {\"code\", \"message\", \"details\"}, \"meta\"}`; `details` names each field that "
    "is at fault. Paths may end with a slash. Times are UTC; one that is sent without an offset is "
    "read as UTC. GET also answers HEAD.";

}  // namespace

ApiDescription describe() {
  ApiDescription api{.title = "Media Vault", .version = "1.0.0", .about = kAbout};
  api.tags = {{"Authentication", "Registration, log-in and tokens"},
              {"Users", "The caller's account"},
              {"API keys", "For programs; a key is made by who is logged in"},
              {"Media", "Files, with what is known and said of them"},
              {"Trash", "Media that were deleted and can be restored for a while"},
              {"Collections", "Lists of media, in an order of their own"},
              {"Shares", "Links for people without an account, with a policy of their own"},
              {"Webhooks", "Requests to a server of yours when something has happened"}};
  api.credentials = {
      {"bearer",
       {{"type", "http"},
        {"scheme", "bearer"},
        {"bearerFormat", "JWT"},
        {"description", "The token of `/auth/login`"}}},
      {"api_key",
       {{"type", "apiKey"},
        {"in", "header"},
        {"name", "X-API-Key"},
        {"description", "A key of `/api-keys`"}}},
  };
  api.schemas = schemas();
  api.failure = {json_content(schema::ref("Failure"))};
  for (auto describe_group : {describe_accounts, describe_media, describe_trash,
                              describe_collections, describe_shares, describe_webhooks}) {
    Operations group = describe_group();
    std::move(group.begin(), group.end(), std::back_inserter(api.operations));
  }
  return api;
}

}  // namespace coffer::apis::mediavault
