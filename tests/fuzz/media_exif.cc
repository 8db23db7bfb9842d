// EXIF and raw files, dates and places, as the media worker reads them.
#include "media/worker/dates.h"
#include "media/worker/exif.h"

#include "fuzz.h"

using namespace coffer;
using namespace coffer::media;

COFFER_FUZZ(input) {
  const ByteView view = as_bytes(input.rest());
  MemorySource source(Bytes(view.begin(), view.end()));
  Facts facts;
  if (const auto exif = read_exif(source)) {
    COFFER_CHECK(exif->orientation >= 1 && exif->orientation <= 8);
    facts.taken_at = exif->taken_at;
    facts.location = exif->location;
    facts.camera_make = exif->make;
    facts.camera_model = exif->model;
    facts.title = exif->title;
    facts.artist = exif->artist;
  }
  COFFER_CHECK(is_valid(facts));
  if (const auto raw = read_raw_file(source)) COFFER_CHECK(raw->previews.size() <= 128);
  if (const auto moment = parse_moment(input.rest())) {
    facts.taken_at = moment;
    COFFER_CHECK(is_valid(facts));
  }
  if (const auto place = parse_iso6709(input.rest())) {
    facts.location = place;
    COFFER_CHECK(is_valid(facts));
  }
}
