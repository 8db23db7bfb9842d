// How a stored blob is found again.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "base/bytes.h"
#include "base/hash.h"

namespace coffer::blobs {

// Where a store keeps a blob, in words of its own that mean nothing to anybody else. Empty for a
// store that finds blobs by their digests. Each upload gets a place that no other ever had.
class Place {
 public:
  static constexpr std::size_t kMaxBytes = 32;

  Place() noexcept = default;
  // Throws std::length_error for more than kMaxBytes.
  explicit Place(ByteView bytes) {
    if (bytes.size() > kMaxBytes) throw std::length_error("the place of a blob is too long");
    std::ranges::copy(bytes, bytes_.begin());
    size_ = static_cast<std::uint8_t>(bytes.size());
  }

  ByteView bytes() const noexcept { return ByteView(bytes_).first(size_); }
  bool empty() const noexcept { return size_ == 0; }

  // Bytewise.
  friend std::strong_ordering operator<=>(const Place& a, const Place& b) noexcept {
    const ByteView x = a.bytes();
    const ByteView y = b.bytes();
    return std::lexicographical_compare_three_way(x.begin(), x.end(), y.begin(), y.end());
  }
  friend bool operator==(const Place& a, const Place& b) noexcept {
    return std::ranges::equal(a.bytes(), b.bytes());
  }

 private:
  std::array<std::byte, kMaxBytes> bytes_{};
  std::uint8_t size_ = 0;
};

// A stored blob, as whoever refers to it knows it.
struct BlobRef {
  // All that a store without places needs.
  BlobRef(const Sha256Digest& blob_digest) noexcept : digest(blob_digest) {}
  BlobRef(const Sha256Digest& blob_digest, std::uint64_t blob_size, const Place& where) noexcept
      : digest(blob_digest), size(blob_size), place(where) {}

  Sha256Digest digest;
  std::uint64_t size = 0;  // counts beside a place only
  Place place;
};

}  // namespace coffer::blobs
