#include "realtime/feed.h"

#include <exception>
#include <utility>

#include "base/log.h"
#include "base/thread.h"

namespace coffer::realtime {

Feed::Feed(vault::Vault& vault, db::CommitNotifier* commits, Hub& hub, Options options,
           Hub::TextOf text_of)
    : vault_(vault),
      commits_(commits),
      hub_(hub),
      options_(options),
      text_of_(std::move(text_of)),
      thread_(start_thread("realtime", [this] { work(); })) {
  if (commits_) commits_->set_commit_listener([this] { wake(); });
}

Feed::~Feed() {
  if (commits_) commits_->set_commit_listener({});
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Feed::wake() noexcept {
  hub_.note_commit();
  if (!hub_.has_subscribers()) return;
  {
    const std::lock_guard lock(mutex_);
    is_due_ = true;
  }
  wake_.notify_one();
}

bool Feed::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, at_most, [this] { return is_stopped_ || is_due_; });
  is_due_ = false;
  return !is_stopped_;
}

void Feed::work() {
  auto pause = options_.poll_every;
  while (wait(pause)) {
    pause = options_.poll_every;
    try {
      while (hub_.has_subscribers() && read() && wait({})) {
      }
    } catch (const std::exception& error) {
      log::error("background work failed", {{"work", "realtime"}, {"error", error.what()}});
      pause = options_.retry_after;
    }
  }
}

bool Feed::read() {
  const vault::EventId from = hub_.position();
  const auto page = executor_.run(vault_.events().read(from, options_.page));
  if (page.has_gap) {
    log::warning("connected clients miss events that were pruned before they were read",
                 {{"after", from.value}, {"do", "set events.retention longer"}});
  }
  if (page.events.empty() && !page.has_gap) return false;
  const vault::EventId to =
      page.events.empty() ? executor_.run(vault_.owner_events().last()) : page.events.back().id;
  hub_.publish(from, to, page, text_of_);
  return page.events.size() == options_.page;
}

}  // namespace coffer::realtime
