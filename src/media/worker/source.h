// Bytes that can be read anywhere: the file of a job, or what stands inside of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"

namespace coffer::media {

// Threads: one at a time.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::uint64_t size() const noexcept = 0;
  // Up to as many bytes as `into` has from `offset` on; fewer at the end only, 0 behind it, or
  // where the machine cannot read.
  virtual std::size_t read_at(std::uint64_t offset, ByteSpan into) noexcept = 0;

  // All of them, or nothing where they are more than `max`.
  std::optional<Bytes> read_all(std::size_t max);
  // Those of a range, cut at the end.
  Bytes read_range(std::uint64_t offset, std::size_t length);
};

// The range of an open file. The descriptor is borrowed.
class FileSource final : public Source {
 public:
  FileSource(int fd, std::uint64_t offset, std::uint64_t length) noexcept
      : fd_(fd), offset_(offset), length_(length) {}
  std::uint64_t size() const noexcept override { return length_; }
  std::size_t read_at(std::uint64_t offset, ByteSpan into) noexcept override;

 private:
  const int fd_;
  const std::uint64_t offset_;
  const std::uint64_t length_;
};

class MemorySource final : public Source {
 public:
  explicit MemorySource(Bytes bytes) noexcept : bytes_(std::move(bytes)) {}
  std::uint64_t size() const noexcept override { return bytes_.size(); }
  std::size_t read_at(std::uint64_t offset, ByteSpan into) noexcept override;

 private:
  const Bytes bytes_;
};

// A range of another source, which must outlive it.
class RangeSource final : public Source {
 public:
  RangeSource(Source& whole, std::uint64_t offset, std::uint64_t length) noexcept;
  std::uint64_t size() const noexcept override { return length_; }
  std::size_t read_at(std::uint64_t offset, ByteSpan into) noexcept override;

 private:
  Source& whole_;
  const std::uint64_t offset_;
  const std::uint64_t length_;
};

}  // namespace coffer::media
