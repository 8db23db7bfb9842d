// The description of `/realtime`, in a document of its own: it is at the root, and its messages are
// no calls.
#include <algorithm>

#include "apis/kit/schema.h"
#include "apis/mediavault/description.h"
#include "apis/mediavault/mediavault.h"

namespace coffer::apis::mediavault {
namespace {

constexpr char kAboutRealtime[] =
    "A WebSocket (RFC 6455) by which the vault tells of an account's events, some milliseconds "
    "after they happened. Each message is one JSON object as text.\n\n"
    "- `{\"type\": \"auth\", \"token\"}`, or with `api_key`, comes first, within 10 seconds; the "
    "reply is `{\"type\": \"authenticated\"}`.\n"
    "- `{\"type\": \"subscribe\", \"channel\", \"resource_id\", \"last_event_id\"}`: `channel` is "
    "`media_updates`, `collection_updates` or `upload_updates`; without `resource_id` it is all of "
    "the account's; "
    "`last_event_id` replays what came after that event. The reply is `{\"type\": "
    "\"subscribed\"}`, with `\"gap\": true` where some of that is kept no longer: read the lists "
    "again, which have all up to its `last_event_id`. `unsubscribe` undoes it.\n"
    "- Events are `{\"type\": \"event\", \"id\", \"channel\", \"resource_id\", \"event\", "
    "\"data\", \"timestamp\"}`, errors `{\"type\": \"error\", \"code\", \"message\", "
    "\"details\"}`.\n"
    "- `upload_updates` tells how far running uploads are, as `upload.progress`, four times a "
    "second "
    "at most; it takes no `resource_id`, and has no `id` and no replay.\n"
    "- It is closed with 4401 where the credentials are no longer valid, with 4403 where a key "
    "does not have the scope `read`, with 4408 where the client reads too slowly, with 1001 where "
    "the server stops.";

}  // namespace

ApiDescription describe_realtime() {
  ApiDescription api{.title = "Media Vault: realtime", .version = "1.0.0", .about = kAboutRealtime};
  api.tags = {{"Realtime", "Events over a WebSocket"}};
  const auto all = schemas();
  api.schemas = {*std::ranges::find(all, "Failure", &NamedSchema::name)};
  api.failure = {json_content(schema::ref("Failure"))};
  api.operations = {{.routes = {"GET /realtime"},
                     .id = "connect",
                     .tag = "Realtime",
                     .summary = "Open a WebSocket",
                     .answers = {{101, "The connection is a WebSocket from here on"}},
                     .errors = {{400, "It is no opening handshake of RFC 6455"},
                                {403, "Pages of that origin may not connect"},
                                {426, "It asks for no WebSocket of version 13"},
                                {503, "As many are connected as may be"}}}};
  return api;
}

}  // namespace coffer::apis::mediavault
