// The Media Vault dialect (api/mediavault.md, contract section 4): the native API.
#pragma once

#include <cstdint>
#include <memory>

#include "apis/common/dialect.h"

namespace coffer::apis::mediavault {

struct Options {
  std::uint64_t max_upload_bytes = kNoLimit;  // of one request's body
};

std::unique_ptr<Dialect> make(Options options);

}  // namespace coffer::apis::mediavault
