// /realtime in a whole server whose clock the test moves: how credentials end, what is kept.
#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "apis/mediavault/event_wire.h"
#include "apis/mediavault/mediavault.h"
#include "apis/mediavault/webhook_wire.h"
#include "base/executor.h"
#include "base/text.h"
#include "server/test/test_server.h"
#include "vault/vault.h"

namespace coffer::apis::mediavault {
namespace {

using namespace std::chrono_literals;
using boost::json::object;
using boost::json::value;
using server::test::Fields;
using server::test::TestServer;

std::uint16_t port_of(const TestServer& server) {
  const std::string url = server.url();
  return static_cast<std::uint16_t>(*parse_unsigned(url.substr(url.rfind(':') + 1)));
}

class Client {
 public:
  explicit Client(const TestServer& server) {
    socket_.next_layer().connect({boost::asio::ip::address_v4::loopback(), port_of(server)});
    socket_.handshake("127.0.0.1", "/realtime");
  }

  void send(const object& message) {
    socket_.write(boost::asio::buffer(boost::json::serialize(message)));
  }
  // Nothing: the server has closed it, with code().
  std::optional<value> receive() {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    socket_.read(buffer, error);
    if (error == boost::beast::websocket::error::closed) return std::nullopt;
    if (error) throw std::runtime_error(error.message());
    return boost::json::parse(boost::beast::buffers_to_string(buffer.data()));
  }
  value ask(const object& message) {
    send(message);
    return receive().value();
  }
  // Reads up to the end.
  unsigned code() {
    while (receive()) {
    }
    return socket_.reason().code;
  }

 private:
  boost::asio::io_context context_;
  boost::beast::websocket::stream<boost::asio::ip::tcp::socket> socket_{context_};
};

std::string text(const value& json) { return std::string(json.as_string()); }

value log_in(Client& client, const TestServer::User& user) {
  const value reply = client.ask({{"type", "auth"}, {"token", user.token}});
  EXPECT_EQ(reply.at("type"), "authenticated");
  return reply;
}

TEST(MediaVaultRealtime, ATokenThatExpiresEndsTheConnection) {
  TestServer server(Fields{{"sessions.access_lifetime", "10m"}});
  const auto anna = server.user("anna");
  Client ends(server);
  EXPECT_EQ(log_in(ends, anna).at("expires_at"), "2023-11-14T22:23:20Z");
  Client stays(server);
  log_in(stays, anna);
  server.advance(10min - 1s);
  const auto fresh = anna.post("/api/v1/auth/refresh", {{"refresh_token", anna.refresh}}).json();
  const value renewed = stays.ask({{"type", "auth"}, {"token", fresh.at("data").at("token")}});
  EXPECT_EQ(renewed.at("expires_at"), "2023-11-14T22:33:19Z");
  EXPECT_EQ(ends.ask({{"type", "ping"}}).at("type"), "pong");
  server.advance(1s);
  const auto last = ends.receive();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->at("code"), "unauthorized");
  EXPECT_EQ(ends.code(), 4401U);
  EXPECT_EQ(stays.ask({{"type", "ping"}}).at("type"), "pong");
  server.advance(10min);
  EXPECT_EQ(stays.code(), 4401U);
}

TEST(MediaVaultRealtime, AKeyThatExpiresEndsTheConnection) {
  TestServer server;
  const auto anna = server.user("anna");
  const auto actor = vault::Actor::system(anna.account);
  InlineExecutor here;
  // One with another end on either side, which none may be taken for.
  std::vector<std::string> secrets;
  for (const auto lifetime : {1h, 2h, 3h}) {
    const vault::KeyTerms terms{.expires_at = server.clock().now() + lifetime};
    const auto made =
        here.run(server.vault().api_keys().create(actor, vault::KeyKind::kApi, "watcher", terms));
    secrets.push_back(made->secret);
  }
  Client client(server);
  const value reply = client.ask({{"type", "auth"}, {"api_key", secrets[1]}});
  EXPECT_EQ(reply.at("expires_at"), "2023-11-15T00:13:20Z");
  server.advance(2h - 1s);
  EXPECT_EQ(client.ask({{"type", "ping"}}).at("type"), "pong");
  server.advance(1s);
  const auto last = client.receive();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->at("code"), "unauthorized");
  EXPECT_EQ(last->at("message"), "The token or key has expired");
  EXPECT_EQ(client.code(), 4401U);
}

TEST(MediaVaultRealtime, WhatIsRevokedEndsTheConnection) {
  TestServer server;
  const auto anna = server.user("anna");
  const auto bob = server.user("bob");
  InlineExecutor here;
  const auto key = here.run(server.vault().api_keys().create(vault::Actor::system(anna.account),
                                                             vault::KeyKind::kApi, "watcher"));
  Client by_key(server);
  const object auth{{"type", "auth"}, {"api_key", key->secret}};
  EXPECT_EQ(by_key.ask(auth).at("type"), "authenticated");
  Client by_token(server);
  log_in(by_token, bob);
  ASSERT_TRUE(
      here.run(server.vault().api_keys().revoke(vault::Actor::system(anna.account), key->key.id)));
  EXPECT_EQ(by_key.code(), 4401U);
  EXPECT_EQ(by_token.ask({{"type", "ping"}}).at("type"), "pong");
  ASSERT_TRUE(here.run(server.vault().accounts().set_disabled(bob.account, true)));
  EXPECT_EQ(by_token.code(), 4401U);
}

TEST(MediaVaultRealtime, NoMinuteHasMoreMessagesWhereverItBegins) {
  TestServer server(Fields{{"rate_limits", "on"}, {"limits.account_per_minute", "4"}});
  const auto anna = server.user("anna");
  const auto is_admitted = [](Client& client) {
    return client.ask({{"type", "ping"}}).at("type") == "pong";
  };
  Client client(server);
  log_in(client, anna);
  server.advance(50s);
  EXPECT_TRUE(is_admitted(client));
  EXPECT_TRUE(is_admitted(client));
  // The first message counts no longer, the two behind it do.
  server.advance(11s);
  EXPECT_TRUE(is_admitted(client));
  EXPECT_TRUE(is_admitted(client));
  Client other(server);
  log_in(other, anna);
  EXPECT_EQ(client.ask({{"type", "ping"}}).at("code"), "rate_limited");
  EXPECT_EQ(client.code(), 1008U);
  EXPECT_TRUE(is_admitted(other));
}

TEST(MediaVaultRealtime, TheConnectionsOfAnAccountShareMessages) {
  // Handshakes and log-ins count as well, by address: those below are fewer.
  constexpr int kPerMinute = 16;
  TestServer server(
      Fields{{"rate_limits", "on"}, {"limits.account_per_minute", std::to_string(kPerMinute)}});
  const auto anna = server.user("anna");
  const auto bob = server.user("bob");
  const object ping{{"type", "ping"}};
  int left = 4 * kPerMinute;  // of the account
  while (left > 0) {
    Client client(server);
    log_in(client, anna);
    // The connection has one less: it has sent `auth`, as nobody's.
    for (int sent = 1; sent < kPerMinute && left > 0; ++sent, --left) {
      EXPECT_EQ(client.ask(ping).at("type"), "pong");
    }
  }
  Client hers(server);
  log_in(hers, anna);
  EXPECT_EQ(hers.ask(ping).at("code"), "rate_limited");
  Client his(server);
  log_in(his, bob);
  EXPECT_EQ(his.ask(ping).at("type"), "pong");
}

TEST(MediaVaultRealtime, EventsAreKeptForSoLong) {
  TestServer server(Fields{{"events.retention", "1d"},
                           {"sessions.access_lifetime", "30d"},
                           {"sessions.refresh_lifetime", "30d"}});
  const auto anna = server.user("anna");
  Client first(server);
  log_in(first, anna);
  const object subscribe{{"type", "subscribe"}, {"channel", "media_updates"}};
  const std::string start = text(first.ask(subscribe).at("last_event_id"));
  const auto upload = [&](std::string_view content) {
    const auto made =
        anna.send_form("/api/v1/media/upload", {{"file", std::string(content), "a.txt"}});
    return text(made.json().at("data").at("id"));
  };
  const std::string old = upload("old");
  EXPECT_EQ(text(first.receive()->at("resource_id")), old);
  server.advance(23h);
  const std::string young = upload("young");
  object from_start = subscribe;
  from_start["last_event_id"] = start;
  Client second(server);
  log_in(second, anna);
  EXPECT_EQ(second.ask(from_start).at("gap"), false);
  EXPECT_EQ(text(second.receive()->at("resource_id")), old);
  EXPECT_EQ(text(second.receive()->at("resource_id")), young);
  server.advance(2h);
  server.collect();
  Client third(server);
  log_in(third, anna);
  // What is kept still comes, behind the notice that there was more.
  EXPECT_EQ(third.ask(from_start).at("gap"), true);
  EXPECT_EQ(text(third.receive()->at("resource_id")), young);
}

TEST(MediaVaultRealtime, SaysWhatWebhooksSay) {
  using enum vault::EventType;
  using vault::WebhookTopic;
  const vault::EntryId entry{3};
  const vault::CollectionId collection{4};
  struct Case {
    vault::EventType type;
    WebhookTopic topic;
    bool is_entry;
  };
  for (const Case& one : {Case{kEntryCreated, WebhookTopic::kEntryCreated, true},
                          Case{kEntryUpdated, WebhookTopic::kEntryUpdated, true},
                          Case{kEntryDeleted, WebhookTopic::kEntryDeleted, true},
                          Case{kCollectionCreated, WebhookTopic::kCollectionCreated, false},
                          Case{kCollectionUpdated, WebhookTopic::kCollectionUpdated, false},
                          Case{kCollectionDeleted, WebhookTopic::kCollectionDeleted, false}}) {
    vault::Event event{.id = vault::EventId{7},
                       .type = one.type,
                       .at = from_micros(1'700'000'000'000'000),
                       .account = vault::AccountId{1},
                       .owner = vault::AccountId{2}};
    vault::Delivery delivery{.topic = one.topic, .at = event.at, .account = *event.owner};
    if (one.is_entry) {
      event.entry = entry;
      event.kind = delivery.kind = vault::FileKind::kVideo;
      delivery.resource = vault::WebhookResource::of(entry);
    } else {
      event.collection = collection;
      delivery.resource = vault::WebhookResource::of(collection);
    }
    const value message = boost::json::parse(event_message(event));
    const value payload = boost::json::parse(webhook_payload(delivery));
    for (const char* member : {"event", "data", "timestamp"}) {
      EXPECT_EQ(message.at(member), payload.at(member));
    }
    EXPECT_EQ(message.at("id"), "event_7");
    EXPECT_EQ(message.at("resource_id"), message.at("data").at("id"));
    if (!one.is_entry) continue;
    // There is no event about a folder.
    event.kind = vault::FileKind::kFolder;
    EXPECT_EQ(event_message(event), "");
  }
  EXPECT_EQ(event_message({.type = kAccountRegistered, .account = vault::AccountId{1}}), "");
}

}  // namespace
}  // namespace coffer::apis::mediavault
