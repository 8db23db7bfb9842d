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
#include "blobs/local/core.h"

namespace coffer::blobs {

class LocalWriter final : public BlobWriter {
 public:
  // `core` outlives the writer. REQUIRES: called on the executor that will use it.
  explicit LocalWriter(Core& core);
  ~LocalWriter() override;

  Task<ByteSpan> room() override;
  void advance(std::size_t count) override;
  Task<std::shared_ptr<Landing>> hand_over() override;

 private:
  class Pipeline;
  class LocalLanding;

  // Of the buffer's first bytes.
  void hash(std::size_t count);

  std::shared_ptr<Pipeline> pipeline_;
  Buffer filling_;
  std::size_t filled_ = 0;
  std::optional<Sha256> hash_;  // of what was submitted
};

}  // namespace coffer::blobs
