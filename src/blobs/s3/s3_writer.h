// A blob on its way from an upload into the bucket.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/hash.h"
#include "blobs/blob_store.h"
#include "blobs/buffer_pool.h"
#include "blobs/places.h"
#include "blobs/s3/object_upload.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs::s3 {

// What writers share. Outlives them.
struct WriterContext {
  const Clock& clock;
  UploadBudget& budget;
  BufferPool& buffers;
  UploadContext& uploads;
  std::string prefix;
};

// `blobs/` and the place in hexadecimal, with that prefix.
std::string key_of(const std::string& prefix, const Place& place);

// Fills one buffer a time, which an I/O thread writes into the scratch file of the object's upload.
class S3Writer final : public BlobWriter {
 public:
  S3Writer(WriterContext& context, UploadBudget::Share share,
           std::shared_ptr<const Places::Holder> holder);

  Task<std::expected<ByteSpan, Refusal>> prepare(InputStream& client) override;
  bool is_prepared() const noexcept override { return static_cast<bool>(filling_); }
  void advance(std::size_t count) override;
  std::chrono::milliseconds patience() const noexcept override;
  void set_aside() override;
  Task<std::shared_ptr<DurableBlob>> seal() override;

 private:
  // Gives the first `count` bytes of the buffer to the upload, and the buffer with them.
  void submit(std::size_t count);

  WriterContext& context_;
  UploadBudget::Share share_;
  const std::shared_ptr<const Places::Holder> holder_;
  ObjectUpload upload_;
  Sha256 hash_;
  Buffer filling_;
  std::size_t filled_ = 0;
  std::chrono::steady_clock::time_point lent_at_;
  bool is_fast_ = false;  // the client fills a buffer before its patience ends
  Bytes aside_;           // less than kAlignment, set aside
};

}  // namespace coffer::blobs::s3
