// The Media Vault dialect (api/mediavault.md, contract section 4): the native API.
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::mediavault {

// REQUIRES: `clock` outlives it.
std::unique_ptr<Dialect> make(const Clock& clock);

}  // namespace coffer::apis::mediavault
