// What happens to the account's files and collections, while it happens.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <vector>

#include "client/session.h"

namespace coffer::client {

struct WatchOptions {
  std::vector<std::string> channels;  // media_updates, collection_updates
  std::string since;                  // the id of an event that was seen; empty: from now on
};

// Calls `each` with every event, and with `{"type": "gap", "channel"}` where some are kept no
// longer. A lost connection is made anew, of which `lost` is told; no event is missed, or comes
// twice. Ends only by throwing: an Error where the vault refuses for good, what `each` throws.
void watch(Session& session, const WatchOptions& options,
           const std::function<void(const boost::json::object&)>& each,
           const std::function<void(const std::string& why)>& lost);

}  // namespace coffer::client
