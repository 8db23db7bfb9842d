// A blob on its way from an upload into the bucket.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/hash.h"
#include "blobs/buffered_writer.h"
#include "blobs/places.h"
#include "blobs/s3/object_upload.h"
#include "blobs/upload_memory.h"

namespace coffer::blobs::s3 {

// What writers share. Outlives them.
struct WriterContext {
  const Clock& clock;
  UploadMemory& memory;
  UploadContext& uploads;
};

// Fills buffers, which an I/O thread writes into the scratch file of the object's upload: one is
// filled while the one before it is written.
class S3Writer final : public BufferedWriter {
 public:
  S3Writer(WriterContext& context, UploadBudget::Share share,
           std::shared_ptr<const Places::Holder> holder);

  Task<std::shared_ptr<DurableBlob>> seal() override;

 private:
  std::size_t max_buffer() const noexcept override;
  Task<std::expected<Buffer, Refusal>> next_buffer(std::size_t bytes, InputStream& client) override;
  void submit(Buffer buffer, std::size_t count) override;

  WriterContext& context_;
  UploadBudget::Share share_;
  const std::shared_ptr<const Places::Holder> holder_;
  ObjectUpload upload_;
  Sha256 hash_;
};

}  // namespace coffer::blobs::s3
