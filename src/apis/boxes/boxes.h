// The Boxes dialect (api/boxes.md, contract section 7).
#pragma once

#include <memory>

#include "apis/gateway/dialect.h"

namespace coffer::apis::boxes {

std::unique_ptr<Dialect> make();

}  // namespace coffer::apis::boxes
