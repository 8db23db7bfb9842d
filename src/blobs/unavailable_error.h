// What a store throws whose bytes are with a service.
#pragma once

#include <string>

#include "base/unavailable.h"
#include "blobs/blob_store.h"

namespace coffer::blobs {

// The service cannot be reached, or has no time: it may have later.
class UnavailableError : public Error, public Unavailable {
 public:
  using Error::Error;
};

}  // namespace coffer::blobs
