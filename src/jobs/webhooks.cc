#include "jobs/webhooks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "vault/webhooks/signature.h"

namespace coffer::jobs {
namespace {

// Not a name that `coffer events --reader` takes.
constexpr const char* kReader = "coffer.webhooks";
constexpr std::size_t kReadMax = 500;    // events at a time
constexpr std::size_t kDueWindow = 256;  // webhooks that are looked at to choose from
constexpr std::size_t kPruneMax = 256;   // deliveries at a time
constexpr std::size_t kPruneSteps = 32;  // webhooks at a time
constexpr unsigned kGoneStatus = 410;

std::string error_of(const http::OutboundReply& reply) {
  if (!reply.status) return reply.error;
  const bool is_redirect = *reply.status >= 300 && *reply.status < 400;
  return fmt::format("it replied with status {}{}", *reply.status,
                     is_redirect ? ", and redirects are not followed" : "");
}

vault::DeliveryAttempt::Result result_of(const http::OutboundReply& reply) {
  using Result = vault::DeliveryAttempt::Result;
  if (!reply.status) return Result::kFailed;
  if (*reply.status >= 200 && *reply.status < 300) return Result::kDelivered;
  return *reply.status == kGoneStatus ? Result::kGone : Result::kFailed;
}

}  // namespace

Webhooks::Webhooks(vault::Vault& vault, Options options, Post post, Payload payload)
    : vault_(vault),
      options_(options),
      post_(std::move(post)),
      payload_(std::move(payload)),
      thread_(start_thread("webhooks", [this] { work(); })) {}

Webhooks::~Webhooks() {
  {
    const std::lock_guard lock(inbox_->mutex);
    inbox_->stopped = true;
  }
  inbox_->wake.notify_all();
  thread_.join();
}

Webhooks::Stats Webhooks::stats() const {
  return {.delivered = delivered_,
          .failed = failed_,
          .dead = dead_,
          .missed = missed_,
          .under_way = under_way_,
          .waiting = waiting_};
}

void Webhooks::work() {
  while (!is_stopped()) {
    Moment next = std::chrono::steady_clock::now() + options_.poll_every;
    try {
      finish_ended();
      const bool more = read_events();
      send_due();
      prune();
      if (more) next = {};
    } catch (const std::exception& error) {
      log::error("background work failed", {{"work", "webhooks"}, {"error", error.what()}});
      next = std::chrono::steady_clock::now() + options_.retry_after;
    }
    wait(next);
  }
  contain_exceptions("webhooks", [this] { stop_attempts(); });
}

bool Webhooks::is_stopped() {
  const std::lock_guard lock(inbox_->mutex);
  return inbox_->stopped;
}

// Until then, a reply, or the end.
void Webhooks::wait(Moment until) {
  std::unique_lock lock(inbox_->mutex);
  inbox_->wake.wait_until(lock, until,
                          [this] { return inbox_->stopped || !inbox_->ended.empty(); });
}

void Webhooks::take_replies() {
  std::vector<Ended> ended;
  {
    const std::lock_guard lock(inbox_->mutex);
    ended = std::exchange(inbox_->ended, {});
  }
  for (Ended& one : ended) {
    auto node = attempts_.extract(one.delivery.value);
    Attempt& attempt = node.mapped();
    if (one.reply.is_aborted) {
      // The machine's fault, not the receiver's.
      returned_.push_back(std::move(attempt.leased));
      next_send_ = std::chrono::steady_clock::now() + options_.retry_after;
      continue;
    }
    vault::DeliveryAttempt finished{.delivery = one.delivery,
                                    .webhook = attempt.leased.delivery.webhook,
                                    .result = result_of(one.reply),
                                    .began = attempt.began,
                                    .duration = one.reply.duration,
                                    .reply_status = one.reply.status,
                                    .reply = one.reply.body.substr(0, vault::kReplyKept)};
    if (finished.result != vault::DeliveryAttempt::Result::kDelivered) {
      finished.error = error_of(one.reply);
      finished.retry_after = one.reply.retry_after;
    }
    finished_.push_back(std::move(finished));
  }
  under_way_ = attempts_.size();
}

void Webhooks::finish_ended() {
  take_replies();
  if (!finished_.empty()) {
    const auto done = executor_.run(vault_.deliveries().finish(finished_));
    finished_.clear();
    delivered_ += done.delivered;
    failed_ += done.failed;
    dead_ += done.dead;
  }
  if (!returned_.empty()) {
    executor_.run(vault_.deliveries().release(returned_));
    returned_.clear();
  }
}

bool Webhooks::read_events() {
  const Moment now = std::chrono::steady_clock::now();
  if (now < next_read_) return false;
  next_read_ = now + options_.poll_every;
  const vault::EventId from = executor_.run(vault_.events().position(kReader));
  if (executor_.run(vault_.deliveries().pass_over(kReader, from))) return false;
  const auto page = executor_.run(vault_.events().read(from, kReadMax));
  // A new reader has missed nothing that it ever was to tell.
  if (page.has_gap && from.value != 0) {
    ++missed_;
    log::warning("webhooks miss events that were pruned before they were read",
                 {{"after", from.value}, {"do", "set events.retention longer"}});
  }
  if (page.events.empty()) return false;
  const auto made = executor_.run(vault_.deliveries().enqueue(kReader, from, page.events));
  dead_ += made.dead;
  const bool more = page.events.size() == kReadMax || made.last != page.events.back().id;
  if (more) next_read_ = {};
  return more;
}

void Webhooks::send_due() {
  if (std::chrono::steady_clock::now() < next_send_) return;
  for (const bool proven : {true, false}) {
    const auto claims = choose(proven);
    if (claims.empty()) continue;
    auto leased = executor_.run(vault_.deliveries().lease(claims, options_.lease));
    for (vault::LeasedDelivery& one : leased) send(std::move(one), proven);
  }
}

// One for each webhook that may have one, then another one for each, as long as there are places.
std::vector<vault::DeliveryClaim> Webhooks::choose(bool proven) {
  std::unordered_map<std::int64_t, std::size_t> of_webhook;
  std::unordered_map<std::int64_t, std::size_t> of_account;
  std::size_t unproven = 0;
  for (const auto& [id, attempt] : attempts_) {
    ++of_webhook[attempt.leased.delivery.webhook.value];
    ++of_account[attempt.leased.owner.value];
    if (!attempt.proven) ++unproven;
  }
  std::size_t places = options_.max_attempts - std::min(options_.max_attempts, attempts_.size());
  if (!proven) places = std::min(places, options_.max_unproven - unproven);
  std::vector<vault::DeliveryClaim> claims;
  if (places == 0) return claims;
  const std::size_t each = proven ? options_.max_of_webhook : 1;
  const auto due = executor_.run(vault_.deliveries().due(proven, kDueWindow));
  std::unordered_map<std::int64_t, std::size_t> at;  // where a webhook's claim stands
  for (std::size_t round = 0; round < each && places > 0; ++round) {
    for (const vault::DueWebhook& webhook : due) {
      if (places == 0) break;
      std::size_t& under_way = of_webhook[webhook.id.value];
      std::size_t& share = of_account[webhook.account.value];
      if (under_way >= each || share >= options_.max_of_account) continue;
      ++under_way;
      ++share;
      --places;
      const auto [found, is_new] = at.try_emplace(webhook.id.value, claims.size());
      if (is_new) claims.push_back({.webhook = webhook.id, .count = 0});
      ++claims[found->second].count;
    }
  }
  return claims;
}

void Webhooks::send(vault::LeasedDelivery leased, bool proven) {
  const vault::DeliveryId id = leased.delivery.id;
  const std::string message = "msg_" + leased.delivery.uuid.str();
  const Time now = vault_.clock().now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  http::OutboundRequest request{
      .url = leased.url, .headers = {}, .body = payload_(leased.delivery)};
  request.headers.add("Content-Type", "application/json");
  request.headers.add("webhook-id", message);
  request.headers.add("webhook-timestamp", std::to_string(seconds.count()));
  request.headers.add("webhook-signature",
                      vault::sign_webhook(leased.secret, message, now, request.body));
  attempts_.emplace(id.value, Attempt{.leased = std::move(leased), .began = now, .proven = proven});
  under_way_ = attempts_.size();
  post_(std::move(request), [inbox = inbox_, id](http::OutboundReply reply) {
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->ended.push_back({.delivery = id, .reply = std::move(reply)});
    }
    inbox->wake.notify_all();
  });
}

// Some steps of a round over all webhooks; rounds begin `prune_every` apart.
void Webhooks::prune() {
  const Moment now = std::chrono::steady_clock::now();
  if (now < next_prune_) return;
  const Time before = vault_.clock().now() - options_.keep;
  for (std::size_t step = 0; step < kPruneSteps; ++step) {
    const auto pruned = executor_.run(vault_.deliveries().prune(pruned_, before, kPruneMax));
    dead_ += pruned.dead;
    if (!pruned.webhook) {
      pruned_ = {};
      next_prune_ = now + options_.prune_every;
      waiting_ = executor_.run(vault_.deliveries().waiting());
      return;
    }
    // The rest of this one is for the next time: others write meanwhile.
    if (pruned.more) return;
    pruned_ = *pruned.webhook;
  }
}

void Webhooks::stop_attempts() {
  const Moment end = std::chrono::steady_clock::now() + options_.stop_wait;
  take_replies();
  while (!attempts_.empty() && std::chrono::steady_clock::now() < end) {
    {
      std::unique_lock lock(inbox_->mutex);
      inbox_->wake.wait_until(lock, end, [this] { return !inbox_->ended.empty(); });
    }
    take_replies();
  }
  for (auto& [id, attempt] : attempts_) returned_.push_back(std::move(attempt.leased));
  finish_ended();
}

}  // namespace coffer::jobs
