#include "client/watch.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "client/error.h"
#include "client/web_socket.h"

namespace coffer::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPingAfter{30'000};
constexpr milliseconds kLookEvery{1'000};
constexpr milliseconds kFirstDelay{250};
constexpr milliseconds kLongestDelay{15'000};
constexpr unsigned kUnauthorized = 4401;
constexpr unsigned kForbidden = 4403;
constexpr unsigned kTooManyRequests = 429;
constexpr int kRefusalsMax = 3;

// https://host/api/v1 -> https://host/realtime
std::string realtime_url(std::string root) {
  for (const std::string_view end : {"/v1", "/api"}) {
    if (root.ends_with(end)) root.resize(root.size() - end.size());
  }
  return root + "/realtime";
}

// One run of watch(): connection after connection.
class Watcher {
 public:
  Watcher(Session& session, const WatchOptions& options,
          const std::function<void(const boost::json::object&)>& each)
      : session_(session), each_(each) {
    for (const std::string& channel : options.channels) last_[channel] = options.since;
  }

  // Until the connection ends; throws.
  void serve() {
    is_subscribed_ = false;
    refusal_.clear();
    WebSocket socket(realtime_url(session_.credentials().root));
    authenticate(socket);
    auto asked = steady_clock::now();
    for (;;) {
      const auto received = socket.receive(kLookEvery);
      if (received.kind == WebSocket::Received::Kind::kClosed) return end(received);
      if (received.kind == WebSocket::Received::Kind::kMessage) take(socket, received.text);
      if (session_.renew_if_due()) authenticate(socket);
      if (steady_clock::now() - asked < kPingAfter) continue;
      if (socket.is_quiet()) throw ConnectionLost("the server does not answer");
      socket.ping();
      asked = steady_clock::now();
    }
  }

  // Whether a connection was authenticated since the last question.
  bool was_connected() { return std::exchange(was_connected_, false); }

 private:
  void authenticate(WebSocket& socket) {
    const Credentials& credentials = session_.credentials();
    boost::json::object message{{"type", "auth"}};
    if (credentials.api_key.empty()) {
      message["token"] = credentials.token;
    } else {
      message["api_key"] = credentials.api_key;
    }
    token_ = credentials.token;
    socket.send(boost::json::serialize(message));
  }

  void subscribe(WebSocket& socket) {
    for (const auto& [channel, last] : last_) {
      boost::json::object message{{"type", "subscribe"}, {"channel", channel}};
      if (!last.empty()) message["last_event_id"] = last;
      socket.send(boost::json::serialize(message));
    }
  }

  void take(WebSocket& socket, const std::string& text) {
    boost::system::error_code failed;
    const boost::json::value value = boost::json::parse(text, failed);
    const auto* message = failed ? nullptr : value.if_object();
    if (!message) throw ConnectionLost("the server sent no JSON");
    const std::string type = text_member(*message, "type");
    const std::string channel = text_member(*message, "channel");
    if (type == "authenticated") {
      if (!std::exchange(is_subscribed_, true)) subscribe(socket);
      was_connected_ = true;
      refusals_ = 0;
    } else if (type == "subscribed") {
      const auto* gap = message->if_contains("gap");
      if (gap && *gap == boost::json::value(true)) each_({{"type", "gap"}, {"channel", channel}});
      last_[channel] = text_member(*message, "last_event_id");
    } else if (type == "event") {
      each_(*message);
      last_[channel] = text_member(*message, "id");
    } else if (type == "error") {
      refusal_ = text_member(*message, "message");
      if (!channel.empty()) throw Error(refusal_);
    }
  }

  // A token that is valid no longer is renewed; a short-lived one may end on its way more than
  // once.
  void end(const WebSocket::Received& close) {
    const std::string why = refusal_.empty() ? close.text : refusal_;
    if (close.close_code == kForbidden) throw Error(why);
    if (close.close_code != kUnauthorized) throw ConnectionLost(why);
    if (session_.credentials().token.empty() || ++refusals_ > kRefusalsMax) {
      throw Error(why + "; run `coffer login` again");
    }
    session_.renew(token_);
    throw ConnectionLost(why);
  }

  Session& session_;
  const std::function<void(const boost::json::object&)>& each_;
  std::map<std::string, std::string> last_;  // by channel: the last event that came
  std::string token_;                        // that the connection was authenticated with
  std::string refusal_;                      // the last error that was about no subscription
  bool is_subscribed_ = false;
  bool was_connected_ = false;
  int refusals_ = 0;  // of the token, one after another
};

bool is_final(const ApiError& error) {
  return error.status() != kTooManyRequests && error.status() / 100 != 5;
}

}  // namespace

void watch(Session& session, const WatchOptions& options,
           const std::function<void(const boost::json::object&)>& each,
           const std::function<void(const std::string& why)>& lost) {
  Watcher watcher(session, options, each);
  bool was_ever = false;
  milliseconds delay = kFirstDelay;
  for (int failures = 0;;) {
    std::optional<std::chrono::seconds> asked;
    std::string why;
    try {
      watcher.serve();
    } catch (const ConnectionLost& error) {
      why = error.what();
    } catch (const ApiError& error) {
      if (is_final(error)) throw;
      why = error.what();
      asked = error.retry_after();
    }
    if (watcher.was_connected()) {
      was_ever = true;
      failures = 0;
      delay = kFirstDelay;
    }
    // A server that was never there is a wrong address; one that was comes back.
    constexpr int kFirstAttempts = 5;
    if (!was_ever && ++failures >= kFirstAttempts) throw Error(why);
    lost(why);
    std::this_thread::sleep_for(asked ? std::min<milliseconds>(*asked, std::chrono::minutes(1))
                                      : delay);
    delay = std::min(delay * 2, kLongestDelay);
  }
}

}  // namespace coffer::client
