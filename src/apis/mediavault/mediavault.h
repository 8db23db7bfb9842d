// The Media Vault dialect (docs/api/mediavault.md): the native API.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "apis/gateway/dialect.h"
#include "realtime/hub.h"
#include "vault/webhooks/types.h"

namespace coffer::apis::mediavault {

// REQUIRES: `clock` outlives it.
std::unique_ptr<Dialect> make(const Clock& clock);

// Descriptions of its calls.
ApiDescription describe();

struct RealtimeOptions {
  std::vector<std::string> origins;       // of pages that may connect, or `*`
  std::uint32_t messages_per_minute = 0;  // from one client; 0: as many as come
};
// The WebSocket at `/realtime`. REQUIRES: `clock` and `hub` outlive it, and what it has made of
// requests; `hub` is not null unless nobody asks.
std::unique_ptr<Dialect> make_realtime(const Clock& clock, realtime::Hub* hub,
                                       RealtimeOptions options);
// The message about an event; empty: there is none. Threads: any.
std::string event_message(const vault::Event& event);

// What a webhook is sent: `{"event", "data": {"id", "type", "user_id"}, "timestamp"}` as JSON, the
// same text for the same delivery. Threads: any.
std::string webhook_payload(const vault::Delivery& delivery);

}  // namespace coffer::apis::mediavault
