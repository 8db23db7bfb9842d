#include "media/worker/source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coffer::media {
namespace {

// How many bytes of `wanted` there are from `offset` on, of `size`.
std::size_t available(std::uint64_t offset, std::size_t wanted, std::uint64_t size) noexcept {
  if (offset >= size) return 0;
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, size - offset));
}

}  // namespace

std::optional<Bytes> Source::read_all(std::size_t max) {
  if (size() > max) return std::nullopt;
  return read_range(0, static_cast<std::size_t>(size()));
}

Bytes Source::read_range(std::uint64_t offset, std::size_t length) {
  Bytes bytes(available(offset, length, size()));
  bytes.resize(read_at(offset, bytes));
  return bytes;
}

std::size_t FileSource::read_at(std::uint64_t offset, ByteSpan into) noexcept {
  const std::size_t wanted = available(offset, into.size(), length_);
  std::size_t done = 0;
  while (done < wanted) {
    const ssize_t count =
        pread(fd_, into.data() + done, wanted - done, static_cast<off_t>(offset_ + offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

std::size_t MemorySource::read_at(std::uint64_t offset, ByteSpan into) noexcept {
  const std::size_t count = available(offset, into.size(), bytes_.size());
  if (count > 0) std::memcpy(into.data(), bytes_.data() + offset, count);
  return count;
}

RangeSource::RangeSource(Source& whole, std::uint64_t offset, std::uint64_t length) noexcept
    : whole_(whole),
      offset_(std::min(offset, whole.size())),
      length_(std::min(length, whole.size() - offset_)) {}

std::size_t RangeSource::read_at(std::uint64_t offset, ByteSpan into) noexcept {
  const std::size_t count = available(offset, into.size(), length_);
  return whole_.read_at(offset_ + offset, into.first(count));
}

}  // namespace coffer::media
