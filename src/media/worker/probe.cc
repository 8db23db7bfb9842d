#include "media/worker/probe.h"

#include <expected>
#include <memory>
#include <utility>

#include "media/worker/document.h"
#include "media/worker/encode.h"
#include "media/worker/film.h"
#include "media/worker/optimize.h"
#include "media/worker/spent.h"
#include "media/worker/still.h"
#include "media/worker/why_unread.h"

namespace coffer::media {
namespace {

Facts facts_of(const StillHead& head) {
  Facts facts;
  facts.kind = Kind::kImage;
  const bool swapped = swaps_edges(head.orientation);
  if (head.width > 0 && head.height > 0 && head.width <= kMaxEdge && head.height <= kMaxEdge) {
    facts.width = swapped ? head.height : head.width;
    facts.height = swapped ? head.width : head.height;
  }
  facts.codec = head.codec;
  facts.colour_space = head.colour_space;
  facts.taken_at = head.exif.taken_at;
  facts.location = head.exif.location;
  facts.camera_make = head.exif.make;
  facts.camera_model = head.exif.model;
  facts.title = head.exif.title;
  facts.artist = head.exif.artist;
  return facts;
}

class JobRunner {
 public:
  JobRunner(const Request& request, FrameSink& sink) : request_(request), sink_(sink) {}

  void run(Source& file) {
    if (file.size() == 0) return fail(Failure::kDamaged);
    if (request_.job == Job::kOptimize) return answer(optimize_picture(file, request_));
    const auto still = open_still(file);
    if (!still) {
      return fail(still.error() == Failure::kUnsupported ? why_unread(file) : still.error());
    }
    if (*still != nullptr) {
      tell(facts_of((*still)->head()));
      return answer(still_picture(**still, request_));
    }
    if (const auto document = read_document(file)) {
      tell(*document);
      return fail(Failure::kNoPicture);
    }
    const auto film = Film::open(file);
    if (!film) {
      return fail(film.error() == Failure::kUnsupported ? why_unread(file) : film.error());
    }
    if (request_.job == Job::kProbe) tell((*film)->facts());
    answer((*film)->picture(request_));
  }

 private:
  void tell(const Facts& facts) {
    if (request_.job != Job::kProbe) return;
    // Whatever is out of range is as good as not there.
    Facts kind_alone;
    kind_alone.kind = facts.kind;
    sink_.send(facts_frame(is_valid(facts) ? facts : kind_alone));
  }

  void answer(const std::expected<Raster, Failure>& raster) {
    if (!raster) return fail(raster.error());
    answer(encode_picture(*raster, request_.format, request_.quality));
  }

  void answer(const std::expected<Picture, Failure>& picture) {
    if (!picture) return fail(picture.error());
    if (picture->bytes.size() > request_.max_picture_bytes) return fail(Failure::kTooLarge);
    sink_.send(picture_frame(*picture));
    sink_.send(end_frame());
  }

  void fail(Failure failure) {
    sink_.send(failure_frame(failure));
    sink_.send(end_frame());
  }

  const Request& request_;
  FrameSink& sink_;
};

}  // namespace

void run_job(const Request& request, Source& file, FrameSink& sink) {
  start_clock(request.patience_millis);
  JobRunner(request, sink).run(file);
}

}  // namespace coffer::media
