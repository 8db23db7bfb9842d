#include "jobs/webhooks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "vault/test/fixture.h"
#include "vault/webhooks/signature.h"

namespace coffer::jobs {
namespace {

using namespace std::chrono_literals;
using vault::test::as;
using vault::test::run;
using enum vault::WebhookTopic;

// Receivers by their URLs: answers what it is told to, or holds a request until it is told.
class Receivers {
 public:
  struct Message {
    std::string url;
    std::string id;
    std::string timestamp;
    std::string signature;
    std::string body;
  };

  Webhooks::Post post() {
    return [this](http::OutboundRequest request, http::OutboundClient::Done done) {
      const auto field = [&](std::string_view name) {
        return std::string(request.headers.get(name).value_or(""));
      };
      std::unique_lock lock(mutex_);
      messages_.push_back({.url = request.url,
                           .id = field("webhook-id"),
                           .timestamp = field("webhook-timestamp"),
                           .signature = field("webhook-signature"),
                           .body = request.body});
      const auto found = status_.find(request.url);
      const std::optional<unsigned> status = found == status_.end() ? 200 : found->second;
      if (!status) {
        held_.emplace_back(request.url, std::move(done));
        return;
      }
      lock.unlock();
      done({.status = *status});
    };
  }

  // Nothing: holds what comes.
  void set(const std::string& url, std::optional<unsigned> status) {
    const std::lock_guard lock(mutex_);
    status_[url] = status;
  }
  std::size_t held(const std::string& url = "") {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        held_, [&](const auto& one) { return url.empty() || one.first == url; }));
  }
  void answer_held(unsigned status) {
    std::vector<std::pair<std::string, http::OutboundClient::Done>> held;
    {
      const std::lock_guard lock(mutex_);
      held = std::exchange(held_, {});
    }
    for (auto& [url, done] : held) done({.status = status});
  }
  std::vector<Message> messages(const std::string& url) {
    const std::lock_guard lock(mutex_);
    std::vector<Message> found;
    for (const Message& message : messages_) {
      if (message.url == url) found.push_back(message);
    }
    return found;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::optional<unsigned>> status_;
  std::vector<Message> messages_;
  std::vector<std::pair<std::string, http::OutboundClient::Done>> held_;
};

bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

class WebhooksTest : public vault::test::VaultTest {
 protected:
  void TearDown() override {
    job_.reset();
    VaultTest::TearDown();
  }

  void start(std::chrono::milliseconds stop_wait = 0ms) {
    job_.reset();
    job_.emplace(*vault_,
                 Webhooks::Options{.poll_every = 2ms, .retry_after = 2ms, .stop_wait = stop_wait},
                 receivers_.post(), [](const vault::Delivery& delivery) {
                   return "entry " +
                          std::to_string(delivery.resource.value_or(vault::WebhookResource{}).id) +
                          " topic " + std::to_string(static_cast<int>(delivery.topic));
                 });
  }

  std::string make(const vault::Account& owner, const std::string& name) {
    std::string url = "https://" + name + ".example.org/";
    const auto made = run(vault_->webhooks().create(
        as(owner), {.url = url, .topics = {kEntryCreated, kEntryUpdated, kEntryDeleted}}));
    secrets_[url] = made.value().secret;
    return url;
  }

  const vault::Account anna_ = make_account("anna");
  const vault::Account bob_ = make_account("bob");
  Receivers receivers_;
  std::map<std::string, std::string> secrets_;
  std::optional<Webhooks> job_;
};

TEST_F(WebhooksTest, SendsWhatHappenedSigned) {
  const std::string url = make(anna_, "a");
  start();
  const auto file = upload(anna_, "a.txt", "1");
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 1; }));
  const auto messages = receivers_.messages(url);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].body, "entry " + std::to_string(file.id.value) + " topic 0");
  EXPECT_TRUE(messages[0].id.starts_with("msg_"));
  EXPECT_EQ(messages[0].timestamp, "1700000000");
  EXPECT_TRUE(messages[0].signature.starts_with("v1,"));
}

TEST_F(WebhooksTest, KeepsTheOrderOfEachFile) {
  const std::string url = make(anna_, "a");
  start();
  std::map<std::int64_t, std::vector<std::string>> wanted;
  for (int i = 0; i < 10; ++i) {
    const auto file = upload(anna_, "a.txt", std::to_string(i));
    ASSERT_TRUE(run(vault_->entries().update(as(anna_), file.id, {.title = "new"})));
    ASSERT_TRUE(remove(anna_, file.id));
    for (const char* topic : {"0", "1", "2"}) {
      wanted[file.id.value].push_back("entry " + std::to_string(file.id.value) + " topic " + topic);
    }
  }
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 30; }));
  std::map<std::int64_t, std::vector<std::string>> found;
  for (const auto& message : receivers_.messages(url)) {
    found[std::stoll(message.body.substr(6))].push_back(message.body);
  }
  EXPECT_EQ(found, wanted);
}

TEST_F(WebhooksTest, AReceiverThatHangsDelaysNobodyElse) {
  std::vector<vault::Account> crowd;
  std::vector<std::string> hanging;
  for (int i = 0; i < 8; ++i) crowd.push_back(make_account("crowd" + std::to_string(i)));
  for (const auto& account : crowd) {
    for (int i = 0; i < 10; ++i) {
      hanging.push_back(make(account, account.username + "-" + std::to_string(i)));
      receivers_.set(hanging.back(), std::nullopt);
    }
  }
  const std::string good = make(bob_, "good");
  start();
  upload(bob_, "first.txt", "1");
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 1; }));
  for (const auto& account : crowd) {
    for (int i = 0; i < 3; ++i) upload(account, "a.txt", std::to_string(i));
  }
  // One for each that never answered, and only some of the places for all of them.
  ASSERT_TRUE(eventually([&] { return receivers_.held() == 32; }));
  for (int i = 0; i < 20; ++i) upload(bob_, "b.txt", std::to_string(i));
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 21; }));
  EXPECT_EQ(receivers_.held(), 32U);
  for (const std::string& url : hanging) EXPECT_LE(receivers_.held(url), 1U);
  EXPECT_EQ(receivers_.messages(good).size(), 21U);
}

TEST_F(WebhooksTest, OneThatAnswersGetsSeveralAtOnceAndAnAccountItsShare) {
  std::vector<std::string> urls;
  for (int i = 0; i < 4; ++i) urls.push_back(make(anna_, std::to_string(i)));
  start();
  upload(anna_, "first.txt", "1");
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 4; }));
  for (const std::string& url : urls) receivers_.set(url, std::nullopt);
  for (int i = 0; i < 30; ++i) upload(anna_, "a.txt", std::to_string(i));
  ASSERT_TRUE(eventually([&] { return receivers_.held() == 16; }));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(receivers_.held(), 16U);
  for (const std::string& url : urls) EXPECT_LE(receivers_.held(url), 8U);
  for (const std::string& url : urls) receivers_.set(url, 200);
  receivers_.answer_held(200);
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 124; }));
}

TEST_F(WebhooksTest, TriesAgainAsTheClockSays) {
  const std::string url = make(anna_, "a");
  receivers_.set(url, 500);
  start();
  upload(anna_, "a.txt", "1");
  ASSERT_TRUE(eventually([&] { return job_->stats().failed == 1; }));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(receivers_.messages(url).size(), 1U);
  clock_.advance(7s);
  ASSERT_TRUE(eventually([&] { return job_->stats().failed == 2; }));
  receivers_.set(url, 204);
  clock_.advance(20s);
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 1; }));
  const auto messages = receivers_.messages(url);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].id, messages[2].id);
  EXPECT_EQ(messages[0].body, messages[2].body);
  EXPECT_NE(messages[0].signature, messages[2].signature);
}

TEST_F(WebhooksTest, WhatIsUnderWayAtTheEndIsSentAgain) {
  const std::string url = make(anna_, "a");
  receivers_.set(url, std::nullopt);
  start();
  upload(anna_, "a.txt", "1");
  ASSERT_TRUE(eventually([&] { return receivers_.held() == 1; }));
  receivers_.set(url, 200);
  start();
  ASSERT_TRUE(eventually([&] { return job_->stats().delivered == 1; }));
  // A reply that comes to a job that is gone.
  receivers_.answer_held(200);
  EXPECT_EQ(receivers_.messages(url).size(), 2U);
}

TEST_F(WebhooksTest, WaitsAMomentForWhatIsUnderWay) {
  const std::string url = make(anna_, "a");
  receivers_.set(url, std::nullopt);
  start(20s);
  upload(anna_, "a.txt", "1");
  ASSERT_TRUE(eventually([&] { return receivers_.held() == 1; }));
  std::jthread answer([this] {
    std::this_thread::sleep_for(30ms);
    receivers_.answer_held(200);
  });
  start();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(receivers_.messages(url).size(), 1U);
}

}  // namespace
}  // namespace coffer::jobs
