// The workers for files that have no pixels of their own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "media/pool/worker_pool.h"
#include "media/protocol/reply.h"
#include "media/protocol/request.h"
#include "media/sniff/drawing.h"
#include "vault/model/media.h"

namespace coffer::jobs {

// Pools that outlive who uses them; null: pictures of the format are not made.
struct DrawingPools {
  media::WorkerPool* pdf = nullptr;
  media::WorkerPool* svg = nullptr;
};

// Why there is no picture of a file of that format while they are switched off. REQUIRES: not
// kNone.
vault::MediaFailure failure_of_undrawn(media::DrawingFormat format) noexcept;

// Where no worker of a format can be used, which is said in the log, it is as if its pictures were
// switched off; it is tried again after a while. Threads: any.
class DrawingWorkers {
 public:
  DrawingWorkers(DrawingPools pools, std::chrono::milliseconds retry_after);

  bool is_on(media::DrawingFormat format) const noexcept;
  // Has a file looked into, as WorkerPool::run() does. Nothing: pictures of the format are switched
  // off, or no worker can be used now. Throws as that does otherwise.
  std::optional<media::Reply> run(media::DrawingFormat format, const media::Request& request,
                                  int file, std::uint64_t offset, std::uint64_t length);
  // How often workers of the format have become usable: files that were looked into before the
  // last time may lack their pictures. 0: there are none now.
  std::uint64_t starts(media::DrawingFormat format) const;
  void stop();

 private:
  struct Workers {
    media::WorkerPool* pool = nullptr;
    std::string_view name;  // of the format, for people
    std::uint64_t starts = 1;
    bool is_broken = false;
    std::chrono::steady_clock::time_point try_at{};  // while it is broken
  };
  Workers& of(media::DrawingFormat format);
  const Workers& of(media::DrawingFormat format) const;
  void note_usable(Workers& workers);
  void note_broken(Workers& workers, const std::string& reason);

  const std::chrono::milliseconds retry_after_;
  mutable std::mutex mutex_;
  std::array<Workers, 2> workers_;
};

}  // namespace coffer::jobs
