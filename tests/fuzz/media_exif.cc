// EXIF and raw files, documents, dates, places and texts, as the media worker reads them.
#include "media/worker/canon_raw.h"
#include "media/worker/dates.h"
#include "media/worker/document.h"
#include "media/worker/exif.h"
#include "media/worker/fact_text.h"
#include "media/worker/heif_turn.h"
#include "media/worker/jxl_exif.h"
#include "media/worker/png_exif.h"

#include "fuzz.h"

using namespace coffer;
using namespace coffer::media;

COFFER_FUZZ(input) {
  const std::string_view text = input.rest();
  const ByteView view = as_bytes(text);
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
  if (const auto canon = read_canon_raw(source)) COFFER_CHECK(canon->raw.previews.size() <= 1);
  if (const auto document = read_document(source)) COFFER_CHECK(is_valid(*document));
  if (const auto size = size_behind_turn(source, 1))
    COFFER_CHECK(size == size_behind_turn(source, 1));
  COFFER_CHECK(read_jxl_exif(source).size() <= (1u << 20));
  COFFER_CHECK(read_png_exif(source).size() <= (2u << 20));
  facts.album = fact_text(text);
  COFFER_CHECK(is_valid(facts));
  if (const auto moment = parse_moment(text)) {
    facts.taken_at = moment;
    COFFER_CHECK(is_valid(facts));
  }
  if (const auto place = parse_iso6709(text)) {
    facts.location = place;
    COFFER_CHECK(is_valid(facts));
  }
}
