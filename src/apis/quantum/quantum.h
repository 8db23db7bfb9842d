// The Quantum Storage dialect (docs/api/quantum.md).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apis/gateway/dialect.h"

namespace coffer::apis::quantum {

// The packages of this machine for which there is a newer version, as far as is known. Called on
// the serving cores: must not block.
using UpgradablePackages = std::function<std::vector<std::string>()>;

std::unique_ptr<Dialect> make(UpgradablePackages packages);

}  // namespace coffer::apis::quantum
