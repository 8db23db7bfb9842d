// Stores that have some of their blobs in memory.
#pragma once

#include <memory>

#include "base/stream.h"
#include "base/task.h"
#include "blobs/blob_store.h"
#include "blobs/place.h"

namespace coffer::blobs {

// A second base of such a store. Threads: as BlobStore.
class CachingStore {
 public:
  virtual ~CachingStore() = default;

  // As BlobStore::open(), with bytes that come from where they are kept: for whoever finds out
  // whether they are there.
  virtual Task<std::shared_ptr<const Content>> open_uncached(BlobRef blob) = 0;
};

// The same of any store.
inline Task<std::shared_ptr<const Content>> open_uncached(BlobStore& store, BlobRef blob) {
  auto* const caching = dynamic_cast<CachingStore*>(&store);
  return caching ? caching->open_uncached(blob) : store.open(blob);
}

}  // namespace coffer::blobs
