// One job of coffer-media, from its file to its answer.
#pragma once

#include "media/worker/answer.h"
#include "media/worker/source.h"

namespace coffer::media {

// Looks into the file and answers. Facts are sent before pixels are decoded, so that they stay
// where the decoder fails. Throws std::bad_alloc, and what the sink throws.
void run_job(const Request& request, Source& file, FrameSink& sink);

}  // namespace coffer::media
