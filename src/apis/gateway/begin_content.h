// The bytes of a reply that are elsewhere.
#pragma once

#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// Asks for what the reply reads from elsewhere first, before its head is sent: so a store that
// fails is answered as an error, and not with a reply that breaks off. Throws what the content
// does; then the reply has been told that nothing of it was sent.
Task<void> begin_content(http::Response& response);

}  // namespace coffer::apis
