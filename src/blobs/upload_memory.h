// The memory of the writers of one store, or of several that share it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

#include "blobs/buffer_pool.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs {

struct UploadMemory {
  struct Options {
    // Of all writers together. Each needs 32 KiB while bytes come in, and takes up to 256 while
    // there is enough; who finds none left waits in line, at most `max_wait`.
    std::size_t bytes = std::size_t{128} << 20U;
    std::chrono::milliseconds max_wait{5'000};
    // Blobs of one owner that are written at the same time.
    std::size_t max_uploads = 1'000;
    // Of all owners: each may hold a file open.
    std::size_t max_all_uploads = std::numeric_limits<std::size_t>::max();
  };

  explicit UploadMemory(const Options& options)
      : budget({.bytes = options.bytes,
                .max_request = kBufferBytes,
                .max_wait = options.max_wait,
                .max_uploads = options.max_uploads,
                .max_all_uploads = options.max_all_uploads}),
        buffers(std::min(kIdleBytes, options.bytes)) {}

  UploadBudget budget;
  BufferPool buffers;

 private:
  // Stays allocated between uploads.
  static constexpr std::size_t kIdleBytes = std::size_t{8} << 20U;
};

}  // namespace coffer::blobs
