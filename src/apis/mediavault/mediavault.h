// The Media Vault dialect (api/mediavault.md, contract section 4): the native API.
#pragma once

#include <memory>
#include <string>

#include "apis/gateway/dialect.h"
#include "vault/webhooks/types.h"

namespace coffer::apis::mediavault {

// REQUIRES: `clock` outlives it.
std::unique_ptr<Dialect> make(const Clock& clock);

// What is told of its calls.
ApiDescription describe();

// What a webhook is sent: `{"event", "data": {"id", "type", "user_id"}, "timestamp"}` as JSON, the
// same text for the same delivery. Threads: any.
std::string webhook_payload(const vault::Delivery& delivery);

}  // namespace coffer::apis::mediavault
