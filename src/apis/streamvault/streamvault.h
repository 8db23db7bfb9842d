// The StreamVault dialect (docs/api/streamvault.md).
#pragma once

#include <memory>
#include <vector>

#include "apis/gateway/dialect.h"

namespace coffer::apis::streamvault {

// All of it at /storage, and its version 4 also at /api/v4.
std::vector<std::unique_ptr<Dialect>> make();

}  // namespace coffer::apis::streamvault
