#include "client/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/text.h"
#include "client/error.h"

namespace coffer::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kAttempts = 5;
constexpr milliseconds kFirstDelay{250};
constexpr milliseconds kLongestDelay{15'000};
constexpr seconds kLongestRetryAfter{60};
// A token is renewed so long before its end.
constexpr seconds kMargin{30};
// A refresh whose reply was lost has to be repeated within 30 seconds.
constexpr milliseconds kRefreshTimeout{10'000};
constexpr std::size_t kKeyLength = 32;
constexpr std::string_view kKeyAlphabet = "0123456789abcdef";
constexpr std::size_t kPageSize = 100;
constexpr std::uint64_t kWaitMax = 365UL * 24 * 60 * 60;  // seconds that a reply may ask for
constexpr unsigned kTooManyRequests = 429;
constexpr unsigned kUnavailable = 503;
constexpr unsigned kUnauthorized = 401;
constexpr unsigned kNotFound = 404;

ApiError error_of(const Reply& reply, const std::string& url) {
  std::optional<seconds> retry_after;
  if (const auto value = parse_unsigned(reply.field("retry-after")); value && *value <= kWaitMax) {
    retry_after = seconds(*value);
  }
  boost::system::error_code failed;
  const boost::json::value body = boost::json::parse(reply.body, failed);
  const auto* object = failed ? nullptr : body.if_object();
  const auto* error = object ? object->if_contains("error") : nullptr;
  if (!error || !error->is_object()) {
    std::string text = fmt::format("{} answers with status {}", url, reply.status);
    if (reply.status == kNotFound) text += ": no vault is at that address";
    if (const std::string place = reply.field("location"); !place.empty()) {
      text += "; it redirects to " + place;
    }
    return {reply.status, "", text, retry_after};
  }
  const boost::json::object& about = error->get_object();
  std::string text = text_member(about, "message");
  if (const auto* details = about.if_contains("details"); details && details->is_array()) {
    for (const auto& detail : details->get_array()) {
      if (!detail.is_object()) continue;
      text += "\n  " + text_member(detail.get_object(), "field") + ": " +
              text_member(detail.get_object(), "message");
    }
  }
  return {reply.status, text_member(about, "code"), text, retry_after};
}

Reply send_checked(const Request& request) {
  Reply reply = send(request);
  if (reply.status / 100 != 2) throw error_of(reply, request.url.substr(0, request.url.find('?')));
  return reply;
}

boost::json::object parse_reply(const Reply& reply, const std::string& url) {
  boost::system::error_code failed;
  boost::json::value value = boost::json::parse(reply.body, failed);
  if (failed || !value.is_object()) {
    throw Error(url + " is no vault: its reply is not JSON");
  }
  return std::move(value.get_object());
}

boost::json::object data_of(boost::json::object reply) {
  auto* data = reply.if_contains("data");
  if (!data || !data->is_object()) throw Error("the vault's reply has no data");
  return std::move(data->get_object());
}

std::string with_query(std::string url, const Query& query) {
  char separator = '?';
  for (const auto& [name, value] : query) {
    url += separator + escape(name) + '=' + escape(value);
    separator = '&';
  }
  return url;
}

bool may_repeat(const ApiError& error) {
  return error.status() == kTooManyRequests || error.status() == kUnavailable ||
         error.code() == "idempotency_in_progress";
}

// Waits before another attempt; throws the error that is being handled where there is to be none.
void pause(int attempt, const std::exception& error, const OnWait& on_wait) {
  const auto* refusal = dynamic_cast<const ApiError*>(&error);
  const auto asked = refusal ? refusal->retry_after() : std::nullopt;
  if (attempt >= kAttempts || (asked && *asked > kLongestRetryAfter)) throw;
  const milliseconds longest = std::min(kFirstDelay * (1 << (attempt - 1)), kLongestDelay);
  thread_local std::minstd_rand generator(std::random_device{}());
  const milliseconds chance(
      std::uniform_int_distribution<std::int64_t>(0, longest.count() / 2)(generator));
  const milliseconds wait = asked ? milliseconds(*asked) + chance : longest - chance;
  if (on_wait) on_wait(error.what(), wait);
  std::this_thread::sleep_for(wait);
}

// Tokens by a call without credentials, which gives a valid pair each time.
void fetch_tokens(Credentials& into, std::string_view path, const boost::json::object& body,
                  milliseconds timeout, const OnWait& on_wait) {
  Request request{.method = "POST", .url = into.root + std::string(path)};
  request.json = boost::json::serialize(body);
  request.timeout = timeout;
  for (int attempt = 1;; ++attempt) {
    try {
      const Time sent = system_clock().now();
      const auto data = data_of(parse_reply(send_checked(request), request.url));
      into.token = text_member(data, "token");
      into.refresh_token = text_member(data, "refresh_token");
      into.expires_at.reset();
      const auto* lifetime = data.if_contains("expires_in");
      if (lifetime && lifetime->is_int64()) {
        into.expires_at = sent + seconds(lifetime->get_int64());
      }
      return;
    } catch (const ConnectionLost& error) {
      pause(attempt, error, on_wait);
    } catch (const ApiError& error) {
      if (!may_repeat(error)) throw;
      pause(attempt, error, on_wait);
    }
  }
}

}  // namespace

std::string text_member(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

boost::json::object find_collection(Session& session, const std::string& id) {
  try {
    return session.data("GET", "/collections/" + escape(id));
  } catch (const ApiError& error) {
    if (error.status() != kNotFound) throw;
    throw Error(id + ": " + error.what());
  }
}

std::string escape(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Credentials log_in(const std::string& root, const std::string& username,
                   const std::string& password, const OnWait& on_wait) {
  Credentials credentials{.root = root, .username = username};
  fetch_tokens(credentials, "/auth/login", {{"username", username}, {"password", password}},
               Request{}.timeout, on_wait);
  return credentials;
}

Credentials log_in_by_key(const std::string& root, const std::string& key) {
  Request request{.url = root + "/users/me", .fields = {{"X-API-Key", key}}};
  const auto me = data_of(parse_reply(send_checked(request), request.url));
  return {.root = root, .username = text_member(me, "username"), .api_key = key};
}

void end_session(Credentials credentials) {
  if (!credentials.api_key.empty()) return;
  const auto call = [&](std::string_view path, const boost::json::object& body) {
    Request request{.method = "POST", .url = credentials.root + std::string(path)};
    request.timeout = kRefreshTimeout;
    if (body.empty()) {
      request.fields = {{"Authorization", "Bearer " + credentials.token}};
    } else {
      request.json = boost::json::serialize(body);
    }
    return send_checked(request);
  };
  try {
    (void)call("/auth/logout", {});
    return;
  } catch (const ApiError& error) {
    if (error.status() != kUnauthorized || credentials.refresh_token.empty()) throw;
  }
  // The token has ended, which its session outlives.
  try {
    const Reply reply = call("/auth/refresh", {{"refresh_token", credentials.refresh_token}});
    credentials.token = text_member(data_of(parse_reply(reply, credentials.root)), "token");
  } catch (const ApiError& error) {
    if (error.status() == kUnauthorized) return;  // there is no session any more
    throw;
  }
  (void)call("/auth/logout", {});
}

Session::Session(CredentialFile file, OnWait on_wait)
    : file_(std::move(file)), on_wait_(std::move(on_wait)) {
  auto stored = file_.load();
  if (!stored) throw LoggedOut("nobody is logged in; run `coffer login URL`");
  credentials_ = std::move(*stored);
}

boost::json::object Session::call(std::string_view method, std::string_view path,
                                  const Query& query,
                                  const std::optional<boost::json::object>& body) {
  Request request{.method = std::string(method)};
  if (body) request.json = boost::json::serialize(*body);
  return parse_reply(send(std::move(request), path, query), credentials_.root);
}

boost::json::object Session::data(std::string_view method, std::string_view path,
                                  const Query& query,
                                  const std::optional<boost::json::object>& body) {
  return data_of(call(method, path, query, body));
}

void Session::list(std::string_view path, const Query& query,
                   const std::function<void(const boost::json::object&)>& each) {
  std::string cursor;
  for (;;) {
    Query page = query;
    page.emplace_back("per_page", std::to_string(kPageSize));
    page.emplace_back("cursor", cursor);
    const boost::json::object reply = call("GET", path, page);
    for (const auto& item : reply.at("data").as_array()) each(item.as_object());
    const auto& links = reply.at("meta").at("pagination").at("links").as_object();
    cursor = text_member(links, "next_cursor");
    if (cursor.empty()) return;
  }
}

Reply Session::send(Request request, std::string_view path, const Query& query, bool repeats) {
  request.url = with_query(credentials_.root + std::string(path), query);
  const auto is_key = [](const auto& field) { return field.first == "Idempotency-Key"; };
  if (request.method == "POST" && std::ranges::none_of(request.fields, is_key)) {
    request.fields.emplace_back("Idempotency-Key",
                                random_text(system_entropy(), kKeyLength, kKeyAlphabet));
  }
  const auto plain = request.fields;
  bool is_renewed = false;
  for (int attempt = 1;; ++attempt) {
    if (!is_renewed) is_renewed = renew_if_due();
    request.fields = plain;
    authorize(request);
    try {
      return send_checked(request);
    } catch (const ConnectionLost& error) {
      if (!repeats) throw;
      wait_before_retry(attempt, error);
    } catch (const ApiError& error) {
      const bool is_unauthorized = error.status() == kUnauthorized;
      if (is_unauthorized && !credentials_.api_key.empty()) {
        throw LoggedOut(fmt::format("{}; run `coffer login URL` again", error.what()));
      }
      if (is_unauthorized && !std::exchange(is_renewed, true)) {
        renew(credentials_.token);
        continue;
      }
      if (!may_repeat(error)) throw;
      wait_before_retry(attempt, error);
    }
  }
}

void Session::authorize(Request& request) const {
  if (!credentials_.api_key.empty()) {
    request.fields.emplace_back("X-API-Key", credentials_.api_key);
  } else {
    request.fields.emplace_back("Authorization", "Bearer " + credentials_.token);
  }
}

bool Session::renew_if_due() {
  const auto& end = credentials_.expires_at;
  if (!credentials_.api_key.empty() || !end || system_clock().now() <= *end - kMargin) return false;
  renew(credentials_.token);
  return true;
}

void Session::renew(const std::string& stale_token) {
  credentials_ = file_.update([&](std::optional<Credentials> stored) {
    if (!stored) throw LoggedOut("nobody is logged in any more; run `coffer login URL`");
    if (stored->root != credentials_.root || stored->username != credentials_.username) {
      throw LoggedOut("somebody logged in anew; run the command again");
    }
    // Another process may have got some meanwhile.
    if (stored->token != stale_token || !stored->api_key.empty()) return std::move(*stored);
    try {
      fetch_tokens(*stored, "/auth/refresh", {{"refresh_token", stored->refresh_token}},
                   kRefreshTimeout, on_wait_);
    } catch (const ApiError& error) {
      if (error.status() != kUnauthorized) throw;
      throw LoggedOut("the session has ended; run `coffer login URL` again");
    }
    return std::move(*stored);
  });
}

void Session::wait_before_retry(int attempt, const std::exception& error) const {
  pause(attempt, error, on_wait_);
}

}  // namespace coffer::client
