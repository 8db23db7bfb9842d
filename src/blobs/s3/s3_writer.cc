#include "blobs/s3/s3_writer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "blobs/s3/keys.h"

namespace coffer::blobs::s3 {
namespace {

// The first bytes of a buffer, which goes back with it.
class BufferBody final : public http::UpstreamBody {
 public:
  BufferBody(Buffer buffer, std::uint64_t size) : buffer_(std::move(buffer)), size_(size) {}
  ByteView bytes() const noexcept { return buffer_.span().first(size_); }
  std::uint64_t size() const noexcept override { return size_; }
  void read(ByteSpan into, std::uint64_t offset) const override {
    std::ranges::copy(bytes().subspan(offset, into.size()), into.begin());
  }

 private:
  const Buffer buffer_;
  const std::uint64_t size_;
};

// The object is there already.
class StoredBlob final : public DurableBlob {
 public:
  StoredBlob(const BlobInfo& info, std::shared_ptr<const Places::Holder> holder)
      : DurableBlob(info.digest, info.size, holder->place()),
        info_(info),
        holder_(std::move(holder)) {}

  void wait() override {}
  Task<BlobInfo> reached() override { co_return info_; }
  // Its place stands in the ledger: it goes once this lets go of it.
  void discard() noexcept override {}

 private:
  const BlobInfo info_;
  const std::shared_ptr<const Places::Holder> holder_;
};

}  // namespace

S3Writer::S3Writer(WriterContext& context, UploadBudget::Share share,
                   std::shared_ptr<const Places::Holder> holder)
    : BufferedWriter(context.memory.budget),
      context_(context),
      share_(std::move(share)),
      holder_(std::move(holder)),
      upload_(context.uploads, key_of(holder_->place()), holder_) {}

// The first one is as long as may be, since what fits in it goes from there. Two of the others
// exist at a time.
std::size_t S3Writer::max_buffer() const noexcept {
  return upload_.size() == 0 ? kBufferBytes : kBufferBytes / 2;
}

Task<std::expected<Buffer, Refusal>> S3Writer::next_buffer(std::size_t bytes, InputStream& client) {
  co_await upload_.settle();
  if (upload_.is_writing()) {
    UploadBudget::Charge second = context_.memory.budget.try_take(share_, bytes);
    if (second.bytes() > 0) co_return context_.memory.buffers.take(std::move(second));
  }
  // Holds no memory while it waits: what was submitted has given its buffer back.
  co_await upload_.written();
  auto charge = co_await context_.memory.budget.take(share_, bytes, client);
  if (!charge) co_return std::unexpected(charge.error());
  co_return context_.memory.buffers.take(std::move(*charge));
}

Task<std::shared_ptr<DurableBlob>> S3Writer::seal() {
  if (is_aside()) throw std::logic_error("bytes were set aside");
  const std::size_t tail = filled();
  Buffer buffer = take_filled();
  BlobInfo info;
  if (upload_.size() == 0) {
    // All of it is here: no file is needed.
    info.size = tail;
    auto body = std::make_shared<const BufferBody>(std::move(buffer), tail);
    info.digest = Sha256::of(body->bytes());
    Payload payload;
    payload.digest = info.digest;
    payload.body = std::move(body);
    co_await upload_.finish(std::move(payload));
  } else {
    if (tail > 0) {
      submit(std::move(buffer), tail);
    } else {
      buffer.release();
    }
    co_await upload_.finish();
    info.digest = hash_.finish();
    info.size = upload_.size();
  }
  info.new_at = context_.clock.now();
  co_return std::make_shared<StoredBlob>(info, holder_);
}

void S3Writer::submit(Buffer buffer, std::size_t count) {
  const auto kept = std::make_shared<Buffer>(std::move(buffer));
  const ByteView data = kept->span().first(count);
  hash_.update(data);
  upload_.submit(kept, data);
}

}  // namespace coffer::blobs::s3
