// Deliveries as whoever sends them sees them: made of events, leased, sent, written down.
//
// A delivery is leased, not owned: several senders may work on one database, and what a killed one
// had leased is due again when the lease ends. Each delivery reaches its receiver at least once or
// is dead; those of one webhook about one entry go out one after another, in the order of events.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "vault/events/events.h"
#include "vault/model/context.h"
#include "vault/webhooks/types.h"

namespace coffer::vault {

// A webhook that something is to be sent to.
struct DueWebhook {
  WebhookId id;
  AccountId account;
};

struct DeliveryClaim {
  WebhookId webhook = {};
  std::size_t count = 0;  // deliveries, at most
};

struct LeasedDelivery {
  Delivery delivery;
  AccountId owner = {};  // of the webhook
  std::string url = {};
  Bytes secret = {};  // for sign_webhook()
};

// How an attempt ended.
struct DeliveryAttempt {
  enum class Result {
    kDelivered,
    kFailed,
    kGone,  // failed, and the receiver wants nothing more: its webhook is paused
  };
  DeliveryId delivery = {};
  WebhookId webhook = {};
  Result result = Result::kFailed;
  Time began = {};
  std::chrono::milliseconds duration{0};
  std::optional<unsigned> reply_status = {};
  std::string reply = {};  // the first kReplyKept bytes of it, or fewer
  std::string error = {};  // of a failure
  // Of a failure: not to be tried again before; an hour from now at most is respected.
  std::optional<std::chrono::seconds> retry_after = {};
};

// Attempts after the first follow 5 s later, then each after three times as long as the one before,
// 4 h at most, all of it ± 20 %; what has no attempt left within kAttemptsFor is dead. A webhook
// whose last attempt failed rests for as long, 10 min at most, whatever waits for it.
// Threads: any executor's.
class DeliveryQueue {
 public:
  explicit DeliveryQueue(Context& context);

  struct Enqueued {
    std::optional<EventId> last =
        {};                  // of the events that were dealt with; nothing: somebody else did
    std::uint64_t made = 0;  // deliveries
    std::uint64_t dead = 0;  // of these: too many waited already
  };
  // Where no webhook exists, moves the reader called `reader`, whose position is `from`, to the end
  // of the log, so that nobody reads what nobody is told of; whether that is so.
  Task<bool> pass_over(const std::string& reader, EventId from);
  // Makes the deliveries of `events`, or of the first of them, and moves the reader there in the
  // same transaction, so that none is made twice. REQUIRES: `events` are what follows `from`, the
  // position of the reader called `reader`; not empty.
  Task<Enqueued> enqueue(const std::string& reader, EventId from, const std::vector<Event>& events);

  // Up to `limit` webhooks to which something is to be sent now, those that have waited for longest
  // first. `proven`: those whose last attempt succeeded; else the others.
  Task<std::vector<DueWebhook>> due(bool proven, std::size_t limit);

  // Leases what `claims` ask for and is due, for `lease`. A webhook that was paused or removed
  // meanwhile gives none.
  Task<std::vector<LeasedDelivery>> lease(const std::vector<DeliveryClaim>& claims,
                                          std::chrono::milliseconds lease);

  // Of the attempts that finish() was told of.
  struct Finished {
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;
    std::uint64_t dead = 0;  // of the failed
  };
  // Writes down how attempts ended, one for each delivery. One whose lease had ended, and was taken
  // by somebody else, is left out.
  Task<Finished> finish(const std::vector<DeliveryAttempt>& attempts);

  // Gives back what was leased and not attempted to the end: it is due at once.
  Task<void> release(const std::vector<LeasedDelivery>& leased);

  // Looks at the webhook with the lowest id above `after` that has deliveries: removes up to
  // `limit` of what is kept no longer (delivered ones beyond the newest 1,000, dead ones beyond
  // 10,000, what ended before `before`, all of a removed webhook), and ends what waits for a
  // receiver that has been failing for too long. `webhook`: which one; nothing after the last.
  struct Pruned {
    std::optional<WebhookId> webhook = {};
    bool more = false;  // for the same one
    std::uint64_t dead = 0;
  };
  Task<Pruned> prune(WebhookId after, Time before, std::size_t limit);

  // Deliveries that wait, of all webhooks. Reads all of these.
  Task<std::uint64_t> waiting();

 private:
  struct LeaseRow;
  Task<std::optional<bool>> finish_one(db::Transaction& tx, const DeliveryAttempt& attempt,
                                       Time now);
  Time after_delay(Time now, std::uint64_t failures) const;

  Context& context_;
  const std::int64_t lease_;  // what this sender's leases are marked with
};

}  // namespace coffer::vault
