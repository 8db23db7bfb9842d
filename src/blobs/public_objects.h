// Objects of a store that anybody may read at an address of the store's own.
#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "blobs/place.h"
#include "blobs/places.h"

namespace coffer::blobs {

// How a public object is served.
struct PublicForm {
  std::string extension;      // of its address, with its dot, at most 15 characters
  std::string media_type;     // `Content-Type`
  std::string cache_control;  // `Cache-Control`
};

// What stores may be able to do beside keeping blobs. A public object is a copy of a blob, with a
// place and an end of its own: it shares no bytes, so that its address lives as long as one file,
// whatever else has the same bytes. It is never overwritten, and its place never used again.
// Threads: any executor's.
class PublicObjects {
 public:
  virtual ~PublicObjects() = default;

  // Copies a stored blob; anybody can read the copy when it returns. Its place stands in the ledger
  // from before it is made until a transaction takes it out, whose row refers to the object. While
  // what is returned lives the object stays; afterwards it is removed as any other place of the
  // ledger. Throws Error, NoSpaceError or UnavailableError, and then nothing is kept. The task may
  // be destroyed while it waits. REQUIRES: the blob stays until the task has ended.
  virtual Task<std::shared_ptr<const Places::Holder>> copy(BlobRef blob, PublicForm form) = 0;

  // Where the object of a place that copy() gave is read.
  virtual std::string url(const Place& place) const = 0;
};

}  // namespace coffer::blobs
