#include "blobs/s3/background.h"

#include <exception>
#include <memory>
#include <utility>

#include "base/log.h"
#include "base/one_shot_event.h"

namespace coffer::blobs::s3 {
namespace {

using Work = Background::Work;

// Keeps the work, which its task refers to, for as long as that runs.
Task<void> run(std::shared_ptr<Work> work) { co_await (*work)(); }

// What became of work that somebody may wait for.
class Outcome {
 public:
  void end(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
    if (is_waited_for_) event_->set();
  }
  // Whoever waited goes, and his executor may.
  void leave() noexcept {
    const std::lock_guard lock(mutex_);
    is_waited_for_ = false;
  }
  OneShotEvent& event() const noexcept { return *event_; }
  // REQUIRES: it has ended.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const std::shared_ptr<OneShotEvent> event_ = std::make_shared<OneShotEvent>(Executor::current());
  std::mutex mutex_;  // guards what follows
  std::exception_ptr error_;
  bool is_waited_for_ = true;
};

class Waiting {
 public:
  explicit Waiting(Outcome& outcome) noexcept : outcome_(outcome) {}
  ~Waiting() { outcome_.leave(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  Outcome& outcome_;
};

Task<void> run_and_tell(std::shared_ptr<Work> work, std::shared_ptr<Outcome> outcome) {
  std::exception_ptr error;
  try {
    co_await (*work)();
  } catch (...) {
    error = std::current_exception();
  }
  // What the work holds goes before whoever waits goes on.
  work.reset();
  outcome->end(std::move(error));
}

}  // namespace

Background::~Background() {
  std::unique_lock lock(mutex_);
  all_ended_.wait(lock, [this] { return running_ == 0; });
}

void Background::spawn(const char* what, Work work) {
  {
    const std::lock_guard lock(mutex_);
    ++running_;
  }
  thread_.post([this, what, kept = std::make_shared<Work>(std::move(work))]() mutable {
    start(run(std::move(kept)), [this, what](std::exception_ptr error) {
      try {
        if (error) std::rethrow_exception(error);
      } catch (const std::exception& failure) {
        log::warning("a request to the S3 service came to nothing",
                     {{"work", what}, {"reason", failure.what()}});
      }
      ended();
    });
  });
}

Task<void> Background::see_through(const char* what, Work work) {
  const auto outcome = std::make_shared<Outcome>();
  spawn(what, [outcome, kept = std::make_shared<Work>(std::move(work))]() mutable {
    return run_and_tell(std::move(kept), outcome);
  });
  const Waiting waiting(*outcome);
  co_await outcome->event().wait();
  outcome->rethrow();
}

void Background::ended() {
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) all_ended_.notify_all();
}

}  // namespace coffer::blobs::s3
