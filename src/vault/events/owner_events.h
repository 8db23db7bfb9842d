// The log of events as those read it to whom things belong.
#pragma once

#include <cstddef>

#include "base/task.h"
#include "vault/events/events.h"
#include "vault/model/context.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any executor's.
class OwnerEvents {
 public:
  explicit OwnerEvents(Context& context) : context_(context) {}

  // Up to `limit` events after `after` about what `owner` has, as Events::read() gives them. Costs
  // the same however many others there are.
  Task<Events::Page> read(AccountId owner, EventId after, std::size_t limit);

  // The last event of the whole log, whether it is kept still; 0: there was none.
  Task<EventId> last();

 private:
  Context& context_;
};

}  // namespace coffer::vault
