// The Media Vault dialect (api/mediavault.md, contract section 4): the native API.
#pragma once

#include <memory>

#include "apis/common/dialect.h"

namespace coffer::apis::mediavault {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::mediavault
