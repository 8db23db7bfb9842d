#include "blobs/s3/s3_writer.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

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

std::string key_of(const std::string& prefix, const Place& place) {
  return prefix + to_hex(place.bytes());
}

S3Writer::S3Writer(WriterContext& context, UploadBudget::Share share,
                   std::shared_ptr<const Places::Holder> holder)
    : context_(context),
      share_(std::move(share)),
      holder_(std::move(holder)),
      upload_(context.uploads, key_of(context.prefix, holder_->place())) {}

Task<std::expected<ByteSpan, Refusal>> S3Writer::prepare(InputStream& client) {
  if (!filling_) {
    // Holds no memory while it waits: what was submitted has given its buffer back.
    co_await upload_.settle();
    auto charge =
        co_await context_.budget.take(share_, is_fast_ ? kBufferBytes : kFirstBytes, client);
    if (!charge) co_return std::unexpected(charge.error());
    filling_ = context_.buffers.take(std::move(*charge));
    lent_at_ = std::chrono::steady_clock::now();
    filled_ = aside_.size();
    std::ranges::copy(aside_, filling_.span().begin());
    aside_ = Bytes();
  }
  co_return filling_.span().subspan(filled_);
}

void S3Writer::advance(std::size_t count) {
  const std::size_t size = filling_.span().size();
  if (count > size - filled_) throw std::logic_error("more than the space");
  filled_ += count;
  if (!filling_ || filled_ < size) return;
  is_fast_ = true;
  if (size == kBufferBytes || !filling_.grow()) submit(filled_);
}

std::chrono::milliseconds S3Writer::patience() const noexcept {
  using std::chrono::milliseconds;
  const auto kept = std::chrono::steady_clock::now() - lent_at_;
  const auto left = std::chrono::duration_cast<milliseconds>(context_.budget.patience() - kept);
  return std::max(left, milliseconds::zero());
}

void S3Writer::set_aside() {
  is_fast_ = false;
  if (!filling_) return;
  const std::size_t whole = filled_ / kAlignment * kAlignment;
  const ByteView rest = filling_.span().subspan(whole, filled_ - whole);
  aside_.assign(rest.begin(), rest.end());
  if (whole == 0) return filling_.release();
  submit(whole);
}

Task<std::shared_ptr<DurableBlob>> S3Writer::seal() {
  if (!aside_.empty()) throw std::logic_error("bytes were set aside");
  BlobInfo info;
  if (upload_.size() == 0) {
    // All of it is here: no file is needed.
    info.size = filling_ ? filled_ : 0;
    auto body = std::make_shared<const BufferBody>(std::move(filling_), info.size);
    info.digest = Sha256::of(body->bytes());
    Payload payload;
    payload.digest = info.digest;
    payload.body = std::move(body);
    co_await context_.uploads.client.put(key_of(context_.prefix, holder_->place()),
                                         std::move(payload));
  } else {
    if (filling_ && filled_ > 0) submit(filled_);
    filling_.release();
    co_await upload_.finish();
    info.digest = hash_.finish();
    info.size = upload_.size();
  }
  info.new_at = context_.clock.now();
  co_return std::make_shared<StoredBlob>(info, holder_);
}

void S3Writer::submit(std::size_t count) {
  const auto kept = std::make_shared<Buffer>(std::move(filling_));
  const ByteView data = kept->span().first(count);
  hash_.update(data);
  upload_.submit(kept, data);
}

}  // namespace coffer::blobs::s3
