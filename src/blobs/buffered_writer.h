// What writers of every store do with their memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>

#include "base/bytes.h"
#include "blobs/blob_store.h"
#include "blobs/buffer_pool.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs {

// Lends one buffer a time to be filled: short at first, longer for a client that fills it before
// the patience ends. A store says where buffers come from and where full ones go.
class BufferedWriter : public BlobWriter {
 public:
  Task<std::expected<ByteSpan, Refusal>> prepare(InputStream& client) final;
  bool is_prepared() const noexcept final { return static_cast<bool>(filling_); }
  void advance(std::size_t count) final;
  std::chrono::milliseconds patience() const noexcept final;
  void set_aside() final;

 protected:
  // `budget` outlives it.
  explicit BufferedWriter(const UploadBudget& budget) noexcept : budget_(budget) {}

  // How long the buffer that is being filled, or the next one, may become: a multiple of kAlignment
  // from kFirstBytes to kBufferBytes.
  virtual std::size_t max_buffer() const noexcept { return kBufferBytes; }
  // The next buffer to fill: of `bytes`, or of kFirstBytes.
  virtual Task<std::expected<Buffer, Refusal>> next_buffer(std::size_t bytes,
                                                           InputStream& client) = 0;
  // The first `count` bytes of the buffer are the next of the blob. Where more follow, they are
  // whole blocks of kAlignment.
  virtual void submit(Buffer buffer, std::size_t count) = 0;

  // Bytes that were filled in and not submitted. They stand first in take_filled().
  std::size_t filled() const noexcept { return filling_ ? filled_ : 0; }
  // The buffer that is being filled; none where is_prepared() says so.
  Buffer take_filled() noexcept;
  // Whether bytes wait for a buffer to stand in.
  bool is_aside() const noexcept { return !aside_.empty(); }

 private:
  const UploadBudget& budget_;
  Buffer filling_;
  std::chrono::steady_clock::time_point lent_at_;  // of filling_
  std::size_t filled_ = 0;                         // of filling_
  Bytes aside_;           // what stands before the next buffer's bytes, less than kAlignment
  bool is_fast_ = false;  // a buffer was filled, and nothing set aside since
};

}  // namespace coffer::blobs
