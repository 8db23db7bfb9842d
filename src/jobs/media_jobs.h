// Has files looked into and pictures made, by the workers of a pool.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/executor.h"
#include "jobs/drawing_workers.h"
#include "jobs/media_source.h"
#include "media/pool/worker_pool.h"
#include "vault/vault.h"

namespace coffer::jobs {

// Works on threads of its own, of low priority, one for each worker: pictures that somebody waits
// for and files that are to be looked into in turn, then files that were stored before anything
// was. The pictures of one owner's files, whoever asks, are an eighth of those that may wait, and
// owners have their turns, so that one link with many visitors delays nobody else for long. What
// fails for reasons of the machine is logged and tried again. While no worker can be used, which is
// said in the log, files wait and pictures are refused. Threads: made and destroyed by one.
class MediaJobs final : public vault::PictureMaker {
 public:
  struct Options {
    std::size_t threads = 1;                        // at most as many as the pool has workers
    std::string folder;                             // for copies of files that are no one file
    std::uint64_t max_copied = 4ULL << 30U;         // bytes of such a copy
    std::size_t max_waiting = 64;                   // pictures that are asked for, of all
    std::chrono::milliseconds poll_every{250};      // looks for files
    std::chrono::milliseconds count_every{10'000};  // those that wait, for metrics
    std::chrono::milliseconds retry_after{60'000};  // after a failure of the machine
  };
  struct Stats {
    std::uint64_t looked_into = 0;  // files, with those that failed
    std::uint64_t thumbnails = 0;
    std::uint64_t retried = 0;  // failures that were tried once more
    std::array<std::uint64_t, vault::kMediaFailures> failed = {};  // by MediaFailure
    std::uint64_t waiting = 0;                                     // files, at the last look
    std::uint64_t pictures_waiting = 0;                            // that are asked for
    bool is_usable = false;                                        // whether workers can be used
  };

  // Starts, and is the vault's maker of pictures. REQUIRES: `vault` and the pools outlive this, and
  // nobody else works on the vault's database.
  MediaJobs(vault::Vault& vault, media::WorkerPool& pool, DrawingPools drawings, Options options);
  // Ends what is under way, whose files are looked into again, and stops the pools.
  ~MediaJobs() override;
  MediaJobs(const MediaJobs&) = delete;
  MediaJobs& operator=(const MediaJobs&) = delete;

  std::optional<std::chrono::seconds> begin(const vault::Entry& file,
                                            const vault::PictureSpec& spec, Done done) override;
  std::optional<std::chrono::seconds> optimize(vault::AccountId owner,
                                               std::shared_ptr<const Content> bytes,
                                               std::weak_ptr<const void> asker,
                                               OptimizedDone done) override;
  bool withdraw(const Sha256Digest& source, const vault::PictureSpec& spec) override;

  // Waits until all files that are due by the vault's clock were looked into. Threads: any.
  void run_all();

  Stats stats() const;

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Wanted {
    vault::AccountId owner;
    vault::Entry file = {};
    vault::PictureSpec spec = {};
    Done done = {};
    // Set: these bytes are to be made smaller, and nothing else counts.
    std::shared_ptr<const Content> bytes = {};
    std::weak_ptr<const void> asker = {};
    OptimizedDone optimized = {};
  };

  // What a worker said. `undrawn`: it is of this format, whose pictures are not made now; the reply
  // has its facts, where they are known, and a failure that is to be passed over.
  struct Looked {
    media::Reply reply;
    std::optional<media::DrawingFormat> undrawn;
  };
  // Files whose pictures were not made when they were looked into, as far as they are queued.
  struct Undrawn {
    std::uint64_t start = 0;  // of DrawingWorkers, that they are queued for
    Sha256Digest after = {};
  };

  void stop();
  // `first`: of the threads, the one that does what one alone does.
  void work(bool first);
  // Whether there was something to do. `files_next`: it is the turn of a file, which it sets.
  bool step(InlineExecutor& executor, bool& files_next);
  // Whether there may be more. Thread: the first.
  bool queue_undrawn(InlineExecutor& executor);
  // Whether a file was due.
  bool look_into_next(InlineExecutor& executor);
  void look_into(InlineExecutor& executor, vault::MediaJob job);
  void finish(InlineExecutor& executor, vault::MediaJob job, Looked looked);
  std::optional<std::chrono::seconds> take(Wanted wanted);
  Made make(InlineExecutor& executor, const Wanted& wanted);
  Optimized make_smaller(Wanted& wanted);
  // What was said; nothing where that may pass, which is logged.
  std::optional<Looked> run_wanted(const media::Request& request,
                                   std::shared_ptr<const Content> bytes, bool is_in_parts);
  static void give_up(Wanted wanted);
  // Takes what nobody waits for any more out of the queue. REQUIRES: mutex_ is held.
  void drop_unwanted();
  void make_timed(InlineExecutor& executor, Wanted wanted);
  std::optional<Wanted> take_wanted();
  // Until the pictures of `owner`, or all that wait, are about made. REQUIRES: mutex_ is held.
  std::chrono::seconds time_of_waiting(std::optional<vault::AccountId> owner) const;
  // Nothing: no worker could be used, which was noted.
  std::optional<Looked> run(const media::Request& request, const MediaSource& source);
  void count_waiting(InlineExecutor& executor);

  // Whether workers can be used; looks again, when it is time to.
  bool check_pool();
  void note_broken(const std::string& reason);
  bool is_broken() const;
  bool is_stopped() const;

  vault::Vault& vault_;
  media::WorkerPool& pool_;
  const Options options_;
  DrawingWorkers drawings_;
  std::array<Undrawn, 2> undrawn_;  // of PDF and SVG; thread: the first

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable all_run_;
  bool stop_ = false;
  bool is_usable_ = false;
  bool is_checking_ = false;
  bool is_broken_ = false;  // it was said so
  Moment check_at_{};       // while it is not usable
  std::deque<Wanted> wanted_;
  std::optional<vault::AccountId> served_;  // owner of the file whose picture was made last
  double picture_seconds_ = 1;              // what making one takes, of late
  std::size_t busy_ = 0;                    // threads with something to do
  std::uint64_t runs_wanted_ = 0;           // calls of run_all(),
  std::uint64_t runs_done_ = 0;             // and how many of them are answered
  Stats stats_;
  std::vector<std::thread> threads_;  // last: they use the others
};

}  // namespace coffer::jobs
