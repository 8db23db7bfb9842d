#include "blobs/s3/s3_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "blobs/buffer_pool.h"
#include "blobs/places.h"
#include "blobs/s3/background.h"
#include "blobs/s3/object_upload.h"
#include "blobs/s3/s3_content.h"
#include "blobs/s3/s3_writer.h"
#include "blobs/upload_budget.h"

namespace coffer::blobs::s3 {
namespace {

// Stays allocated between uploads.
constexpr std::size_t kIdleBytes = std::size_t{8} * 1024 * 1024;
// A bucket does not say what it still holds: a pebibyte.
constexpr std::uint64_t kEndless = std::uint64_t{1} << 50U;

class S3Store final : public BlobStore {
 public:
  explicit S3Store(const StoreOptions& options)
      : ledger_(options.ledger),
        credentials_(options.credentials),
        places_(*ledger_, options.entropy),
        http_(options.http),
        client_(http_, *credentials_, options.clock, options.entropy, options.bucket),
        reading_http_(options.http),
        reader_(reading_http_, *credentials_, options.clock, options.entropy, options.bucket),
        budget_({.bytes = options.memory_budget,
                 .max_request = kBufferBytes,
                 .max_wait = options.memory_wait,
                 .max_uploads = options.max_uploads}),
        buffers_(std::min(kIdleBytes, options.memory_budget)),
        uploads_{.client = client_,
                 .background = background_,
                 .io = io_,
                 .folder = options.scratch_folder,
                 .part_bytes = options.part_bytes},
        writers_{.clock = options.clock,
                 .budget = budget_,
                 .buffers = buffers_,
                 .uploads = uploads_,
                 .prefix = options.prefix},
        io_("blobs", options.io_threads) {}

  bool keeps_places() const noexcept override { return true; }

  Task<std::unique_ptr<BlobWriter>> create(std::optional<std::uint64_t> /*expected_size*/,
                                           std::string owner) override {
    auto share = budget_.open(std::move(owner));
    if (!share) co_return nullptr;
    auto holder = co_await places_.take();
    co_return std::make_unique<S3Writer>(writers_, std::move(*share), std::move(holder));
  }

  Task<std::shared_ptr<const Content>> open(BlobRef blob) override {
    if (blob.place.empty()) co_return nullptr;
    co_return std::make_shared<const S3Content>(reader_, key_of(writers_.prefix, blob.place),
                                                blob.size);
  }

  std::unique_ptr<Removal> begin_removal() override { return std::make_unique<S3Removal>(*this); }

  Task<std::vector<Listed>> list(std::optional<Sha256Digest> /*after*/,
                                 std::size_t /*limit*/) override {
    co_return std::vector<Listed>();
  }

  Task<bool> remove_leftovers(std::size_t limit) override {
    const Places::Abandoned abandoned = co_await places_.abandoned(limit);
    for (const Place& place : abandoned.places) {
      co_await client_.abort_uploads(key_of(writers_.prefix, place));
      co_await remove(place);
    }
    co_return !abandoned.is_end;
  }

  UploadBudget::Load memory_load() const override { return budget_.load(); }

  Task<void> check_present() override { co_await client_.check(); }

  Task<std::uint64_t> free_bytes() override { co_return kEndless; }

 private:
  class S3Removal final : public Removal {
   public:
    explicit S3Removal(S3Store& store) : store_(store) {}
    Task<bool> remove(BlobRef blob) override {
      if (!blob.place.empty()) co_await store_.remove(blob.place);
      co_return true;
    }

   private:
    S3Store& store_;
  };

  Task<void> remove(Place place) {
    co_await client_.remove(key_of(writers_.prefix, place));
    std::vector<Place> gone(1, place);
    co_await ledger_->remove(std::move(gone));
  }

  const std::shared_ptr<PlaceLedger> ledger_;
  const std::shared_ptr<CredentialSource> credentials_;
  Places places_;
  http::UpstreamClient http_;
  Client client_;
  // Connections of their own for what is read: slow readers hold theirs for long.
  http::UpstreamClient reading_http_;
  Client reader_;
  UploadBudget budget_;
  BufferPool buffers_;
  UploadContext uploads_;
  WriterContext writers_;
  // Last, so that what is under way has ended before the rest goes.
  ThreadPool io_;
  Background background_;
};

}  // namespace

std::unique_ptr<BlobStore> open_s3_store(const StoreOptions& options) {
  return std::make_unique<S3Store>(options);
}

}  // namespace coffer::blobs::s3
