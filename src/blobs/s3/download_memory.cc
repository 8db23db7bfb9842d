#include "blobs/s3/download_memory.h"

#include <limits>
#include <memory>
#include <utility>

namespace coffer::blobs::s3 {
namespace {

struct LentMemory {
  UploadBudget::Share share;
  UploadBudget::Charge charge;
};

}  // namespace

DownloadMemory::DownloadMemory(const Options& options)
    : budget_({.bytes = options.bytes,
               .max_request = kMaxBytes,
               .max_wait = options.max_wait,
               .max_uploads = std::numeric_limits<std::size_t>::max()}) {}

Task<std::optional<ReaderMemory>> DownloadMemory::take(ContentReader reader, std::size_t bytes) {
  std::optional<UploadBudget::Share> share = budget_.open(std::move(reader.owner));
  auto charge = co_await budget_.take(*share, bytes, reader.client);
  if (!charge) co_return std::nullopt;
  LentMemory lent{.share = std::move(*share), .charge = std::move(*charge)};
  co_return std::make_shared<const LentMemory>(std::move(lent));
}

}  // namespace coffer::blobs::s3
