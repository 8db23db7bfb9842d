#include "media/worker/probe.h"

#include <expected>
#include <memory>
#include <utility>

#include "media/worker/document.h"
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

void look_into(const Request& request, Source& file, Answer& answer) {
  if (file.size() == 0) return answer.fail(Failure::kDamaged);
  if (request.job == Job::kOptimize) return answer.end(optimize_picture(file, request));
  const auto still = open_still(file);
  if (!still) {
    return answer.fail(still.error() == Failure::kUnsupported ? why_unread(file) : still.error());
  }
  if (*still != nullptr) {
    answer.tell(facts_of((*still)->head()));
    return answer.end(still_picture(**still, request));
  }
  if (const auto document = read_document(file)) {
    answer.tell(*document);
    return answer.fail(Failure::kNoPicture);
  }
  const auto film = Film::open(file);
  if (!film) {
    return answer.fail(film.error() == Failure::kUnsupported ? why_unread(file) : film.error());
  }
  if (request.job == Job::kProbe) answer.tell((*film)->facts());
  answer.end((*film)->picture(request));
}

}  // namespace

void run_job(const Request& request, Source& file, FrameSink& sink) {
  start_clock(request.patience_millis);
  Answer answer(request, sink);
  look_into(request, file, answer);
}

}  // namespace coffer::media
