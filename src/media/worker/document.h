// Documents, of which facts alone are told.
#pragma once

#include <optional>

#include "media/protocol/facts.h"
#include "media/worker/source.h"

namespace coffer::media {

// Nothing unless it begins as a PDF. Its pages are counted by reading, not by running it; where
// they are encrypted or the file is very large, their number stays unknown.
std::optional<Facts> read_document(Source& source);

}  // namespace coffer::media
