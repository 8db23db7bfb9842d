// Reports events to webhooks: makes deliveries of events, sends what is due, writes down how
// it ended.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "http/client.h"
#include "vault/vault.h"

namespace coffer::jobs {

// Works on a thread of its own. A receiver that is slow or dead never takes what others need: a
// webhook whose last attempt failed, or that never had one, gets one attempt at a time and only
// some of the places; an account gets a share. What fails here (the database) is logged and tried
// again. A process that is killed leaves leases, which end by themselves. Threads: made and
// destroyed by one; stats() from any.
class Webhooks {
 public:
  // Sends a message and calls back once, on any thread, as http::OutboundClient::post() does.
  using Post = std::function<void(http::OutboundRequest, http::OutboundClient::Done)>;
  // The body of the message.
  using Payload = std::function<std::string(const vault::Delivery&)>;

  struct Options {
    std::chrono::milliseconds lease = std::chrono::seconds(30);  // longer than `post` ever takes
    std::chrono::seconds keep = std::chrono::hours(7 * 24);      // what has ended
    std::chrono::milliseconds poll_every{250};  // looks for events and for what is due
    std::chrono::milliseconds prune_every{60'000};
    std::chrono::milliseconds retry_after{1'000};  // when the work itself failed
    std::chrono::milliseconds stop_wait{500};      // for attempts under way
    // Attempts under way: of all, of unproven webhooks together, of an account, of a webhook.
    std::size_t max_attempts = 64;
    std::size_t max_unproven = 32;
    std::size_t max_of_account = 16;
    std::size_t max_of_webhook = 8;
  };
  struct Stats {
    std::uint64_t delivered = 0;
    std::uint64_t failed = 0;     // attempts
    std::uint64_t dead = 0;       // deliveries
    std::uint64_t missed = 0;     // times that events were pruned before they were read
    std::uint64_t under_way = 0;  // attempts, now
    std::uint64_t waiting = 0;    // deliveries, at the last look
  };

  // Starts. REQUIRES: `vault` outlives this; what `post` and `payload` refer to does too.
  Webhooks(vault::Vault& vault, Options options, Post post, Payload payload);
  // Waits `stop_wait` for attempts under way and gives the others back.
  ~Webhooks();
  Webhooks(const Webhooks&) = delete;
  Webhooks& operator=(const Webhooks&) = delete;

  Stats stats() const;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Attempt {
    vault::LeasedDelivery leased;
    Time began;
    bool proven = false;
  };
  struct Ended {
    vault::DeliveryId delivery;
    http::OutboundReply reply;
  };
  // Where replies arrive; outlives the job where one comes later.
  struct Inbox {
    std::mutex mutex;
    std::condition_variable wake;
    bool stopped = false;
    std::vector<Ended> ended;
  };

  void work();
  bool is_stopped();
  void wait(Moment until);
  void take_replies();

  // Steps; each leaves what it could not finish for the next time.
  void finish_ended();
  bool read_events();  // whether there may be more
  void send_due();
  void prune();
  void stop_attempts();

  std::vector<vault::DeliveryClaim> choose(bool proven);
  void send(vault::LeasedDelivery leased, bool proven);

  vault::Vault& vault_;
  const Options options_;
  const Post post_;
  const Payload payload_;

  // The thread's:
  InlineExecutor executor_;
  std::unordered_map<std::int64_t, Attempt> attempts_;  // under way, by delivery
  std::vector<vault::DeliveryAttempt> finished_;        // still to be written down
  std::vector<vault::LeasedDelivery> returned_;         // still to be given back
  Moment next_read_;
  Moment next_send_;
  Moment next_prune_;
  vault::WebhookId pruned_;  // the last webhook of the round

  std::atomic<std::uint64_t> delivered_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> dead_ = 0;
  std::atomic<std::uint64_t> missed_ = 0;
  std::atomic<std::uint64_t> under_way_ = 0;
  std::atomic<std::uint64_t> waiting_ = 0;

  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::thread thread_;  // last: it uses the others
};

}  // namespace coffer::jobs
