// How far an account's uploads are, told to one connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "apis/kit/json.h"
#include "base/clock.h"
#include "vault/model/uploads_in_flight.h"

namespace coffer::apis::mediavault {

// Threads: its connection's core.
class UploadWatch {
 public:
  // Between two messages about one upload: at most four a second.
  static constexpr std::chrono::milliseconds kEvery{250};
  // So many uploads at a time, the oldest first; others take the place of those that end.
  static constexpr std::size_t kUploadsMax = 16;

  // REQUIRES: `uploads` outlives it.
  UploadWatch(const vault::UploadsInFlight& uploads, vault::AccountId account)
      : uploads_(uploads), account_(account) {}

  using Send = std::function<void(const boost::json::object&)>;
  // Sends what has changed, unless the last time was less than kEvery ago. `time`: of day.
  void tell(std::chrono::steady_clock::time_point now, Time time, const Send& send);

 private:
  struct Watched {
    std::shared_ptr<const vault::UploadInFlight> upload;
    std::optional<std::uint64_t> told = {};  // bytes
  };
  void watch_new();
  // Whether it goes on.
  bool tell_one(Watched& watched, Time time, const Send& send) const;

  const vault::UploadsInFlight& uploads_;
  const vault::AccountId account_;
  std::optional<std::chrono::steady_clock::time_point> told_at_;
  std::vector<Watched> watched_;
};

}  // namespace coffer::apis::mediavault
