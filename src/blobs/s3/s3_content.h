// The bytes of an object, as they are handed out.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/fetched_content.h"
#include "base/stream.h"
#include "blobs/s3/client.h"

namespace coffer::blobs::s3 {

// Whoever reads on where the last piece ended reads the same answer of the service. Threads: any.
class S3Content final : public Content, public FetchedContent {
 public:
  // `client` outlives it.
  S3Content(Client& client, std::string key, std::uint64_t size)
      : client_(client), key_(std::move(key)), size_(size) {}

  std::uint64_t size() const noexcept override { return size_; }
  Task<void> begin(std::uint64_t offset, std::uint64_t length) const override;
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
  const std::string key_;
  const std::uint64_t size_;
  mutable std::mutex mutex_;  // guards the next
  mutable Reading last_;
};

}  // namespace coffer::blobs::s3
