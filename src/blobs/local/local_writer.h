// The local store's writer: a pipeline of two buffers, one being filled and hashed on the serving
// core while the other is written on an I/O thread. Hashing takes a core as long as receiving
// does, so it is done where the bytes are in the cache, and the thread is left to wait for the
// disk.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/hash.h"
#include "blobs/blob_store.h"
#include "blobs/local/store_context.h"

namespace coffer::blobs {

class LocalWriter final : public BlobWriter {
 public:
  // `context` outlives the writer. REQUIRES: called on the executor that will use it.
  LocalWriter(StoreContext& context, UploadBudget::Share share);
  ~LocalWriter() override;

  Task<std::expected<ByteSpan, Refusal>> prepare(InputStream& client) override;
  bool is_prepared() const noexcept override { return static_cast<bool>(filling_); }
  void advance(std::size_t count) override;
  std::chrono::milliseconds patience() const noexcept override;
  void set_aside() override;
  Task<std::shared_ptr<DurableBlob>> seal() override;

 private:
  class Pipeline;
  class LocalDurableBlob;

  // Of the buffer's first bytes.
  void hash(std::size_t count);
  // Has the buffer's first bytes, which are whole blocks of the disk, written.
  void submit(std::size_t count);

  StoreContext& context_;
  UploadBudget::Share share_;
  std::shared_ptr<Pipeline> pipeline_;
  Buffer filling_;
  std::chrono::steady_clock::time_point lent_at_;  // of filling_
  std::size_t filled_ = 0;
  Bytes aside_;                 // what stands before the next buffer's bytes, less than kAlignment
  bool is_fast_ = false;        // a buffer was filled, and nothing set aside since
  std::uint64_t size_ = 0;      // of what was submitted
  std::optional<Sha256> hash_;  // of the same
};

}  // namespace coffer::blobs
