#include "blobs/s3/s3_content.h"

#include <algorithm>
#include <utility>

#include "blobs/s3/keys.h"

namespace coffer::blobs::s3 {
namespace {

// Of a transfer (http/upstream.h), and what it reads ahead.
constexpr std::uint64_t kTransferBytes = std::uint64_t{50} * 1024;
constexpr std::uint64_t kAheadBytes = std::uint64_t{128} * 1024;
static_assert(kTransferBytes + kAheadBytes + S3Content::kPieceBytes <= DownloadMemory::kMaxBytes);

// What a reader of so much holds at a time.
std::size_t memory_for(std::uint64_t length) noexcept {
  return static_cast<std::size_t>(kTransferBytes + std::min(length, kAheadBytes) +
                                  std::min(length, S3Content::kPieceBytes));
}

// So that a blob of the cache is read as one piece.
static_assert(S3Content::kPieceBytes >= SmallBlobCache::kMaxBlobBytes);

}  // namespace

S3Content::S3Content(Client& client, DownloadMemory& memory, const BlobRef& blob,
                     std::optional<Keeping> keeping)
    : client_(client),
      memory_(memory),
      blob_(blob),
      key_(key_of(blob.place)),
      keeping_(std::move(keeping)) {}

Task<std::optional<ReaderMemory>> S3Content::begin(std::uint64_t offset, std::uint64_t length,
                                                   ContentReader reader) const {
  const std::size_t bytes = memory_for(reader.length);
  auto memory = co_await memory_.take(std::move(reader), bytes);
  if (!memory) co_return memory;
  Reading reading = take(offset, offset + length);
  co_await reading.download->begin();
  keep(std::move(reading));
  co_return memory;
}

Task<Content::Piece> S3Content::piece(std::uint64_t offset, std::uint64_t max) const {
  Reading reading = take(offset, offset + std::min(max, blob_.size - offset));
  Bytes bytes(static_cast<std::size_t>(std::min(kPieceBytes, reading.end - reading.offset)));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t count = co_await reading.download->read(ByteSpan(bytes).subspan(filled));
    filled += count;
  }
  reading.offset += filled;
  if (reading.offset < reading.end) keep(std::move(reading));
  if (keeping_ && bytes.size() == blob_.size) keeping_->cache.put(blob_, bytes, keeping_->miss);
  co_return bytes;
}

S3Content::Reading S3Content::take(std::uint64_t offset, std::uint64_t end) const {
  {
    const std::lock_guard lock(mutex_);
    if (last_.download && last_.offset == offset && last_.end <= end) {
      return std::exchange(last_, Reading());
    }
  }
  return {.download = client_.get(key_, offset, end - offset), .offset = offset, .end = end};
}

void S3Content::keep(Reading reading) const {
  const std::lock_guard lock(mutex_);
  std::swap(last_, reading);
}

Task<std::optional<ReaderMemory>> CachedContent::begin(std::uint64_t /*offset*/,
                                                       std::uint64_t /*length*/,
                                                       ContentReader reader) const {
  const auto bytes = static_cast<std::size_t>(std::min(reader.length, S3Content::kPieceBytes));
  return memory_.take(std::move(reader), bytes);
}

Task<Content::Piece> CachedContent::piece(std::uint64_t offset, std::uint64_t max) const {
  const ByteView rest = ByteView(*bytes_).subspan(static_cast<std::size_t>(offset));
  const ByteView part =
      rest.first(static_cast<std::size_t>(std::min<std::uint64_t>(max, rest.size())));
  co_return Bytes(part.begin(), part.end());
}

}  // namespace coffer::blobs::s3
