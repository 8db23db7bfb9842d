// The bytes of a stored blob, as they are handed out.
#pragma once

#include <cstdint>
#include <memory>

#include "base/stream.h"
#include "blobs/local/disk.h"

namespace coffer::blobs {

struct StoreContext;

// A section of a file. A slice of it is brought into memory before it is handed out, on a thread
// that may wait for the disk; under want of memory the kernel may drop it again before it is sent.
// Threads: any.
class FileContent final : public Content {
 public:
  // `context` outlives the tasks. `file` may be shared with others.
  FileContent(StoreContext& context, std::shared_ptr<const OpenFile> file, std::uint64_t start,
              std::uint64_t size) noexcept;

  std::uint64_t size() const noexcept override { return size_; }
  // A copy of what is short, else a slice.
  Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const override;

 private:
  bool is_cached(std::uint64_t from, std::uint64_t length) const;
  void fetch(std::uint64_t from, std::uint64_t length) const;

  StoreContext& context_;
  const std::shared_ptr<const OpenFile> file_;
  const std::uint64_t start_;
  const std::uint64_t size_;
};

}  // namespace coffer::blobs
