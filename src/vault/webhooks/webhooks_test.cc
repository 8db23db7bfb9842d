#include "vault/webhooks/webhooks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "vault/test/fixture.h"
#include "vault/webhooks/deliveries.h"
#include "vault/webhooks/signature.h"

namespace coffer::vault {
namespace {

using namespace std::chrono_literals;
using test::as;
using test::fields_of;
using test::run;
using enum WebhookTopic;
using Result = DeliveryAttempt::Result;

constexpr auto kLease = 30s;
const std::string kReader = "coffer.webhooks";

class WebhookTest : public test::VaultTest {
 protected:
  Webhooks& webhooks() { return vault_->webhooks(); }
  DeliveryQueue& queue() { return vault_->deliveries(); }

  WebhookId make(const Account& owner, WebhookTopics topics = {kEntryCreated, kEntryDeleted},
                 const std::string& url = "https://example.org/hook") {
    const auto made = run(webhooks().create(as(owner), {.url = url, .topics = topics}));
    if (!made) throw std::runtime_error(made.error().message);
    return made->webhook.id;
  }

  // Makes deliveries of all events so far; how many.
  std::uint64_t enqueue() {
    std::uint64_t made = 0;
    for (;;) {
      const EventId from = run(vault_->events().position(kReader));
      const auto page = run(vault_->events().read(from, 100));
      if (page.events.empty()) return made;
      const auto done = run(queue().enqueue(kReader, from, page.events));
      EXPECT_TRUE(done.last);
      made += done.made;
    }
  }

  std::vector<LeasedDelivery> lease(WebhookId webhook, std::size_t count = 100) {
    return run(queue().lease({{.webhook = webhook, .count = count}}, kLease));
  }
  bool is_due(WebhookId webhook) {
    for (const bool proven : {false, true}) {
      for (const DueWebhook& due : run(queue().due(proven, 100))) {
        if (due.id == webhook) return true;
      }
    }
    return false;
  }

  DeliveryAttempt attempt(const LeasedDelivery& leased, Result result) {
    return {.delivery = leased.delivery.id,
            .webhook = leased.delivery.webhook,
            .result = result,
            .began = clock_.now(),
            .duration = 5ms,
            .reply_status = result == Result::kDelivered ? 204U : 500U,
            .reply = "what it said",
            .error = result == Result::kDelivered ? "" : "the reply's status is 500"};
  }
  DeliveryQueue::Finished finish(const LeasedDelivery& leased, Result result) {
    return run(queue().finish({attempt(leased, result)}));
  }

  std::vector<Delivery> deliveries(const Account& owner, WebhookId webhook,
                                   std::optional<DeliveryStatus> status = {}) {
    return run(webhooks().deliveries(owner.id, webhook, {.status = status, .limit = 100'000}))
        .value()
        .deliveries;
  }
  Webhook find(const Account& owner, WebhookId id) {
    return run(webhooks().find(owner.id, id)).value();
  }

  // Moves the clock until something is to be sent, at most that far; how far.
  std::chrono::seconds until_due(WebhookId webhook, std::chrono::seconds max = 24h) {
    std::chrono::seconds waited{0};
    while (!is_due(webhook) && waited < max) {
      clock_.advance(1s);
      waited += 1s;
    }
    return waited;
  }

  void prune(Time before = {}) {
    WebhookId after;
    for (;;) {
      const auto pruned = run(queue().prune(after, before, 1000));
      if (!pruned.webhook) return;
      if (!pruned.more) after = *pruned.webhook;
    }
  }

  const Account anna_ = make_account("anna");
  const Account bob_ = make_account("bob");
};

TEST_F(WebhookTest, AnEventBecomesOneDeliveryForEachWebhookOfItsOwnerThatAskedForIt) {
  const WebhookId created = make(anna_, {kEntryCreated});
  const WebhookId removed = make(anna_, {kEntryDeleted});
  const WebhookId of_bob = make(bob_, {kEntryCreated, kEntryUpdated, kEntryDeleted});
  const Entry file = upload(anna_, "a.jpg", "a");
  make_folder(anna_, "folder");
  EXPECT_EQ(enqueue(), 1U);
  ASSERT_TRUE(remove(anna_, file.id));
  EXPECT_EQ(enqueue(), 1U);
  EXPECT_EQ(enqueue(), 0U);
  const auto first = lease(created);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].delivery.topic, kEntryCreated);
  EXPECT_EQ(first[0].delivery.resource, WebhookResource::of(file.id));
  EXPECT_EQ(first[0].delivery.kind, FileKind::kImage);
  EXPECT_EQ(first[0].delivery.account, anna_.id);
  EXPECT_EQ(first[0].url, "https://example.org/hook");
  EXPECT_EQ(first[0].secret.size(), kWebhookSecretBytes);
  const auto second = lease(removed);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].delivery.topic, kEntryDeleted);
  EXPECT_FALSE(is_due(of_bob));
}

TEST_F(WebhookTest, NothingIsToldOfTheTimeBeforeItWasMadeOrWhileItWasPaused) {
  upload(anna_, "before.txt", "1");
  const WebhookId hook = make(anna_);
  ASSERT_TRUE(run(webhooks().update(as(anna_), hook, {.is_active = false})));
  upload(anna_, "paused.txt", "2");
  // Also not what the sender has still to read when it is resumed.
  ASSERT_TRUE(run(webhooks().update(as(anna_), hook, {.is_active = true})));
  const Entry after = upload(anna_, "after.txt", "3");
  EXPECT_EQ(enqueue(), 1U);
  const auto leased = lease(hook);
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased[0].delivery.resource, WebhookResource::of(after.id));
}

TEST_F(WebhookTest, APausedOneKeepsWhatWaitsUntilItIsResumed) {
  const WebhookId hook = make(anna_);
  upload(anna_, "a.txt", "1");
  EXPECT_EQ(enqueue(), 1U);
  ASSERT_TRUE(run(webhooks().update(as(anna_), hook, {.is_active = false})));
  EXPECT_FALSE(is_due(hook));
  EXPECT_TRUE(lease(hook).empty());
  EXPECT_FAILS(run(webhooks().test(as(anna_), hook)), kConflict);
  ASSERT_TRUE(run(webhooks().update(as(anna_), hook, {.is_active = true})));
  EXPECT_TRUE(is_due(hook));
  EXPECT_EQ(lease(hook).size(), 1U);
}

TEST_F(WebhookTest, RegistrationsAreToldToAdminsAlone) {
  const auto admin = run(vault_->accounts().create(
      {.username = "root", .email = {}, .password = "correct horse", .is_admin = true}));
  const WebhookId of_admin = make(*admin, {kAccountRegistered});
  make(anna_, {kAccountRegistered});
  const Account carl = make_account("carl");
  EXPECT_EQ(enqueue(), 1U);
  const auto leased = lease(of_admin);
  ASSERT_EQ(leased.size(), 1U);
  EXPECT_EQ(leased[0].delivery.account, carl.id);
  EXPECT_FALSE(leased[0].delivery.resource);
}

TEST_F(WebhookTest, DeliveriesAboutOneCollectionGoOneAfterAnother) {
  const WebhookId hook =
      make(anna_, {kEntryCreated, kCollectionCreated, kCollectionUpdated, kCollectionDeleted});
  const auto made = run(vault_->collections().create(as(anna_), "one", std::nullopt));
  const Entry file = upload(anna_, "a.txt", "1");
  ASSERT_TRUE(run(vault_->collections().add(as(anna_), made->id, {file.id})));
  ASSERT_TRUE(run(vault_->collections().remove(as(anna_), made->id)));
  EXPECT_EQ(enqueue(), 4U);
  const WebhookResource resource = WebhookResource::of(made->id);
  // A file of the same number is another thing.
  auto leased = lease(hook);
  ASSERT_EQ(leased.size(), 2U);
  EXPECT_EQ(leased[0].delivery.topic, kCollectionCreated);
  EXPECT_EQ(leased[0].delivery.resource, resource);
  EXPECT_EQ(leased[1].delivery.topic, kEntryCreated);
  for (const WebhookTopic next : {kCollectionUpdated, kCollectionDeleted}) {
    EXPECT_TRUE(lease(hook).empty());
    finish(leased[0], Result::kDelivered);
    leased = lease(hook);
    ASSERT_EQ(leased.size(), 1U);
    EXPECT_EQ(leased[0].delivery.topic, next);
    EXPECT_EQ(leased[0].delivery.resource, resource);
  }
}

TEST_F(WebhookTest, WhatNobodyIsToldOfIsPassedOver) {
  const auto position = [&] { return run(vault_->events().position(kReader)); };
  upload(anna_, "a.txt", "1");
  EXPECT_TRUE(run(queue().pass_over(kReader, position())));
  const EventId passed = position();
  EXPECT_TRUE(run(vault_->events().read(passed, 100)).events.empty());
  EXPECT_TRUE(run(queue().pass_over(kReader, passed)));
  EXPECT_EQ(position(), passed);
  make(bob_);
  upload(bob_, "b.txt", "1");
  EXPECT_FALSE(run(queue().pass_over(kReader, passed)));
  EXPECT_EQ(position(), passed);
  EXPECT_EQ(enqueue(), 1U);
}

TEST_F(WebhookTest, TwoSendersMakeEachDeliveryOnce) {
  make(anna_);
  upload(anna_, "a.txt", "1");
  const EventId from = run(vault_->events().position(kReader));
  const auto page = run(vault_->events().read(from, 100));
  DeliveryQueue& one = queue();
  EXPECT_EQ(run(one.enqueue(kReader, from, page.events)).made, 1U);
  const auto again = run(one.enqueue(kReader, from, page.events));
  EXPECT_FALSE(again.last);
  EXPECT_EQ(again.made, 0U);
}

TEST_F(WebhookTest, DeliveriesAboutOneFileGoOneAfterAnotherAndOthersDoNotWait) {
  const WebhookId hook = make(anna_, {kEntryCreated, kEntryUpdated, kEntryDeleted});
  const Entry file = upload(anna_, "a.txt", "1");
  ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, {.title = "new"})));
  const Entry other = upload(anna_, "b.txt", "2");
  ASSERT_TRUE(remove(anna_, file.id));
  EXPECT_EQ(enqueue(), 4U);
  auto leased = lease(hook);
  ASSERT_EQ(leased.size(), 2U);
  EXPECT_EQ(leased[0].delivery.topic, kEntryCreated);
  EXPECT_EQ(leased[1].delivery.resource, WebhookResource::of(other.id));
  // Not while the first is under way, and not while it waits for another attempt.
  EXPECT_TRUE(lease(hook).empty());
  finish(leased[0], Result::kFailed);
  finish(leased[1], Result::kDelivered);
  std::vector<WebhookTopic> order;
  for (int i = 0; i < 3; ++i) {
    until_due(hook);
    leased = lease(hook);
    ASSERT_EQ(leased.size(), 1U);
    order.push_back(leased[0].delivery.topic);
    EXPECT_EQ(finish(leased[0], Result::kDelivered).delivered, 1U);
  }
  EXPECT_EQ(order, (std::vector{kEntryCreated, kEntryUpdated, kEntryDeleted}));
  EXPECT_FALSE(is_due(hook));
  EXPECT_EQ(find(anna_, hook).waiting, 0U);
}

TEST_F(WebhookTest, AttemptsGrowApartForADayThenItIsDeadAndTheNextOneFollows) {
  const WebhookId hook = make(anna_, {kEntryCreated, kEntryDeleted});
  const Entry file = upload(anna_, "a.txt", "1");
  ASSERT_TRUE(remove(anna_, file.id));
  enqueue();
  const Time began = clock_.now();
  std::vector<std::chrono::seconds> delays;
  std::uint64_t dead = 0;
  for (;;) {
    const auto leased = lease(hook);
    ASSERT_EQ(leased.size(), 1U);
    ASSERT_EQ(leased[0].delivery.topic, kEntryCreated);
    dead = finish(leased[0], Result::kFailed).dead;
    if (dead > 0) break;
    delays.push_back(until_due(hook));
  }
  EXPECT_GE(delays.size(), 9U);
  EXPECT_LE(delays.size(), 18U);
  EXPECT_GE(delays[0], 4s);
  EXPECT_LE(delays[0], 7s);
  for (std::size_t i = 1; i < 7; ++i) EXPECT_GT(delays[i], delays[i - 1] * 3 / 2) << i;
  for (const auto delay : delays) EXPECT_LE(delay, 4h + 48min);
  EXPECT_LE(clock_.now() - began, 24h);
  EXPECT_GE(clock_.now() - began, 16h);
  const auto gone = deliveries(anna_, hook, DeliveryStatus::kDead);
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].attempts, delays.size() + 1);
  EXPECT_EQ(gone[0].reply, "what it said");
  EXPECT_EQ(gone[0].reply_status, 500U);
  EXPECT_TRUE(gone[0].finished_at);
  until_due(hook);
  const auto next = lease(hook);
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].delivery.topic, kEntryDeleted);
}

TEST_F(WebhookTest, AttemptsThatFailTogetherDoNotComeBackTogether) {
  std::set<Time> when;
  const WebhookId hook = make(anna_, {kEntryCreated});
  for (int i = 0; i < 8; ++i) upload(anna_, "a.txt", std::to_string(i));
  enqueue();
  std::vector<DeliveryAttempt> attempts;
  for (const auto& leased : lease(hook)) attempts.push_back(attempt(leased, Result::kFailed));
  ASSERT_EQ(attempts.size(), 8U);
  EXPECT_EQ(run(queue().finish(attempts)).failed, 8U);
  for (const Delivery& delivery : deliveries(anna_, hook)) when.insert(delivery.next_at.value());
  EXPECT_GT(when.size(), 4U);
  // And count as one: the webhook rests as after a first failure.
  EXPECT_EQ(find(anna_, hook).failures, 1U);
  EXPECT_LE(until_due(hook), 7s);
}

TEST_F(WebhookTest, AFailingOneRestsWhateverWaitsForItAndGetsAllAtOnceWhenItIsBack) {
  const WebhookId hook = make(anna_, {kEntryCreated});
  for (int i = 0; i < 20; ++i) upload(anna_, "a.txt", std::to_string(i));
  enqueue();
  const Time began = clock_.now();
  std::size_t attempts = 0;
  while (clock_.now() - began < 6h) {
    const auto leased = lease(hook, 1);
    for (const auto& one : leased) finish(one, Result::kFailed);
    attempts += leased.size();
    until_due(hook);
  }
  // Every ten minutes at most, once it has rested for so long: not twenty times as often.
  EXPECT_LE(attempts, 60U);
  EXPECT_GE(attempts, 30U);
  const auto probe = lease(hook, 1);
  ASSERT_EQ(probe.size(), 1U);
  finish(probe[0], Result::kDelivered);
  EXPECT_EQ(lease(hook).size(), 19U);
}

TEST_F(WebhookTest, ADeadReceiverEndsWhatWaitsForItAfterADay) {
  const WebhookId hook = make(anna_, {kEntryCreated, kEntryDeleted});
  const Entry file = upload(anna_, "a.txt", "1");
  ASSERT_TRUE(remove(anna_, file.id));
  for (int i = 0; i < 5; ++i) upload(anna_, "b.txt", std::to_string(i));
  enqueue();
  finish(lease(hook, 1).at(0), Result::kFailed);
  clock_.advance(25h);
  const auto under_way = lease(hook, 1);
  prune();
  EXPECT_EQ(find(anna_, hook).waiting, 1U);
  EXPECT_EQ(deliveries(anna_, hook, DeliveryStatus::kDead).size(), 6U);
  EXPECT_EQ(finish(under_way.at(0), Result::kFailed).dead, 1U);
  EXPECT_FALSE(is_due(hook));
}

TEST_F(WebhookTest, WhatWaitedWhileNothingWasSentIsAttemptedHoweverOld) {
  const WebhookId hook = make(anna_);
  upload(anna_, "a.txt", "1");
  enqueue();
  clock_.advance(48h);
  prune();
  EXPECT_EQ(lease(hook).size(), 1U);
}

TEST_F(WebhookTest, ALeaseEndsByItselfAndAnEndedOneCountsForNothing) {
  const WebhookId hook = make(anna_);
  upload(anna_, "a.txt", "1");
  enqueue();
  const auto first = lease(hook);
  ASSERT_EQ(first.size(), 1U);
  EXPECT_FALSE(is_due(hook));
  clock_.advance(kLease);
  EXPECT_TRUE(is_due(hook));
  // As another server, or the same one after it was killed.
  open({});
  const auto second = lease(hook);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].delivery.uuid, first[0].delivery.uuid);
  open({});
  EXPECT_EQ(finish(second[0], Result::kDelivered).delivered, 0U);
  EXPECT_EQ(find(anna_, hook).waiting, 1U);
}

TEST_F(WebhookTest, WhatIsGivenBackIsDueAtOnce) {
  const WebhookId hook = make(anna_);
  upload(anna_, "a.txt", "1");
  enqueue();
  const auto leased = lease(hook);
  run(queue().release(leased));
  ASSERT_EQ(lease(hook).size(), 1U);
  EXPECT_EQ(deliveries(anna_, hook).at(0).attempts, 0U);
}

TEST_F(WebhookTest, AReceiverMayAskForTimeAndForTheEnd) {
  const WebhookId hook = make(anna_);
  upload(anna_, "a.txt", "1");
  upload(anna_, "b.txt", "2");
  enqueue();
  const auto leased = lease(hook);
  ASSERT_EQ(leased.size(), 2U);
  DeliveryAttempt later = attempt(leased[0], Result::kFailed);
  later.retry_after = 300s;
  run(queue().finish({later}));
  EXPECT_GE(deliveries(anna_, hook).at(1).next_at.value() - clock_.now(), 300s);
  EXPECT_EQ(finish(leased[1], Result::kGone).failed, 1U);
  EXPECT_FALSE(find(anna_, hook).is_active);
  EXPECT_FALSE(is_due(hook));
}

TEST_F(WebhookTest, ADeadOneCanBeSentAgainBehindWhatIsOnItsWay) {
  const WebhookId hook = make(anna_, {kEntryCreated, kEntryUpdated, kEntryDeleted});
  const auto tested = run(webhooks().test(as(anna_), hook));
  ASSERT_TRUE(tested);
  EXPECT_EQ(tested->topic, kTest);
  EXPECT_FAILS(run(webhooks().resend(as(anna_), hook, tested->id)), kConflict);
  clock_.advance(1s);
  // A test is attempted once.
  EXPECT_EQ(finish(lease(hook).at(0), Result::kFailed).dead, 1U);
  EXPECT_FAILS(run(webhooks().resend(as(bob_), hook, tested->id)), kNotFound);
  const auto again = run(webhooks().resend(as(anna_), hook, tested->id));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, DeliveryStatus::kPending);
  EXPECT_EQ(again->uuid, tested->uuid);
  until_due(hook);
  finish(lease(hook).at(0), Result::kDelivered);
  EXPECT_EQ(deliveries(anna_, hook, DeliveryStatus::kDelivered).size(), 1U);
}

TEST_F(WebhookTest, TheyAreCheckedCountedAndCharged) {
  for (const char* url :
       {"", "example.org", "ftp://example.org/", "https://", "https:///path", "http://a b/",
        "http://user@example.org/", "http://example.org/#part", "http://exam\xc3\xa4ple.org/",
        "http://example.org:0/", "http://example.org:65536/", "http://example.org:/", "http://[::1",
        "http://example.org\\@other/", "http://a?b@c", "http://a%2fb/"}) {
    const auto made = run(webhooks().create(as(anna_), {.url = url, .topics = {kEntryCreated}}));
    if (std::string_view(url) == "http://a?b@c") {
      EXPECT_TRUE(made);
      continue;
    }
    ASSERT_FALSE(made) << url;
    EXPECT_EQ(fields_of(made.error()), std::set<std::string>{"url"}) << url;
  }
  const auto none = run(webhooks().create(as(anna_), {.url = "x", .topics = {}}));
  ASSERT_FALSE(none);
  EXPECT_EQ(fields_of(none.error()), (std::set<std::string>{"events", "url"}));
  const std::string longest = "https://example.org/" + std::string(2028, 'a');
  EXPECT_FAILS(run(webhooks().create(as(bob_), {.url = longest + "a", .topics = {kTest}})),
               kInvalid);
  for (std::size_t i = 0; i < kWebhooksMax; ++i) make(bob_, {kEntryCreated}, longest);
  EXPECT_EQ(account(bob_.id).charged, kWebhooksMax * (1024 + longest.size()));
  EXPECT_FAILS(run(webhooks().create(as(bob_), {.url = longest, .topics = {kEntryCreated}})),
               kQuotaExceeded);
  const auto all = run(webhooks().list(bob_.id, WebhookId{}, {100, 1'000'000})).items;
  ASSERT_EQ(all.size(), kWebhooksMax);
  ASSERT_TRUE(run(webhooks().update(as(bob_), all[0].id, {.url = "http://[::1]:8080/x?y"})));
  EXPECT_FAILS(run(webhooks().find(anna_.id, all[0].id)), kNotFound);
  EXPECT_FAILS(run(webhooks().update(as(anna_), all[0].id, {.is_active = false})), kNotFound);
  EXPECT_FAILS(run(webhooks().remove(as(anna_), all[0].id)), kNotFound);
  EXPECT_FAILS(run(webhooks().test(as(anna_), all[0].id)), kNotFound);
  for (const Webhook& webhook : all) ASSERT_TRUE(run(webhooks().remove(as(bob_), webhook.id)));
  EXPECT_EQ(account(bob_.id).charged, 0U);
}

TEST_F(WebhookTest, OldAndRemovedOnesArePruned) {
  const WebhookId hook = make(anna_, {kEntryCreated});
  const WebhookId removed = make(anna_, {kEntryCreated});
  upload(anna_, "a.txt", "1");
  upload(anna_, "b.txt", "2");
  enqueue();
  finish(lease(hook, 1).at(0), Result::kDelivered);
  prune(clock_.now());
  EXPECT_EQ(deliveries(anna_, hook).size(), 2U);
  clock_.advance(1h);
  prune(clock_.now());
  EXPECT_EQ(deliveries(anna_, hook).size(), 1U);
  static constexpr db::Statement kRows{"SELECT count(*) FROM webhook_delivery"};
  EXPECT_EQ(count(kRows), 3);
  ASSERT_TRUE(run(webhooks().remove(as(anna_), removed)));
  prune();
  EXPECT_EQ(count(kRows), 1);
}

TEST_F(WebhookTest, TooManyWaitingAreDeadAtOnceAndListed) {
  const WebhookId hook = make(anna_, {kEntryCreated});
  static constexpr db::Statement kFull{"UPDATE webhook SET waiting = 10000"};
  static constexpr db::Statement kReal{"UPDATE webhook SET waiting = 0"};
  const auto set = [&](const db::Statement& statement) {
    auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(statement); };
    run(stores_.database->write(body));
  };
  set(kFull);
  upload(anna_, "a.txt", "1");
  enqueue();
  EXPECT_FAILS(run(webhooks().test(as(anna_), hook)), kBusy);
  const auto dead = deliveries(anna_, hook, DeliveryStatus::kDead);
  ASSERT_EQ(dead.size(), 1U);
  EXPECT_NE(dead[0].error, "");
  set(kReal);
  ASSERT_TRUE(run(webhooks().resend(as(anna_), hook, dead[0].id)));
  EXPECT_EQ(lease(hook).size(), 1U);
}

TEST_F(WebhookTest, ThoseOfADisabledAccountRest) {
  const WebhookId hook = make(anna_, {kEntryCreated});
  upload(anna_, "a.txt", "1");
  enqueue();
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, true)));
  EXPECT_FALSE(is_due(hook));
  ASSERT_TRUE(run(vault_->accounts().set_disabled(anna_.id, false)));
  EXPECT_TRUE(is_due(hook));
}

// Vectors made with the scheme's own libraries' algorithm: `printf '%s' "$id.$time.$payload" |
// openssl dgst -sha256 -mac HMAC -macopt hexkey:… -binary | base64`.
TEST(WebhookSignatureTest, IsThatOfStandardWebhooks) {
  Bytes secret(kWebhookSecretBytes);
  for (std::size_t i = 0; i < secret.size(); ++i) secret[i] = static_cast<std::byte>(i);
  EXPECT_EQ(webhook_secret_text(secret), "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
  EXPECT_EQ(sign_webhook(secret, "msg_1", from_micros(1'700'000'000'999'999), R"({"a":1})"),
            "v1,AMaOha7DUT/0J0JMycRuYOBSvbx3WtwLd2khXXbaVj4=");
}

}  // namespace
}  // namespace coffer::vault
