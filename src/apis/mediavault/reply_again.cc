#include <vector>

#include "apis/mediavault/handlers.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

using Lost = std::optional<http::Response>;

Task<Lost> uploaded_again(RequestContext& context, std::span<const vault::Event> events) {
  std::vector<WrittenJson> media;
  for (const vault::Event& event : events) {
    if (event.type != vault::EventType::kEntryCreated || !event.entry) co_return std::nullopt;
    const auto entry = co_await context.vault.entries().find(context.account().id, *event.entry);
    if (!entry) co_return std::nullopt;
    const auto collections = co_await collections_of(context, *entry);
    media.push_back(media_object(context, *entry, collections));
  }
  co_return uploaded(context, media);
}

Task<Lost> restored_again(RequestContext& context, const vault::Event& event) {
  const auto entry =
      co_await context.vault.entries().find(context.account().id, event.entry.value());
  if (!entry) co_return std::nullopt;
  const auto collections = co_await collections_of(context, *entry);
  co_return success(context, media_object(context, *entry, collections));
}

}  // namespace

Task<std::optional<http::Response>> reply_again(RequestContext& context,
                                                std::span<const vault::Event> events) {
  const vault::Event& first = events.front();
  if (first.type == vault::EventType::kEntryRestored) {
    auto reply = co_await restored_again(context, first);
    co_return reply;
  }
  if (!first.collection) {
    auto reply = co_await uploaded_again(context, events);
    co_return reply;
  }
  const auto found =
      co_await context.vault.collections().find(context.account().id, *first.collection);
  if (!found) co_return std::nullopt;
  const bool is_new = first.type == vault::EventType::kCollectionCreated;
  co_return success(context, collection_object(*found), is_new ? 201 : 200);
}

}  // namespace coffer::apis::mediavault
