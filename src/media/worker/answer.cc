#include "media/worker/answer.h"

#include "media/worker/encode.h"

namespace coffer::media {

void Answer::tell(const Facts& facts) {
  if (request_.job != Job::kProbe) return;
  // Whatever is out of range is as good as not there.
  Facts kind_alone;
  kind_alone.kind = facts.kind;
  sink_.send(facts_frame(is_valid(facts) ? facts : kind_alone));
}

void Answer::end(const std::expected<Raster, Failure>& raster) {
  if (!raster) return fail(raster.error());
  end(encode_picture(*raster, request_.format, request_.quality));
}

void Answer::end(const std::expected<Picture, Failure>& picture) {
  if (!picture) return fail(picture.error());
  if (picture->bytes.size() > request_.max_picture_bytes) return fail(Failure::kTooLarge);
  sink_.send(picture_frame(*picture));
  sink_.send(end_frame());
}

void Answer::fail(Failure failure) {
  sink_.send(failure_frame(failure));
  sink_.send(end_frame());
}

}  // namespace coffer::media
