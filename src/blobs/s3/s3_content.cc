#include "blobs/s3/s3_content.h"

#include <algorithm>
#include <utility>

namespace coffer::blobs::s3 {
namespace {

constexpr std::uint64_t kPieceBytes = std::uint64_t{64} * 1024;

}  // namespace

Task<void> S3Content::begin(std::uint64_t offset, std::uint64_t length) const {
  Reading reading = take(offset, offset + length);
  co_await reading.download->begin();
  keep(std::move(reading));
}

Task<Content::Piece> S3Content::piece(std::uint64_t offset, std::uint64_t max) const {
  Reading reading = take(offset, offset + std::min(max, size_ - offset));
  Bytes bytes(static_cast<std::size_t>(std::min(kPieceBytes, reading.end - reading.offset)));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const std::size_t count = co_await reading.download->read(ByteSpan(bytes).subspan(filled));
    filled += count;
  }
  reading.offset += filled;
  if (reading.offset < reading.end) keep(std::move(reading));
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

}  // namespace coffer::blobs::s3
