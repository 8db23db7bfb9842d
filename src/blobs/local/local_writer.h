// The local store's writer: a pipeline of two buffers, one being filled on the serving core
// while the other is hashed and written on an I/O thread.
#pragma once

#include <cstddef>
#include <memory>

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
  Task<BlobInfo> finish() override;

 private:
  class Pipeline;

  std::shared_ptr<Pipeline> pipeline_;
  Buffer filling_;
  std::size_t filled_ = 0;
  bool has_submitted_ = false;
};

}  // namespace coffer::blobs
