// The answer to a job, in the order that the protocol wants.
#pragma once

#include <expected>

#include "media/protocol/reply.h"
#include "media/worker/pixels.h"

namespace coffer::media {

// Whoever receives the frames of the answer, in their order. Throws where it cannot.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual void send(ByteView frame) = 0;
};

// Facts at most once, then one of the others, which ends it. Both are borrowed. Every call throws
// what the sink throws.
class Answer {
 public:
  Answer(const Request& request, FrameSink& sink) : request_(request), sink_(sink) {}

  // Where the job wants facts.
  void tell(const Facts& facts);
  void end(const std::expected<Raster, Failure>& raster);
  void end(const std::expected<Picture, Failure>& picture);
  void fail(Failure failure);

 private:
  const Request& request_;
  FrameSink& sink_;
};

}  // namespace coffer::media
