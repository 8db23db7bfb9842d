// How many replies are made while they are sent (http::BodySource), and for whom.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/task.h"
#include "http/message.h"

namespace coffer::apis {

// Each holds a piece of its body for as long as its client takes to read it: so there is a bound
// for all of them, and a smaller one for each caller, who cannot take the places of others.
// Threads: any.
class ReplyStreams {
 public:
  struct Limits {
    std::size_t total = 1024;
    std::size_t each = 64;
  };

  ReplyStreams() : ReplyStreams(Limits()) {}
  explicit ReplyStreams(Limits limits) : limits_(limits) {}

  // A place among them, for as long as it lives. The streams outlive it.
  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : streams_(std::exchange(other.streams_, nullptr)), who_(std::move(other.who_)) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (streams_) streams_->leave(who_);
    }

   private:
    friend class ReplyStreams;
    Slot(ReplyStreams& streams, std::string who) : streams_(&streams), who_(std::move(who)) {}

    ReplyStreams* streams_;
    std::string who_;
  };

  // Nothing when all places are taken, or all that `who` may have.
  std::optional<Slot> take(std::string who);

  std::size_t count() const noexcept { return count_; }
  std::uint64_t refused() const noexcept { return refused_; }

 private:
  void leave(const std::string& who);

  const Limits limits_;
  std::mutex mutex_;
  std::map<std::string, std::size_t, std::less<>> of_each_;  // guarded by mutex_
  std::atomic<std::size_t> count_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
};

// Whether the caller may go on reading; asked before each piece.
using MayGoOn = std::move_only_function<Task<bool>()>;

// `source` with its place, for as long as `may_go_on` says so. Then its next() throws.
std::unique_ptr<http::BodySource> guarded(std::unique_ptr<http::BodySource> source,
                                          ReplyStreams::Slot place, MayGoOn may_go_on);

}  // namespace coffer::apis
