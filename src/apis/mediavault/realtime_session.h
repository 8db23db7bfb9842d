// One WebSocket at /realtime: authenticates, subscribes, receives events.
#pragma once

#include <atomic>
#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/rate_limit.h"
#include "apis/kit/json.h"
#include "apis/mediavault/event_wire.h"
#include "apis/mediavault/upload_watch.h"
#include "http/web_socket.h"
#include "realtime/hub.h"
#include "vault/vault.h"

namespace coffer::apis::mediavault {

// Codes of this API, from the range that RFC 6455 leaves to applications.
inline constexpr std::uint16_t kCloseUnauthorized = 4401;
inline constexpr std::uint16_t kCloseForbidden = 4403;
inline constexpr std::uint16_t kCloseTooSlow = 4408;

// How many messages each connection and account may send, by the rule of requests. Threads: any.
class MessageLimit {
 public:
  static constexpr std::uint32_t kConnectionsFull = 4;

  // `per_minute` 0: as many as come. REQUIRES: `clock` outlives it.
  MessageLimit(const Clock& clock, std::uint32_t per_minute)
      : limiter_(clock), per_minute_(per_minute) {}

  // For a new connection.
  std::uint64_t next_number() noexcept { return ++last_number_; }
  // Whether the connection of that number may send another one, and with it all of `account`, which
  // have kConnectionsFull times that; counts it.
  bool admit(std::uint64_t number, std::optional<vault::AccountId> account);

 private:
  RateLimiter limiter_;
  const std::uint32_t per_minute_;
  std::atomic<std::uint64_t> last_number_ = 0;
};

// Threads: its connection's core.
class RealtimeSession final : public http::WebSocketHandler, public realtime::Subscriber {
 public:
  static constexpr std::size_t kSubscriptionsMax = 100;
  static constexpr std::chrono::seconds kAuthWithin{10};

  // REQUIRES: `vault` and the hub of `place` outlive it.
  RealtimeSession(vault::Vault& vault, realtime::Hub& hub, realtime::Hub::Place place,
                  std::shared_ptr<MessageLimit> messages);
  ~RealtimeSession() override;

  // http::WebSocketHandler
  http::WebSocketOptions options() const override;
  Task<void> serve(http::WebSocket& socket) override;
  void tick() noexcept override;
  std::chrono::milliseconds tick_every() const noexcept override;

  // realtime::Subscriber
  void notify(const realtime::Notice& notice) override;
  void lose() override;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  // What a client has subscribed to.
  struct Topic {
    Channel channel = Channel::kMedia;
    std::optional<std::int64_t> resource = {};  // nothing: all of the account's

    bool covers(const vault::Event& event) const;
    // The events that it covers, for those who read the log.
    vault::OwnerEvents::Subject subject() const;
    friend bool operator==(const Topic&, const Topic&) = default;
  };
  // Events up to `through` were told, or are not asked for. What it has missed is read from the log
  // before it is live: notices that come meanwhile are in the log too.
  struct Subscription {
    std::uint64_t number;
    Topic topic;
    vault::EventId since;
    vault::EventId through;
    bool is_live = false;
    bool has_more = false;  // than was read: a notice came

    bool has_told(const vault::Event& event) const {
      return since < event.id && event.id <= through && topic.covers(event);
    }
  };
  struct Secret {
    std::string text;
    bool is_key = false;
  };

  bool is_authenticated() const noexcept { return account_.has_value(); }
  // Whether the client may go on sending.
  bool admit_message();
  Task<void> handle(std::string_view text);
  Task<void> authenticate(const boost::json::object& message);
  Task<void> subscribe(const boost::json::object& message);
  Task<void> unsubscribe(const boost::json::object& message);
  // The same for uploads, of which the log has nothing.
  void watch_uploads(const Topic& topic);
  // The message's topic; nothing: the client was told what is wrong with it.
  Task<std::optional<Topic>> read_topic(const boost::json::object& message, Fields& fields,
                                        bool must_exist);
  Task<std::optional<std::int64_t>> find_resource(Channel channel, std::string_view text,
                                                  bool must_exist);
  Task<vault::Result<vault::Caller>> identify(const Secret& secret);
  // Nothing: it has none.
  Task<std::optional<Time>> end_of_key(vault::AccountId account, vault::ApiKeyId key);
  // Closes where the credentials are no longer valid.
  Task<void> check_credentials();
  // Lets subscriptions go live, one after the other.
  Task<void> catch_up();
  // A part of it, when it is the account's turn. Whether there is more.
  Task<bool> read_missed(std::uint64_t number);
  Subscription* find(std::uint64_t number);
  // Ends that of the topic. False: there is none.
  bool erase(const Topic& topic);
  // Whether another subscription has told the event.
  bool was_told_by_another(const Subscription& except, const vault::Event& event) const;
  // Whether its notice is still to come, for another subscription that is live.
  bool is_awaited_by_another(const Subscription& except, const vault::Event& event) const;

  static boost::json::object described(std::string_view type, const Topic& topic);
  void send(const boost::json::object& message);
  // An error about `message`, with those of its members that say which one it was.
  void refuse(std::string_view code, std::string_view text, const boost::json::object& message,
              const std::vector<vault::FieldFault>& faults = {});
  void end(std::string_view text);  // with 4401
  void close(std::uint16_t code, std::string_view reason);
  // Where it is closed, by whomever: gives its place back, and is counted where it was too slow.
  void settle_if_closed() noexcept;

  vault::Vault& vault_;
  realtime::Hub& hub_;
  std::optional<realtime::Hub::Place> place_;  // until it is closed
  const std::shared_ptr<MessageLimit> messages_;
  const std::uint64_t number_;  // of messages_

  http::WebSocket* socket_ = nullptr;  // while it is served
  Executor* executor_ = nullptr;
  const SteadyTime opened_at_;

  std::optional<vault::AccountId> account_;
  Secret secret_;
  std::optional<Time> expires_at_;
  SteadyTime checked_at_;
  std::uint64_t checked_commits_ = 0;
  bool is_checking_ = false;

  std::vector<Subscription> subscriptions_;
  std::uint64_t last_number_ = 0;
  // Those that ended while others were catching up, each with the last number there was then: what
  // it has told need not be told by the others. At most kSubscriptionsMax.
  std::vector<Subscription> ended_;
  std::optional<UploadWatch> upload_watch_;  // while it is subscribed to uploads
  bool is_known_to_hub_ = false;
  bool is_catching_up_ = false;
  bool was_too_slow_ = false;
};

}  // namespace coffer::apis::mediavault
