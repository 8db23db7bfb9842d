// The bytes of a reply that are elsewhere.
#pragma once

#include <string>

#include "base/stream.h"
#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// Whether the first bytes of files that a reply has come from elsewhere.
bool is_fetched(http::Response& response);

// Asks for what the reply reads from elsewhere first, before its head is sent: so a store that
// fails, or has no memory left for `owner`, is answered as an error, and not with a reply that
// breaks off. Throws what the content does, and is false where it has no memory; then the reply has
// been told that nothing of it was sent. The reply keeps the memory until it ends.
// REQUIRES: is_fetched(response); `client` outlives the task.
Task<bool> begin_content(http::Response& response, std::string owner, InputStream& client);

}  // namespace coffer::apis
