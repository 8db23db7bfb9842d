// The local store's writer: a pipeline of two buffers, one being filled and hashed on the serving
// core while the other is written on an I/O thread. Hashing takes a core as long as receiving
// does, so it is done where the bytes are in the cache, and the thread is left to wait for the
// disk.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/hash.h"
#include "blobs/buffered_writer.h"
#include "blobs/local/store_context.h"

namespace coffer::blobs {

class LocalWriter final : public BufferedWriter {
 public:
  // `context` outlives the writer. REQUIRES: called on the executor that will use it.
  LocalWriter(StoreContext& context, UploadBudget::Share share);
  ~LocalWriter() override;

  Task<std::shared_ptr<DurableBlob>> seal() override;

 private:
  class Pipeline;
  class LocalDurableBlob;

  Task<std::expected<Buffer, Refusal>> next_buffer(std::size_t bytes, InputStream& client) override;
  void submit(Buffer buffer, std::size_t count) override;
  void hash(ByteView data);

  UploadBudget::Share share_;
  std::shared_ptr<Pipeline> pipeline_;
  std::uint64_t size_ = 0;      // of what was submitted
  std::optional<Sha256> hash_;  // of the same
};

}  // namespace coffer::blobs
