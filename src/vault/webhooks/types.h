// The nouns of webhooks.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>

#include "vault/model/types.h"

namespace coffer::vault {

using WebhookId = Id<struct WebhookTag>;
using DeliveryId = Id<struct DeliveryTag>;

// What a webhook can be told of.
enum class WebhookTopic : std::uint8_t {
  kEntryCreated = 0,  // files that its account owns, here and in the next two
  kEntryUpdated = 1,
  kEntryDeleted = 2,
  kAccountRegistered = 3,  // told to admins alone
  kCollectionCreated = 4,  // collections that its account owns, here and in the next two
  kCollectionUpdated = 5,
  kCollectionDeleted = 6,
  kTest = 7,           // asked for by its owner, whatever the webhook's topics are
  kEntryRestored = 8,  // as kEntryCreated: out of the trash
  kEntryPurged = 9,    // the same: out of the trash, for good
};

// What a message is about: messages about the same thing are sent in the order of what happened.
struct WebhookResource {
  enum class Kind : std::uint8_t { kEntry = 0, kCollection = 1 };

  Kind kind = Kind::kEntry;
  std::int64_t id = 0;  // an EntryId's or a CollectionId's

  static WebhookResource of(EntryId id) { return {Kind::kEntry, id.value}; }
  static WebhookResource of(CollectionId id) { return {Kind::kCollection, id.value}; }
  bool operator==(const WebhookResource&) const = default;
};

class WebhookTopics {
 public:
  WebhookTopics() = default;
  WebhookTopics(std::initializer_list<WebhookTopic> topics) {
    for (const WebhookTopic topic : topics) add(topic);
  }
  // REQUIRES: `bits` are those of another set.
  static WebhookTopics from_bits(std::int64_t bits) {
    WebhookTopics topics;
    topics.bits_ = bits;
    return topics;
  }

  void add(WebhookTopic topic) noexcept { bits_ |= bit_of(topic); }
  bool has(WebhookTopic topic) const noexcept { return (bits_ & bit_of(topic)) != 0; }
  bool empty() const noexcept { return bits_ == 0; }
  std::int64_t bits() const noexcept { return bits_; }

 private:
  static std::int64_t bit_of(WebhookTopic topic) noexcept {
    return std::int64_t{1} << static_cast<unsigned>(topic);
  }
  std::int64_t bits_ = 0;
};

// An address that an account wants to be told at.
struct Webhook {
  WebhookId id = {};
  AccountId account = {};
  std::string url = {};
  WebhookTopics topics = {};
  bool is_active = true;                  // false: paused; nothing new is told, nothing is sent
  std::uint64_t waiting = 0;              // deliveries that are still to be made
  std::uint64_t failures = 0;             // attempts that failed since one succeeded
  std::optional<Time> succeeded_at = {};  // the last attempt that did
  Time created_at = {};
  Time updated_at = {};

  // Names what its owner has set: another when that changes, the same whatever is delivered.
  std::string state_tag() const;
};

enum class DeliveryStatus : std::uint8_t { kPending = 0, kDelivered = 1, kDead = 2 };

// One message to one webhook.
struct Delivery {
  DeliveryId id = {};
  Uuid uuid = {};  // the same in each attempt, and when it is sent again by hand
  WebhookId webhook = {};
  WebhookTopic topic = WebhookTopic::kTest;
  Time at = {};            // when it happened
  AccountId account = {};  // the owner, who registered, or who asked for the test
  std::optional<WebhookResource> resource = {};
  std::optional<FileKind> kind = {};  // of an entry
  DeliveryStatus status = DeliveryStatus::kPending;
  std::uint64_t attempts = 0;
  // Of a pending one: when the next attempt is due, or when the one under way is given up. Nothing:
  // after an earlier one about the same resource.
  std::optional<Time> next_at = {};
  Time created_at = {};
  std::optional<Time> finished_at = {};  // delivered or dead since
  // The last attempt's; nothing before the first.
  std::optional<Time> attempted_at = {};
  std::optional<std::chrono::milliseconds> duration = {};
  std::optional<unsigned> reply_status = {};  // nothing: there was no reply
  std::string reply = {};                     // its first bytes, whatever they are
  std::string error = {};                     // why it failed, a sentence for people; or empty
};

// Bytes of a reply that are kept.
inline constexpr std::size_t kReplyKept = 1024;
// Of one account.
inline constexpr std::size_t kWebhooksMax = 20;
// Deliveries of one webhook that may wait; what comes beyond is dead at once.
inline constexpr std::uint64_t kDeliveriesWaitingMax = 10'000;

}  // namespace coffer::vault
