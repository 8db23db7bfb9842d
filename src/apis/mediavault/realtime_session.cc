#include "apis/mediavault/realtime_session.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <memory>
#include <utility>
#include <variant>

#include "apis/kit/entry_ref.h"
#include "apis/kit/find_entry.h"
#include "apis/kit/json_text.h"
#include "apis/mediavault/mediavault.h"
#include "apis/mediavault/wire.h"
#include "base/thread.h"

namespace coffer::apis::mediavault {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMessageMax = 16 * 1024;
// Events that are read at a time for whoever missed them.
constexpr std::size_t kCatchUpPage = 200;
// Credentials are looked at again so long after something was committed, and after so long in any
// case: another process may have ended them.
constexpr std::chrono::seconds kCheckAfterChange{2};
constexpr std::chrono::seconds kCheckAnyway{15};

constexpr auto kTryAgainLater = static_cast<std::uint16_t>(http::CloseCode::kTryAgainLater);
constexpr auto kPolicyViolation = static_cast<std::uint16_t>(http::CloseCode::kPolicyViolation);

constexpr std::string_view kInvalid = "validation_error";
constexpr std::string_view kUnauthorized = "unauthorized";
constexpr std::string_view kForbidden = "forbidden";
constexpr std::string_view kNotFound = "not_found";

constexpr std::string_view kExpired = "The token or key has expired";

}  // namespace

bool MessageLimit::admit(std::uint64_t number, std::optional<vault::AccountId> account) {
  if (per_minute_ == 0) return true;
  if (!limiter_.admit(std::to_string(number), per_minute_).admitted) return false;
  return !account ||
         limiter_.admit("account " + std::to_string(account->value), kConnectionsFull * per_minute_)
             .admitted;
}

bool RealtimeSession::Topic::covers(const vault::Event& event) const {
  return channel_of(event) == channel && (!resource || *resource == resource_of(event));
}

vault::OwnerEvents::Subject RealtimeSession::Topic::subject() const {
  using Kind = vault::OwnerEvents::Subject::Kind;
  return {.kind = channel == Channel::kMedia ? Kind::kFile : Kind::kCollection, .id = resource};
}

RealtimeSession::RealtimeSession(vault::Vault& vault, realtime::Hub& hub,
                                 realtime::Hub::Place place, std::shared_ptr<MessageLimit> messages)
    : vault_(vault),
      hub_(hub),
      place_(std::move(place)),
      messages_(std::move(messages)),
      number_(messages_->next_number()),
      opened_at_(SteadyClock::now()) {}

RealtimeSession::~RealtimeSession() = default;

http::WebSocketOptions RealtimeSession::options() const {
  return {.max_message = kMessageMax, .too_slow_code = kCloseTooSlow};
}

Task<void> RealtimeSession::serve(http::WebSocket& socket) {
  socket_ = &socket;
  executor_ = &Executor::current();
  try {
    for (;;) {
      const auto text = co_await socket.receive();
      if (!text) break;
      if (admit_message()) co_await handle(*text);
    }
  } catch (...) {
    report_escaped_exception("realtime");
    socket.close(http::CloseCode::kInternalError, "something went wrong here");
  }
  if (is_known_to_hub_) hub_.remove(*executor_, *account_, *this);
  subscriptions_.clear();
  settle_if_closed();
  place_.reset();
}

// Until it has ended, its client has some time more.
void RealtimeSession::settle_if_closed() noexcept {
  if (socket_->is_closing()) place_.reset();
  if (socket_->close_code() == kCloseTooSlow && !std::exchange(was_too_slow_, true)) {
    hub_.note_too_slow();
  }
}

void RealtimeSession::tick() noexcept {
  settle_if_closed();
  contain_exceptions("realtime", [this] {
    const auto now = SteadyClock::now();
    if (!is_authenticated()) {
      if (now - opened_at_ > kAuthWithin) end("Authenticate within 10 seconds");
      return;
    }
    if (expires_at_ && vault_.clock().now() >= *expires_at_) return end(kExpired);
    if (upload_watch_ && !socket_->is_closing()) {
      upload_watch_->tell(now, vault_.clock().now(),
                          [this](const boost::json::object& message) { send(message); });
    }
    const bool is_due = hub_.commits() != checked_commits_ ? now - checked_at_ > kCheckAfterChange
                                                           : now - checked_at_ > kCheckAnyway;
    if (is_due && !std::exchange(is_checking_, true)) socket_->run(check_credentials());
  });
}

std::chrono::milliseconds RealtimeSession::tick_every() const noexcept {
  return upload_watch_ ? UploadWatch::kEvery : http::WebSocketHandler::tick_every();
}

bool RealtimeSession::admit_message() {
  if (messages_->admit(number_, account_)) return true;
  refuse("rate_limited", "Too many messages; send fewer a minute", {});
  close(kPolicyViolation, "too many messages");
  return false;
}

Task<void> RealtimeSession::handle(std::string_view text) {
  const auto parsed = parse_json_object(text);
  if (!parsed) {
    refuse(kInvalid, "Send one JSON object with unique keys in each message", {});
    if (!is_authenticated()) end("The first message must be an auth");
    co_return;
  }
  const boost::json::object& message = *parsed;
  const auto* type = message.if_contains("type");
  const std::string_view name =
      type && type->is_string() ? std::string_view(type->get_string()) : std::string_view();
  if (name == "auth") {
    co_await authenticate(message);
  } else if (!is_authenticated()) {
    end("The first message must be an auth");
  } else if (name == "subscribe") {
    co_await subscribe(message);
  } else if (name == "unsubscribe") {
    co_await unsubscribe(message);
  } else if (name == "ping") {
    send({{"type", "pong"}});
  } else {
    refuse(kInvalid, "Invalid input data", message,
           {{"type", "Must be auth, subscribe, unsubscribe or ping"}});
  }
}

Task<vault::Result<vault::Caller>> RealtimeSession::identify(const Secret& secret) {
  if (!secret.is_key) {
    auto bearer = co_await vault_.sessions().authenticate(secret.text);
    co_return bearer;
  }
  auto holder = co_await vault_.api_keys().authenticate(secret.text);
  if (holder && holder->credential != vault::Credential::kApiKey) {
    co_return vault::fail(vault::FailureCode::kTokenInvalid, "the key is of another kind");
  }
  co_return holder;
}

// The first key of those from there on.
Task<std::optional<Time>> RealtimeSession::end_of_key(vault::AccountId account,
                                                      vault::ApiKeyId key) {
  const vault::ApiKeyId before{key.value - 1};
  const auto page = co_await vault_.api_keys().list(account, before, 1);
  if (page.items.empty() || page.items.front().id != key) co_return std::nullopt;
  co_return page.items.front().expires_at;
}

Task<void> RealtimeSession::authenticate(const boost::json::object& message) {
  Fields fields(message);
  const auto token = fields.optional_text("token");
  const auto key = fields.optional_text("api_key");
  if (fields.has("token") == fields.has("api_key")) {
    fields.fault("token", "Send either a token or an api_key");
  }
  if (const auto problem = fields.problem()) {
    refuse(kInvalid, "Invalid input data", {}, problem->fields);
    if (!is_authenticated()) end("The first message must be an auth");
    co_return;
  }
  Secret secret{.text = token ? *token : *key, .is_key = key.has_value()};
  const std::uint64_t commits = hub_.commits();
  const auto caller = co_await identify(secret);
  if (!caller) {
    co_return end("The token or key is not valid: " + caller.error().message);
  }
  // The gateway, which knows no messages, has let the request itself in.
  if (!caller->scopes.read) {
    constexpr std::string_view kText = "This key does not have the scope read; use one that has it";
    refuse(kForbidden, kText, {});
    co_return close(kCloseForbidden, kText);
  }
  const vault::AccountId account = caller->account.id;
  if (account_ && *account_ != account) {
    co_return refuse(kForbidden, "This connection is another account's; open one of its own", {});
  }
  std::optional<Time> expires_at;
  if (secret.is_key) {
    expires_at = co_await end_of_key(account, caller->key.value());
  } else {
    expires_at = vault_.sessions().expiry_of(secret.text);
  }
  if (!account_ && (!place_ || !place_->join(account))) {
    refuse("busy", "The account has as many connections as it may have; close some", {});
    co_return close(kTryAgainLater, "too many connections");
  }
  account_ = account;
  expires_at_ = expires_at;
  secret_ = std::move(secret);
  checked_at_ = SteadyClock::now();
  checked_commits_ = commits;
  boost::json::value expires;
  if (expires_at_) expires = boost::json::string(to_iso8601(*expires_at_));
  send({{"type", "authenticated"}, {"user_id", user_id(account)}, {"expires_at", expires}});
}

Task<void> RealtimeSession::check_credentials() {
  // What is committed from now on is for the next time.
  const std::uint64_t commits = hub_.commits();
  const auto caller = co_await identify(secret_);
  is_checking_ = false;
  if (!caller || caller->account.id != *account_) {
    const bool has_expired = !caller && caller.error().code == vault::FailureCode::kTokenExpired;
    co_return end(has_expired ? kExpired : "The token or key was revoked");
  }
  checked_at_ = SteadyClock::now();
  checked_commits_ = commits;
}

// Whether the file, or the collection, is the account's is asked only for what is subscribed to.
Task<std::optional<std::int64_t>> RealtimeSession::find_resource(Channel channel,
                                                                 std::string_view text,
                                                                 bool must_exist) {
  if (channel == Channel::kCollections) {
    const auto id = parse_collection_id(text);
    if (!id) co_return std::nullopt;
    if (!must_exist) co_return id->value;
    const auto collection = co_await vault_.collections().find(*account_, *id);
    if (!collection) co_return std::nullopt;
    co_return collection->id.value;
  }
  const auto ref = parse_media_id(text);
  if (!ref) co_return std::nullopt;
  const auto* id = std::get_if<vault::EntryId>(&*ref);
  if (!must_exist && id) co_return id->value;
  const auto entry = co_await find_file(vault_, *account_, *ref);
  if (!entry) co_return std::nullopt;
  co_return entry->id.value;
}

Task<std::optional<RealtimeSession::Topic>> RealtimeSession::read_topic(
    const boost::json::object& message, Fields& fields, bool must_exist) {
  Topic topic;
  const std::string name = fields.text("channel");
  const auto channel = channel_from(name);
  const auto* given = message.if_contains("channel");
  if (!channel && given && given->is_string()) {
    fields.fault("channel", "Must be media_updates, collection_updates or upload_updates");
  }
  const auto resource = fields.nullable_text("resource_id");
  if (const auto problem = fields.problem()) {
    refuse(kInvalid, "Invalid input data", message, problem->fields);
    co_return std::nullopt;
  }
  topic.channel = *channel;
  if (!resource || !*resource) co_return topic;
  if (*channel == Channel::kUploads) {
    refuse(kInvalid, "Invalid input data", message,
           {{"resource_id", "Leave it out: this channel has all uploads"}});
    co_return std::nullopt;
  }
  topic.resource = co_await find_resource(*channel, **resource, must_exist);
  if (topic.resource) co_return topic;
  refuse(kNotFound,
         *channel == Channel::kMedia ? "There is no such media" : "There is no such collection",
         message);
  co_return std::nullopt;
}

Task<void> RealtimeSession::subscribe(const boost::json::object& message) {
  Fields fields(message);
  std::optional<vault::EventId> wanted;
  if (const auto text = fields.nullable_text("last_event_id"); text && *text) {
    wanted = parse_event_id(**text);
    if (!wanted) fields.fault("last_event_id", "Must be the id of an event, such as event_12");
  }
  const auto topic = co_await read_topic(message, fields, true);
  if (!topic) co_return;
  if (topic->channel == Channel::kUploads) co_return watch_uploads(*topic);
  const auto same = std::ranges::find(subscriptions_, *topic, &Subscription::topic);
  if (same == subscriptions_.end() && subscriptions_.size() >= kSubscriptionsMax) {
    co_return refuse("too_many_subscriptions",
                     "A connection has 100 subscriptions at most; leave resource_id out", message);
  }
  const vault::EventId last = co_await vault_.owner_events().last();
  bool has_gap = false;
  if (wanted && *wanted > last) {
    // Of another log: the vault was restored from a backup.
    has_gap = true;
    wanted = last;
  } else if (wanted) {
    const auto page = co_await vault_.owner_events().read(*account_, topic->subject(), *wanted, 1);
    has_gap = page.has_gap;
  }
  if (has_gap) hub_.note_gap();
  if (socket_->is_closing()) co_return;
  const vault::EventId from = wanted.value_or(last);
  erase(*topic);
  subscriptions_.push_back(
      {.number = ++last_number_, .topic = *topic, .since = from, .through = from});
  if (!std::exchange(is_known_to_hub_, true)) hub_.add(*executor_, *account_, *this, last);
  boost::json::object reply = described("subscribed", *topic);
  // Lists that are read because of a gap have everything up to now.
  reply["last_event_id"] = event_id(has_gap ? last : from);
  reply["gap"] = has_gap;
  send(reply);
  if (!std::exchange(is_catching_up_, true)) socket_->run(catch_up());
}

void RealtimeSession::watch_uploads(const Topic& topic) {
  if (!upload_watch_) upload_watch_.emplace(vault_.uploads_in_flight(), *account_);
  boost::json::object reply = described("subscribed", topic);
  reply["last_event_id"] = nullptr;
  reply["gap"] = false;
  send(reply);
}

Task<void> RealtimeSession::unsubscribe(const boost::json::object& message) {
  Fields fields(message);
  const auto topic = co_await read_topic(message, fields, false);
  if (!topic) co_return;
  const bool was_watching = topic->channel == Channel::kUploads && upload_watch_;
  if (was_watching) upload_watch_.reset();
  if (!was_watching && !erase(*topic))
    co_return refuse(kNotFound, "There is no such subscription", message);
  send(described("unsubscribed", *topic));
}

boost::json::object RealtimeSession::described(std::string_view type, const Topic& topic) {
  boost::json::object message{{"type", type}, {"channel", name_of(topic.channel)}};
  message["resource_id"] = nullptr;
  if (topic.resource) message["resource_id"] = resource_id(topic.channel, *topic.resource);
  return message;
}

RealtimeSession::Subscription* RealtimeSession::find(std::uint64_t number) {
  const auto found = std::ranges::find(subscriptions_, number, &Subscription::number);
  return found == subscriptions_.end() ? nullptr : &*found;
}

bool RealtimeSession::erase(const Topic& topic) {
  const auto found = std::ranges::find(subscriptions_, topic, &Subscription::topic);
  if (found == subscriptions_.end()) return false;
  if (is_catching_up_) {
    // With more than that, a client is told twice what it asked for twice.
    if (ended_.size() == kSubscriptionsMax) ended_.erase(ended_.begin());
    ended_.push_back(*found);
    ended_.back().number = last_number_;
  }
  subscriptions_.erase(found);
  return true;
}

bool RealtimeSession::was_told_by_another(const Subscription& except,
                                          const vault::Event& event) const {
  const auto told = [&](const Subscription& one) {
    return one.number != except.number && one.has_told(event);
  };
  // Who subscribes after another one has ended is told all that it asks for.
  const auto told_before = [&](const Subscription& one) {
    return one.number >= except.number && one.has_told(event);
  };
  return std::ranges::any_of(subscriptions_, told) || std::ranges::any_of(ended_, told_before);
}

bool RealtimeSession::is_awaited_by_another(const Subscription& except,
                                            const vault::Event& event) const {
  return std::ranges::any_of(subscriptions_, [&](const Subscription& one) {
    return one.number != except.number && one.is_live && one.through < event.id &&
           one.topic.covers(event);
  });
}

Task<void> RealtimeSession::catch_up() {
  for (;;) {
    const auto next = std::ranges::find(subscriptions_, false, &Subscription::is_live);
    if (next == subscriptions_.end() || socket_->is_closing()) break;
    const bool has_more = co_await read_missed(next->number);
    if (!has_more) continue;
    // The rest when there is room for it.
    const bool goes_on = co_await socket_->wait_until_sent();
    if (!goes_on) break;
    co_await yield(*executor_);
  }
  is_catching_up_ = false;
  ended_.clear();
}

Task<bool> RealtimeSession::read_missed(std::uint64_t number) {
  const auto turn = co_await hub_.turns().take(*account_);
  Subscription* subscription = find(number);
  if (!subscription || socket_->is_closing()) co_return false;
  subscription->has_more = false;
  const auto page = co_await vault_.owner_events().read(*account_, subscription->topic.subject(),
                                                        subscription->through, kCatchUpPage);
  subscription = find(number);
  if (!subscription) co_return false;
  for (const vault::Event& event : page.events) {
    if (!was_told_by_another(*subscription, event)) {
      // Notices come in order: those of this event and of all behind it are still to come. Who
      // went live too is told by them, in turn with the other and whether or not that stays.
      if (is_awaited_by_another(*subscription, event)) {
        subscription->is_live = true;
        co_return false;
      }
      socket_->send(std::make_shared<const std::string>(event_message(event)));
    }
    subscription->through = event.id;
  }
  if (page.events.size() == kCatchUpPage) co_return true;
  subscription->is_live = !subscription->has_more;
  co_return false;
}

void RealtimeSession::notify(const realtime::Notice& notice) {
  const vault::Event& event = notice.event;
  bool is_wanted = false;
  for (Subscription& one : subscriptions_) {
    if (event.id <= one.through || !one.topic.covers(event)) continue;
    if (one.is_live) {
      one.through = event.id;
      is_wanted = true;
    } else {
      one.has_more = true;
    }
  }
  if (!is_wanted) return;
  socket_->send(notice.text);
  settle_if_closed();
}

void RealtimeSession::lose() {
  hub_.note_gap();
  close(kTryAgainLater, "events were missed; connect again");
}

void RealtimeSession::send(const boost::json::object& message) {
  socket_->send(std::make_shared<const std::string>(json_text(message)));
}

void RealtimeSession::refuse(std::string_view code, std::string_view text,
                             const boost::json::object& message,
                             const std::vector<vault::FieldFault>& faults) {
  boost::json::array details;
  for (const vault::FieldFault& fault : faults) {
    details.push_back({{"field", fault.field}, {"message", fault.message}});
  }
  boost::json::object error{
      {"type", "error"}, {"code", code}, {"message", text}, {"details", std::move(details)}};
  for (const std::string_view name : {"channel", "resource_id"}) {
    const auto* value = message.if_contains(name);
    if (value && value->is_string()) error[name] = *value;
  }
  send(error);
}

void RealtimeSession::end(std::string_view text) {
  if (socket_->is_closing()) return;
  refuse(kUnauthorized, text, {});
  close(kCloseUnauthorized, text);
}

// Its place is free from then on: the client may take its time to answer.
void RealtimeSession::close(std::uint16_t code, std::string_view reason) {
  socket_->close(code, reason);
  settle_if_closed();
}

}  // namespace coffer::apis::mediavault
