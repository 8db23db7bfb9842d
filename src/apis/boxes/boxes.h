// The Boxes dialect (docs/api/boxes.md).
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::boxes {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::boxes
