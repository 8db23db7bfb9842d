#include "blobs/blob_store.h"

#include <algorithm>

namespace coffer::blobs {
namespace {

// Whose bytes are at hand: it waits as long as it takes.
class NoClient final : public InputStream {
 public:
  Task<std::expected<std::size_t, StreamFault>> read(ByteSpan) override { co_return 0; }
};

}  // namespace

Task<void> BlobWriter::write(ByteView data) {
  NoClient client;
  while (!data.empty()) {
    const auto space = co_await prepare(client);
    if (!space) throw Error("no memory for a blob");
    const std::size_t count = std::min(space->size(), data.size());
    std::copy_n(data.begin(), count, space->begin());
    advance(count);
    data = data.subspan(count);
  }
}

Task<BlobInfo> BlobWriter::finish() {
  const std::shared_ptr<DurableBlob> durable_blob = co_await seal();
  co_return co_await durable_blob->reached();
}

}  // namespace coffer::blobs
