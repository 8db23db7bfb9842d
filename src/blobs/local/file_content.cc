#include "blobs/local/file_content.h"

#include <algorithm>
#include <array>
#include <utility>

#include "blobs/local/store_context.h"

namespace coffer::blobs {
namespace {

// What is no longer is copied: for so few bytes that costs less than one more call of the kernel to
// send them.
constexpr std::uint64_t kCopiedBytes = 16 * 1024;

// Of a slice: so much is fetched before its first byte is sent.
constexpr std::uint64_t kSliceBytes = std::uint64_t{1024} * 1024;

// The kernel reads ahead, and drops, whole stretches: where both ends of so much are in memory,
// what lies between mostly is.
constexpr std::uint64_t kStretchBytes = std::uint64_t{128} * 1024;

}  // namespace

FileContent::FileContent(StoreContext& context, std::shared_ptr<const OpenFile> file,
                         std::uint64_t start, std::uint64_t size) noexcept
    : context_(context), file_(std::move(file)), start_(start), size_(size) {}

Task<Content::Piece> FileContent::piece(std::uint64_t offset, std::uint64_t max) const {
  const std::uint64_t from = start_ + offset;
  const std::uint64_t length = std::min({max, size_ - offset, kSliceBytes});
  if (length <= kCopiedBytes) {
    Bytes bytes(static_cast<std::size_t>(length));
    if (!context_.disk->read_if_cached(*file_, bytes, from)) {
      co_await context_.readers.run([&] { context_.disk->read(*file_, bytes, from); });
    }
    co_return bytes;
  }
  if (!is_cached(from, length)) {
    co_await context_.readers.run([this, from, length] { fetch(from, length); });
  }
  co_return FileSlice{file_->fd(), from, length};
}

bool FileContent::is_cached(std::uint64_t from, std::uint64_t length) const {
  std::byte byte{};
  const auto is_here = [&](std::uint64_t at) {
    return context_.disk->read_if_cached(*file_, {&byte, 1}, at);
  };
  const std::uint64_t end = from + length;
  for (std::uint64_t at = from; at < end; at += kStretchBytes) {
    if (!is_here(at)) return false;
  }
  return is_here(end - 1);
}

void FileContent::fetch(std::uint64_t from, std::uint64_t length) const {
  std::array<std::byte, 64 * 1024> passing;
  for (const std::uint64_t end = from + length; from < end;) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(end - from, passing.size()));
    context_.disk->read(*file_, ByteSpan(passing).first(count), from);
    from += count;
  }
}

}  // namespace coffer::blobs
