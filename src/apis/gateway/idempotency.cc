#include "apis/gateway/idempotency.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <variant>

#include "base/log.h"
#include "base/text.h"

namespace coffer::apis {
namespace {

constexpr std::string_view kField = "Idempotency-Key";
constexpr std::string_view kReplayed = "Idempotency-Replayed";
// What describes a reply, besides its status and its body.
constexpr std::array<std::string_view, 5> kKeptFields{"Content-Type", "Location", "ETag", "Link",
                                                      "Cache-Control"};
// Events of one change that a lost reply is made from again: a form has 100 files at most.
constexpr std::size_t kEventsMax = 128;

std::expected<std::string_view, Problem> key_of(const http::Request& request) {
  const auto is_key = [](const auto& field) { return equal_ignoring_case(field.name, kField); };
  const auto count = std::count_if(request.headers.begin(), request.headers.end(), is_key);
  const std::string_view key = trim(request.header(kField).value_or(""));
  const bool is_printable = std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
  if (count != 1 || key.empty() || key.size() > Idempotency::kKeyMax || !is_printable) {
    return std::unexpected(
        Problem::field(std::string(kField), "Must be 1 to 255 printable ASCII characters, once"));
  }
  return key;
}

// The reply as it is kept; nothing where it is too long, or made while it is sent.
std::optional<vault::KeptReply> kept_form(const http::Response& response) {
  if (response.rest || response.length() > vault::kKeptReplyMax) return std::nullopt;
  vault::KeptReply kept{.status = response.status, .headers = {}, .body = {}};
  for (const http::Segment& segment : response.body) {
    const auto* text = std::get_if<std::string>(&segment);
    if (!text) return std::nullopt;
    kept.body += *text;
  }
  for (const std::string_view name : kKeptFields) {
    if (const auto value = response.headers.get(name)) {
      kept.headers.append(name).append(": ").append(*value).append("\r\n");
    }
  }
  return kept;
}

http::Response response_from(const vault::KeptReply& kept) {
  http::Response response;
  response.status = kept.status;
  std::string_view rest = kept.headers;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    const std::size_t colon = line.find(": ");
    response.headers.add(line.substr(0, colon), line.substr(colon + 2));
    rest.remove_prefix(line.size() + 2);
  }
  if (!kept.body.empty()) response.body.emplace_back(kept.body);
  return response;
}

Problem mismatch() {
  return {ProblemKind::kIdempotencyMismatch,
          "This Idempotency-Key was used for another request; use a new one for each"};
}

Problem reply_lost(Repeat repeat) {
  if (repeat == Repeat::kSealedReply) {
    return {ProblemKind::kReplyLost,
            "The first request with this Idempotency-Key was carried out; its reply has a secret,"
            " and only the token or key that was sent with it gets it again: send that, or delete"
            " what it made and make another with a new key"};
  }
  return {ProblemKind::kReplyLost,
          "The first request with this Idempotency-Key was carried out; its reply is not known any"
          " more: read what it changed"};
}

}  // namespace

Idempotency::Idempotency(vault::Vault& vault, Metrics& metrics) : vault_(vault) {
  metrics.counter("coffer_idempotent_replays_total",
                  "Requests with an idempotency key that got the first reply again",
                  [this] { return static_cast<double>(replayed_); });
  metrics.counter("coffer_idempotent_refusals_total",
                  "Requests whose idempotency key was another request's, or one's under way",
                  [this] { return static_cast<double>(refused_); });
  metrics.counter("coffer_idempotent_replies_lost_total",
                  "Replies to requests with an idempotency key that were not kept",
                  [this] { return static_cast<double>(lost_); });
  metrics.gauge("coffer_idempotent_requests", "Requests with an idempotency key under way", [this] {
    const std::lock_guard lock(mutex_);
    return static_cast<double>(under_way_.size());
  });
}

bool Idempotency::is_offered(const Dialect& dialect, const Route& route) {
  return route.method == http::Method::kPost && route.repeat != Repeat::kRunsAgain &&
         route.access != Access::kAnyone && dialect.takes_idempotency_keys();
}

bool Idempotency::applies(const Dialect& dialect, const Route& route,
                          const RequestContext& context) {
  return is_offered(dialect, route) && context.caller && !context.caller->account.is_guest &&
         context.request.header(kField);
}

Task<Reply> Idempotency::call(const Dialect& dialect, const Route& route, RequestContext& context,
                              BodyCheck& check) {
  const auto key = key_of(context.request);
  if (!key) co_return std::unexpected(key.error());
  const vault::AccountId account = context.account().id;
  const Sha256Digest hash = Sha256::of(as_bytes(*key));
  const auto slot = enter(std::to_string(account.value) + ' ' + std::string(*key));
  if (!slot) {
    ++refused_;
    co_return std::unexpected(Problem(ProblemKind::kRequestInProgress,
                                      "The first request with this Idempotency-Key is under way;"
                                      " send it again in a moment"));
  }
  if (route.body_limit <= kListLimit) {
    auto problem = co_await check.read_into_memory();
    if (problem) co_return std::unexpected(std::move(*problem));
  }
  const auto kept = co_await vault_.idempotency_keys().find(account, hash);
  if (kept) {
    Reply reply = co_await answer_again(dialect, route, context, check, hash, *kept);
    co_return reply;
  }
  vault::IdempotencyClaim claim(
      hash, [&check] { return check.fingerprint(); }, vault_.clock());
  context.claim = &claim;
  Reply reply = co_await route.handler(context);
  context.claim = nullptr;
  if (reply) co_await keep(dialect, route, context, claim, *reply);
  co_return reply;
}

Task<Reply> Idempotency::answer_again(const Dialect& dialect, const Route& route,
                                      RequestContext& context, BodyCheck& check,
                                      const Sha256Digest& key, const vault::KeptRequest& kept) {
  auto problem = co_await check.drain();
  if (problem) co_return std::unexpected(std::move(*problem));
  if (check.fingerprint() != kept.fingerprint) {
    ++refused_;
    co_return std::unexpected(mismatch());
  }
  Reply reply = co_await reply_again(dialect, route, context, key, kept);
  if (reply) {
    ++replayed_;
    reply->headers.set(kReplayed, "true");
  }
  co_return reply;
}

Task<Reply> Idempotency::reply_again(const Dialect& dialect, const Route& route,
                                     RequestContext& context, const Sha256Digest& key,
                                     const vault::KeptRequest& kept) {
  if (kept.reply && route.repeat == Repeat::kSealedReply) {
    const auto opened = vault::IdempotencyKeys::unseal(
        *kept.reply, dialect.credentials(context.request).secret, key);
    if (!opened) co_return std::unexpected(reply_lost(route.repeat));
    co_return response_from(*opened);
  }
  if (kept.reply) co_return response_from(*kept.reply);
  const std::int64_t count = kept.last_event.value - kept.first_event.value + 1;
  const bool is_known = route.repeat == Repeat::kFirstReply && count > 0 &&
                        static_cast<std::uint64_t>(count) <= kEventsMax;
  if (!is_known) co_return std::unexpected(reply_lost(route.repeat));
  const auto page = co_await vault_.events().read(vault::EventId{kept.first_event.value - 1},
                                                  static_cast<std::size_t>(count));
  const bool is_whole = !page.has_gap && page.events.size() == static_cast<std::size_t>(count) &&
                        page.events.back().id == kept.last_event;
  if (!is_whole) co_return std::unexpected(reply_lost(route.repeat));
  auto response = co_await dialect.reply_again(context, page.events);
  if (!response) co_return std::unexpected(reply_lost(route.repeat));
  co_return std::move(*response);
}

Task<void> Idempotency::keep(const Dialect& dialect, const Route& route, RequestContext& context,
                             const vault::IdempotencyClaim& claim, const http::Response& response) {
  const bool is_success = response.status >= 200 && response.status < 300;
  const bool is_final = response.status < 500 && response.status != 429;
  if (!is_success && !(claim.is_committed() && is_final)) co_return;
  bool is_kept = false;
  auto reply = kept_form(response);
  if (reply && route.repeat == Repeat::kSealedReply) {
    *reply = vault_.idempotency_keys().seal(
        std::move(*reply), dialect.credentials(context.request).secret, claim.key());
  }
  try {
    if (reply) {
      is_kept = co_await vault_.idempotency_keys().keep(context.actor(), claim, std::move(*reply));
    }
  } catch (const std::exception& error) {
    // The request was carried out; its client gets the reply now.
    log::warning("a reply could not be kept",
                 {{"request_id", context.request.id}, {"error", error.what()}});
  }
  if (!is_kept) ++lost_;
}

std::unique_ptr<Idempotency::Slot> Idempotency::enter(std::string name) {
  {
    const std::lock_guard lock(mutex_);
    if (!under_way_.insert(name).second) return nullptr;
  }
  return std::make_unique<Slot>(*this, std::move(name));
}

void Idempotency::leave(const std::string& name) {
  const std::lock_guard lock(mutex_);
  under_way_.erase(name);
}

}  // namespace coffer::apis
