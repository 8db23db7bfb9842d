// A session whose notices the test lets come when it likes.
#include "apis/mediavault/realtime_session.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apis/mediavault/event_wire.h"
#include "apis/mediavault/mediavault.h"
#include "base/executor.h"
#include "server/test/test_server.h"
#include "vault/vault.h"

namespace coffer::apis::mediavault {
namespace {

using boost::json::object;
using server::test::TestServer;

// What a client does next: gives a message, or something else and nothing.
using Step = std::function<std::optional<object>()>;

// A client that takes all at once. What the session runs beside its messages, and the notices that
// were posted, come to their end between two steps; the former not while it is held.
class Script final : public http::WebSocket {
 public:
  Script(std::vector<Step> steps, const bool& is_held)
      : steps_(std::move(steps)), is_held_(is_held) {}

  Task<std::optional<std::string>> receive() override {
    for (;;) {
      co_await yield(Executor::current());
      if (!is_held_) {
        std::vector<Task<void>> tasks = std::exchange(beside_, {});
        for (Task<void>& task : tasks) co_await std::move(task);
      }
      if (is_closing() && when_closing_) when_closing_();
      if (next_ == steps_.size() || is_closing()) co_return std::nullopt;
      if (const auto message = steps_[next_++]()) co_return boost::json::serialize(*message);
    }
  }
  void send(http::SharedText message) override {
    const auto parsed = boost::json::parse(*message);
    const auto type = std::string(parsed.at("type").as_string());
    if (type == "event") {
      told_.push_back(parse_event_id(parsed.at("id").as_string())->value);
    } else if (type == "error") {
      ++errors_;
    }
  }
  Task<bool> wait_until_sent() override { co_return !is_closing(); }
  void close(std::uint16_t code, std::string_view) override {
    if (code_ == 0) code_ = code;
  }
  bool is_closing() const noexcept override { return code_ != 0; }
  std::uint16_t close_code() const noexcept override { return code_; }
  void run(Task<void> task) override { beside_.push_back(std::move(task)); }

  const std::vector<std::int64_t>& told() const noexcept { return told_; }
  int errors() const noexcept { return errors_; }
  // Called where the client has not answered the close frame yet.
  void when_closing(std::function<void()> look) { when_closing_ = std::move(look); }

 private:
  std::vector<Step> steps_;
  const bool& is_held_;
  std::size_t next_ = 0;
  std::vector<Task<void>> beside_;
  std::uint16_t code_ = 0;
  std::vector<std::int64_t> told_;
  int errors_ = 0;
  std::function<void()> when_closing_;
};

class MediaVaultRealtimeSession : public ::testing::Test {
 protected:
  Step authenticate() {
    return [this] { return object{{"type", "auth"}, {"token", anna_.token}}; };
  }
  // From where the test began.
  Step subscribe(std::optional<std::string> resource = std::nullopt) {
    return [this, resource] {
      object message = about("subscribe", resource);
      message["last_event_id"] = event_id(start_);
      return message;
    };
  }
  Step unsubscribe(std::optional<std::string> resource = std::nullopt) {
    return [this, resource] { return about("unsubscribe", resource); };
  }
  // Events of the file.
  Step change(std::string id, int times) {
    return [this, id, times]() -> std::optional<object> {
      for (int i = 0; i < times; ++i) {
        const object changes{{"title", std::to_string(++titles_)}};
        EXPECT_EQ(anna_.send("PATCH", "/api/v1/media/" + id, changes).status, 200u);
      }
      return std::nullopt;
    };
  }
  // The notices of all that has happened.
  Step publish() {
    return [this]() -> std::optional<object> {
      InlineExecutor here;
      const vault::EventId from = hub_.position();
      const auto page = here.run(server_.vault().events().read(from, 10'000));
      if (page.events.empty()) return std::nullopt;
      hub_.publish(from, page.events.back().id, page,
                   [](const vault::Event& event) { return event_message(event); });
      return std::nullopt;
    };
  }
  // Nothing runs beside the messages meanwhile.
  Step hold(bool is_held) {
    return [this, is_held]() -> std::optional<object> {
      is_held_ = is_held;
      return std::nullopt;
    };
  }
  std::string upload() {
    const auto made = anna_.send_form("/api/v1/media/upload", {{"file", "content", "a.txt"}});
    return std::string(made.json().at("data").at("id").as_string());
  }
  // The events that the client was told, in that order.
  std::vector<std::int64_t> play(std::vector<Step> steps) {
    Script script(std::move(steps), is_held_);
    RealtimeSession session(server_.vault(), hub_, *hub_.take_place("192.0.2.1"),
                            std::make_shared<MessageLimit>(server_.clock(), 0));
    InlineExecutor here;
    here.run(session.serve(script));
    EXPECT_EQ(script.close_code(), 0);
    EXPECT_EQ(script.errors(), 0);
    return script.told();
  }
  // All that has happened since the test began.
  std::vector<std::int64_t> happened() {
    InlineExecutor here;
    std::vector<std::int64_t> ids;
    for (const auto& event : here.run(server_.vault().events().read(start_, 10'000)).events) {
      ids.push_back(event.id.value);
    }
    return ids;
  }
  void begin() {
    InlineExecutor here;
    start_ = here.run(server_.vault().owner_events().last());
  }

  TestServer server_;
  const TestServer::User anna_ = server_.user("anna");
  realtime::Hub hub_{{}};
  vault::EventId start_ = {};
  bool is_held_ = false;

 private:
  static object about(std::string_view type, const std::optional<std::string>& resource) {
    object message{{"type", type}, {"channel", "media_updates"}};
    if (resource) message["resource_id"] = *resource;
    return message;
  }

  int titles_ = 0;
};

TEST_F(MediaVaultRealtimeSession, WhatOthersHadToTellIsToldWhenTheyHaveEnded) {
  const std::string one = upload();
  const std::string two = upload();
  begin();
  const auto told =
      play({authenticate(), subscribe(one), change(two, 1), change(one, 2), change(two, 1),
            subscribe(), unsubscribe(one), publish(), change(one, 1), publish(), unsubscribe()});
  EXPECT_EQ(told, happened());
}

TEST_F(MediaVaultRealtimeSession, WhatIsReplacedLosesNothing) {
  const std::string one = upload();
  begin();
  const auto told = play({authenticate(), subscribe(one), change(one, 3), subscribe(),
                          subscribe(one), unsubscribe(), unsubscribe(one), subscribe(), publish(),
                          change(one, 1), publish(), unsubscribe()});
  EXPECT_EQ(told, happened());
}

TEST_F(MediaVaultRealtimeSession, NothingIsToldTwiceByThoseThatOverlap) {
  const std::string one = upload();
  const std::string two = upload();
  begin();
  const auto told = play({authenticate(), subscribe(), change(one, 2), change(two, 2), publish(),
                          subscribe(one), subscribe(two), change(one, 1), subscribe(one), publish(),
                          change(two, 1), publish(), unsubscribe(one)});
  EXPECT_EQ(told, happened());
}

TEST_F(MediaVaultRealtimeSession, WhatOthersHaveToldIsNotToldAgainWhenTheyEndMeanwhile) {
  const std::string one = upload();
  begin();
  const auto told =
      play({authenticate(), subscribe(), change(one, 3), publish(), hold(true), subscribe(one),
            unsubscribe(), hold(false), change(one, 1), publish(), unsubscribe(one)});
  EXPECT_EQ(told, happened());
}

TEST_F(MediaVaultRealtimeSession, ItsPlaceIsFreeAsSoonAsItIsClosed) {
  Script script({[] { return object{{"type", "auth"}, {"token", "none"}}; }}, is_held_);
  RealtimeSession session(server_.vault(), hub_, *hub_.take_place("192.0.2.1"),
                          std::make_shared<MessageLimit>(server_.clock(), 0));
  EXPECT_EQ(hub_.stats().connections, 1U);
  std::optional<std::size_t> connections;
  script.when_closing([&] { connections = hub_.stats().connections; });
  InlineExecutor here;
  here.run(session.serve(script));
  EXPECT_EQ(script.close_code(), kCloseUnauthorized);
  EXPECT_EQ(connections, 0U);
}

}  // namespace
}  // namespace coffer::apis::mediavault
