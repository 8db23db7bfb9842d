#include "apis/mediavault/upload_watch.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "apis/mediavault/event_wire.h"
#include "apis/mediavault/wire.h"

namespace coffer::apis::mediavault {
namespace {

using State = vault::UploadInFlight::State;

std::string_view name_of_state(State state) noexcept {
  switch (state) {
    case State::kReceiving: return "receiving";
    case State::kReceived: return "received";
    case State::kFailed: break;
  }
  return "failed";
}

}  // namespace

void UploadWatch::tell(std::chrono::steady_clock::time_point now, Time time, const Send& send) {
  if (told_at_ && now - *told_at_ < kEvery) return;
  told_at_ = now;
  watch_new();
  std::erase_if(watched_, [&](Watched& watched) { return !tell_one(watched, time, send); });
}

void UploadWatch::watch_new() {
  for (auto& upload : uploads_.list(account_, kUploadsMax)) {
    if (watched_.size() >= kUploadsMax) break;
    const bool is_watched = std::ranges::any_of(
        watched_, [&](const Watched& watched) { return watched.upload == upload; });
    if (!is_watched) watched_.push_back({.upload = std::move(upload)});
  }
}

bool UploadWatch::tell_one(Watched& watched, Time time, const Send& send) const {
  const vault::UploadInFlight& upload = *watched.upload;
  // First: the bytes of what has ended stay as they are.
  const State state = upload.state.load(std::memory_order_acquire);
  const std::uint64_t received = upload.received.load(std::memory_order_relaxed);
  const bool goes_on = state == State::kReceiving;
  if (goes_on && watched.told == received) return true;
  watched.told = received;
  const std::string id = "upload_" + std::to_string(upload.number);
  send({{"type", "event"},
        {"id", nullptr},
        {"channel", name_of(Channel::kUploads)},
        {"resource_id", id},
        {"event", "upload.progress"},
        {"data",
         {{"id", id},
          {"user_id", user_id(upload.owner)},
          {"status", name_of_state(state)},
          {"received", received},
          {"size", json_or_null(upload.size)},
          {"request_size", json_or_null(upload.message_size)},
          {"started_at", to_iso8601(upload.started_at)}}},
        {"timestamp", to_iso8601(time)}});
  return goes_on;
}

}  // namespace coffer::apis::mediavault
