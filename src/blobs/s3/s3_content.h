// The bytes of an object, as they are handed out.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/fetched_content.h"
#include "base/stream.h"
#include "blobs/place.h"
#include "blobs/s3/client.h"
#include "blobs/s3/download_memory.h"
#include "blobs/s3/small_blob_cache.h"

namespace coffer::blobs::s3 {

// Whoever reads on where the last piece ended reads the same answer of the service. Threads: any.
class S3Content final : public Content, public FetchedContent {
 public:
  // Where a blob goes once all of it was read.
  struct Keeping {
    SmallBlobCache& cache;  // takes it
    SmallBlobCache::Lookup miss;
  };

  // Of a piece, at most.
  static constexpr std::uint64_t kPieceBytes = std::uint64_t{64} * 1024;

  // `client`, `memory` and the cache outlive it.
  S3Content(Client& client, DownloadMemory& memory, const BlobRef& blob,
            std::optional<Keeping> keeping);

  std::uint64_t size() const noexcept override { return blob_.size; }
  Task<std::optional<ReaderMemory>> begin(std::uint64_t offset, std::uint64_t length,
                                          ContentReader reader) const override;
  Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const override;

 private:
  struct Reading {
    std::unique_ptr<Download> download;
    std::uint64_t offset = 0;  // of its next byte
    std::uint64_t end = 0;
  };

  // What was left off at `offset`, or a new one to `end`.
  Reading take(std::uint64_t offset, std::uint64_t end) const;
  void keep(Reading reading) const;

  Client& client_;
  DownloadMemory& memory_;
  const BlobRef blob_;
  const std::string key_;
  const std::optional<Keeping> keeping_;
  mutable std::mutex mutex_;  // guards the next
  mutable Reading last_;
};

// A blob of the cache, which is handed out as a copy. Threads: any.
class CachedContent final : public Content, public FetchedContent {
 public:
  // `memory` outlives it.
  CachedContent(DownloadMemory& memory, std::shared_ptr<const Bytes> bytes) noexcept
      : memory_(memory), bytes_(std::move(bytes)) {}

  std::uint64_t size() const noexcept override { return bytes_->size(); }
  Task<std::optional<ReaderMemory>> begin(std::uint64_t offset, std::uint64_t length,
                                          ContentReader reader) const override;
  Task<Piece> piece(std::uint64_t offset, std::uint64_t max) const override;

 private:
  DownloadMemory& memory_;
  const std::shared_ptr<const Bytes> bytes_;
};

}  // namespace coffer::blobs::s3
