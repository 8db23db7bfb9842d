#include "blobs/s3/background.h"

#include <exception>
#include <memory>
#include <utility>

#include "base/log.h"

namespace coffer::blobs::s3 {
namespace {

using Work = std::move_only_function<Task<void>()>;

// Keeps the work, which its task refers to, for as long as that runs.
Task<void> run(std::shared_ptr<Work> work) { co_await (*work)(); }

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

void Background::ended() {
  const std::lock_guard lock(mutex_);
  if (--running_ == 0) all_ended_.notify_all();
}

}  // namespace coffer::blobs::s3
