// What a share token shows to people: pages without script.
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::pages {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::pages
