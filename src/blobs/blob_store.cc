#include "blobs/blob_store.h"

#include <algorithm>

namespace coffer::blobs {

Task<void> BlobWriter::write(ByteView data) {
  while (!data.empty()) {
    const ByteSpan space = co_await room();
    const std::size_t count = std::min(space.size(), data.size());
    std::copy_n(data.begin(), count, space.begin());
    advance(count);
    data = data.subspan(count);
  }
}

Task<BlobInfo> BlobWriter::finish() {
  const std::shared_ptr<Landing> landing = co_await hand_over();
  co_return co_await landing->reached();
}

}  // namespace coffer::blobs
