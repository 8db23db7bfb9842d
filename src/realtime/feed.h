// Reads the log of events for those who are connected.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "db/commit_notifier.h"
#include "realtime/hub.h"
#include "vault/vault.h"

namespace coffer::realtime {

// Works on a thread of its own, and reads only while somebody is to be told. A commit of this
// process wakes it; those of others are seen when it looks by itself. What fails here (the
// database) is logged and tried again. Threads: made and destroyed by one.
class Feed {
 public:
  struct Options {
    std::chrono::milliseconds poll_every{500};
    std::chrono::milliseconds retry_after{1'000};
    std::size_t page = 500;  // events at a time
  };

  // Starts. `commits`: of the vault's database; null: it only looks by itself. REQUIRES: `vault`,
  // `commits`, `hub` and the hub's executors outlive it; `text_of` may be called on any thread.
  Feed(vault::Vault& vault, db::CommitNotifier* commits, Hub& hub, Options options,
       Hub::TextOf text_of);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

 private:
  void wake() noexcept;
  void work();
  // Whether there may be more.
  bool read();
  // Until there may be something to read. False: at the end.
  bool wait(std::chrono::milliseconds at_most);

  vault::Vault& vault_;
  db::CommitNotifier* const commits_;
  Hub& hub_;
  const Options options_;
  const Hub::TextOf text_of_;
  InlineExecutor executor_;  // the thread's

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_:
  bool is_stopped_ = false;
  bool is_due_ = false;

  std::thread thread_;  // last: it uses the others
};

}  // namespace coffer::realtime
