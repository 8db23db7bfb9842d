// One job, from its file to its answer.
#pragma once

#include "media/protocol/reply.h"
#include "media/worker/source.h"

namespace coffer::media {

// Whoever receives the frames of the answer, in their order. Throws where it cannot.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void send(ByteView frame) = 0;
};

// Looks into the file and answers. Facts are sent before pixels are decoded, so that they stay
// where the decoder fails. Throws std::bad_alloc, and what the sink throws.
void run_job(const Request& request, Source& file, FrameSink& sink);

}  // namespace coffer::media
