#include "net/transport_stream.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/bytes.h"

namespace coffer::net {
namespace {

// What is shorter goes into one record of TLS, of however many parts it is.
constexpr std::size_t kRecordBytes = 2 * 1024;

}  // namespace

void TransportStream::cut() noexcept {
  is_cut_ = true;
  boost::system::error_code ignored;  // cancelling an open socket does not fail
  socket_.cancel(ignored);
}

Transport::Step TransportStream::read(std::span<const iovec> parts) noexcept {
  const iovec& into = parts.front();
  if (unread_.empty())
    return transport_.read({static_cast<std::byte*>(into.iov_base), into.iov_len});
  const std::size_t count = std::min(unread_.size(), into.iov_len);
  std::memcpy(into.iov_base, unread_.data(), count);
  unread_.erase(0, count);
  if (unread_.empty()) unread_.shrink_to_fit();
  return {Transport::State::kDone, count};
}

Transport::Step TransportStream::write(std::span<const iovec> parts) noexcept {
  if (!transport_.secure() || parts.size() == 1) return transport_.write(parts, false);
  // TLS takes one part at a time. What it could not take yet is offered again as it was.
  std::array<std::byte, kRecordBytes> record;
  std::size_t size = 0;
  for (const iovec& part : parts) {
    const std::size_t count = std::min(part.iov_len, record.size() - size);
    std::memcpy(record.data() + size, part.iov_base, count);
    size += count;
  }
  const iovec whole{.iov_base = record.data(), .iov_len = size};
  return transport_.write({&whole, 1}, false);
}

}  // namespace coffer::net
